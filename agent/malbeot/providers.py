"""Speech recognition, language model and speech synthesis by name: one table each, one entry a provider.

A provider's packages are imported only when it is chosen.
"""

from collections.abc import Callable, Mapping, Sequence
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
from malbeot.voices.schema import SpeechLanguage, Voice

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


def register(settings: Settings, persona: Persona) -> None:
    """Imports the plugins that a call needs. A plugin registers itself on the main thread alone."""
    names = {"silero", settings.stt_provider, settings.tts_provider, settings.llm_provider}
    if persona.spoken_by.fallback == "polly":
        names.add("polly")
    for name in names:
        import_module(f"livekit.plugins.{_PACKAGE.get(name, name)}")


def load(settings: Settings, *, hearing: bool = True) -> Loaded:
    """Loads what the chosen providers need in this process, and holds what they share. Raises `MalbeotError`.

    Blocks, for seconds where the engine that hears is not there yet. Without `hearing` it is not asked for.
    """
    from livekit.plugins import silero

    if hearing:
        ears.hold(settings)
    return Loaded(vad=silero.VAD.load(min_silence_duration=_SILENCE_S), hearing=hearing)


def check(settings: Settings, personas: Sequence[Persona]) -> None:
    """Makes what can be made without models, so that a missing package is told before a call. Raises `MalbeotError`."""
    create_llm(settings)
    create_stt(settings, personas[0])
    for persona in personas:
        create_tts(settings, persona)


def create_stt(settings: Settings, persona: Persona) -> stt.STT[Any]:
    return _STT[settings.stt_provider](settings, persona)


def create_llm(settings: Settings) -> llm.LLM[Any]:
    return _LLM[settings.llm_provider](settings)


def keeps_prompts_warm(settings: Settings) -> bool:
    """Whether the model's server keeps a prompt it has read, and reading it beforehand costs nothing but time."""
    return settings.llm_provider == "ollama"


def create_tts(settings: Settings, persona: Persona, *, fallback: bool = True) -> tts.TTS[Any]:
    """The persona's voice. Without `fallback` nobody else speaks in its place. Raises `SettingsError`."""
    return create_voice(settings, persona.spoken_by, persona.text_lang, fallback=fallback)


def create_voice(settings: Settings, voice: Voice, text_lang: SpeechLanguage, *, fallback: bool = True) -> tts.TTS[Any]:
    """The same for any voice, whoever it speaks for."""
    return _TTS[settings.tts_provider](settings, voice, text_lang, fallback)


def _plugin(name: str, wanted_by: str, extra: str) -> ModuleType:
    try:
        return import_module(f"livekit.plugins.{name}")
    except ImportError:
        raise SettingsError(
            f"{wanted_by} needs a package that is not installed: run `pip install 'malbeot[{extra}]'`"
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
        options={"num_thread": settings.ollama_num_thread} if settings.ollama_num_thread else None,
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


def _gpt_sovits(settings: Settings, voice: Voice, text_lang: SpeechLanguage, fallback: bool) -> tts.TTS[Any]:
    from malbeot.voices import speaking

    substitute: tts.TTS[Any] | None = None
    if fallback and voice.fallback == "stand-in":
        substitute = speaking.stand_in(settings, voice, text_lang)
    elif fallback and voice.fallback == "polly":
        substitute = polly(settings, voice, f"the fallback of voice {voice.id}")
    return speaking.TTS(voice=voice, text_lang=text_lang, urls=settings.gpt_sovits_urls, fallback=substitute)


def _polly(settings: Settings, voice: Voice, _: SpeechLanguage, __: bool) -> tts.TTS[Any]:
    return polly(settings, voice, "TTS_PROVIDER=polly")


def polly(settings: Settings, voice: Voice, wanted_by: str) -> tts.TTS[Any]:
    """Amazon Polly's voice for `voice`. Raises `SettingsError`, which names `wanted_by`."""
    if not voice.polly:
        raise SettingsError(
            f"{wanted_by} needs the id of an Amazon Polly voice: add 'polly:' to voice {voice.id} in prompts/voices"
        )
    aws = _plugin("aws", wanted_by, "bedrock")
    provider: tts.TTS[Any] = aws.TTS(voice=voice.polly, region=settings.aws_region)
    return provider


async def warm_voices(settings: Settings, personas: Sequence[Persona]) -> list[str]:
    """Has the voice servers say a word with the voices of `personas`; a line for each failure."""
    if settings.tts_provider != "gpt_sovits":
        return []
    from malbeot.voices import speaking

    return await speaking.warm_up(settings, personas)


_STT: dict[str, Callable[[Settings, Persona], stt.STT[Any]]] = {"whisper": _whisper, "transcribe": _transcribe}
_LLM: dict[str, Callable[[Settings], llm.LLM[Any]]] = {"ollama": _ollama, "openai": _openai, "bedrock": _bedrock}
_TTS: dict[str, Callable[[Settings, Voice, SpeechLanguage, bool], tts.TTS[Any]]] = {
    "gpt_sovits": _gpt_sovits,
    "polly": _polly,
}
