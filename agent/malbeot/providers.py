"""Speech recognition, language model and speech synthesis by name: one table each, one entry a provider.

A provider's packages are imported only when it is chosen.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any

from livekit.agents import llm, stt, tts, vad

from malbeot import ears
from malbeot.errors import SettingsError
from malbeot.models import whisper_model
from malbeot.persona import Persona
from malbeot.settings import AUTO, Settings

_PACKAGE: Mapping[str, str] = {"transcribe": "aws", "polly": "aws", "bedrock": "aws"}
_TRANSCRIBE_LANGUAGE: Mapping[str, str] = {"ko": "ko-KR", "en": "en-US"}
_SILENCE_S = 0.25
"""Silence that ends a stretch of speech: the end of the turn is judged then, and recognition is told to finish.
The shortest with which LiveKit's end-of-turn model works: it begins after 0.2 s."""


@dataclass(frozen=True)
class Loaded:
    """What a call process loads once, before its call comes."""

    vad: vad.VAD
    hearing: bool = True
    """False where the conversation is typed."""


def register(settings: Settings) -> None:
    """Imports the plugins that a call needs. A plugin registers itself on the main thread alone."""
    for name in ("silero", settings.stt_provider, settings.tts_provider, settings.llm_provider):
        import_module(f"livekit.plugins.{_PACKAGE.get(name, name)}")


def load(settings: Settings, *, hearing: bool = True) -> Loaded:
    """Loads what the chosen providers need in this process, and holds what they share. Raises `MalbeotError`.

    Blocks, for seconds where the engine that hears is not there yet. Without `hearing` it is not asked for.
    """
    from livekit.plugins import silero

    if hearing:
        ears.hold(settings)
    return Loaded(vad=silero.VAD.load(min_silence_duration=_SILENCE_S), hearing=hearing)


def check(settings: Settings, persona: Persona) -> None:
    """Makes what can be made without models, so that a missing package is told before a call. Raises `MalbeotError`."""
    create_llm(settings)
    create_tts(settings, persona)
    create_stt(settings, persona)


def create_stt(settings: Settings, persona: Persona) -> stt.STT[Any]:
    return _STT[settings.stt_provider](settings, persona)


def create_llm(settings: Settings) -> llm.LLM[Any]:
    return _LLM[settings.llm_provider](settings)


def keeps_prompts_warm(settings: Settings) -> bool:
    """Whether the model's server keeps a prompt it has read, and reading it beforehand costs nothing but time."""
    return settings.llm_provider == "ollama"


def create_tts(settings: Settings, persona: Persona) -> tts.TTS[Any]:
    return _TTS[settings.tts_provider](settings, persona)


def _plugin(name: str, setting: str, extra: str) -> ModuleType:
    try:
        return import_module(f"livekit.plugins.{name}")
    except ImportError:
        raise SettingsError(
            f"{setting} needs a package that is not installed: run `pip install 'malbeot[{extra}]'`"
        ) from None


def _whisper(settings: Settings, persona: Persona) -> stt.STT[Any]:
    from livekit.plugins import whisper

    if settings.ears_url != AUTO:
        # The engine's own model and device hold.
        address, token = settings.ears_url, ears.token_of(settings)
        return whisper.STT(model=settings.whisper_model, language=persona.language, engine=address, token=token)
    return whisper.STT(
        model=whisper_model(settings),
        language=persona.language,
        device=settings.whisper_device,
        compute_type=settings.whisper_compute_type,
    )


def _transcribe(settings: Settings, persona: Persona) -> stt.STT[Any]:
    aws = _plugin("aws", "STT_PROVIDER=transcribe", "bedrock")
    try:
        provider: stt.STT[Any] = aws.STT(region=settings.aws_region, language=_TRANSCRIBE_LANGUAGE[persona.language])
    except ImportError:
        raise SettingsError(
            "STT_PROVIDER=transcribe needs Python 3.12 or newer: Amazon's package asks for it"
        ) from None
    return provider


def _ollama(settings: Settings) -> llm.LLM[Any]:
    from livekit.plugins import ollama

    return ollama.LLM(
        model=settings.chat_model,
        base_url=settings.ollama_url,
        keep_alive=settings.ollama_keep_alive,
        num_ctx=settings.ollama_num_ctx,
        num_predict=settings.ollama_num_predict,
        temperature=settings.ollama_temperature,
        think=False,
    )


def _openai(settings: Settings) -> llm.LLM[Any]:
    openai = _plugin("openai", "LLM_PROVIDER=openai", "openai")
    key = settings.openai_api_key.get_secret_value() if settings.openai_api_key else "none"
    provider: llm.LLM[Any] = openai.LLM(model=settings.openai_model, base_url=settings.openai_base_url, api_key=key)
    return provider


def _bedrock(settings: Settings) -> llm.LLM[Any]:
    aws = _plugin("aws", "LLM_PROVIDER=bedrock", "bedrock")
    provider: llm.LLM[Any] = aws.LLM(model=settings.bedrock_model, region=settings.aws_region)
    return provider


def _gpt_sovits(settings: Settings, persona: Persona) -> tts.TTS[Any]:
    from livekit.plugins import gpt_sovits

    spoken = persona.voice
    return gpt_sovits.TTS(
        url=settings.gpt_sovits_url,
        voice=gpt_sovits.Voice(
            ref_audio_path=spoken.ref_audio_path,
            prompt_text=spoken.prompt_text,
            prompt_lang=spoken.prompt_lang,
            text_lang=spoken.text_lang,
            speed_factor=spoken.speed,
        ),
    )


def _polly(settings: Settings, persona: Persona) -> tts.TTS[Any]:
    aws = _plugin("aws", "TTS_PROVIDER=polly", "bedrock")
    provider: tts.TTS[Any] = aws.TTS(voice=persona.voice.polly, region=settings.aws_region)
    return provider


_STT: dict[str, Callable[[Settings, Persona], stt.STT[Any]]] = {"whisper": _whisper, "transcribe": _transcribe}
_LLM: dict[str, Callable[[Settings], llm.LLM[Any]]] = {"ollama": _ollama, "openai": _openai, "bedrock": _bedrock}
_TTS: dict[str, Callable[[Settings, Persona], tts.TTS[Any]]] = {"gpt_sovits": _gpt_sovits, "polly": _polly}
