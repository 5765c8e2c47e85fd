"""Every provider of the tables can be made; a missing package and a missing model are told."""

import sys
from pathlib import Path

import pytest
from livekit.agents import APIConnectionError, llm, stt, tts, utils
from livekit.plugins import aws, gpt_sovits, ollama, turns, whisper

from malbeot import providers
from malbeot.clips.clip import chime
from malbeot.clips.fixed import FixedSpeech
from malbeot.errors import MalbeotError, SettingsError
from malbeot.models import whisper_model
from malbeot.persona import Persona, load_personas
from malbeot.resources import resource
from malbeot.session import build_session
from malbeot.settings import Settings
from malbeot.turn_taking import TurnTaking
from malbeot_local.ollama import EMBEDDED_MODEL


@pytest.fixture(autouse=True)
def aws_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "none")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "none")


@pytest.fixture
def persona() -> Persona:
    return load_personas(resource("prompts"))["ko"]


def settings(**chosen: object) -> Settings:
    return Settings(_env_file=None, **chosen)  # type: ignore[call-arg]


async def test_ollama_is_told_the_settings() -> None:
    model = providers.create_llm(settings(ollama_model="embedded", ollama_url="http://127.0.0.1:1"))
    async with model:
        assert isinstance(model, ollama.LLM)
        assert model.model == EMBEDDED_MODEL


async def test_gpt_sovits_speaks_with_the_persona(persona: Persona) -> None:
    async with providers.create_tts(settings(), persona) as voice:
        assert isinstance(voice, gpt_sovits.TTS)
        assert voice.voice.text_lang == "ko"
        assert voice.voice.ref_audio_path == persona.spoken_by.ref_audio_path


async def test_a_call_ends_with_the_voice_that_its_fallback_belongs_to(persona: Persona) -> None:
    url = "http://127.0.0.1:1"
    async with providers.create_tts(settings(stand_in_url=url), persona) as voice:
        assert isinstance(voice, gpt_sovits.TTS)
        fallback = voice._options.fallback
    assert isinstance(fallback, gpt_sovits.TTS)
    async with utils.http_context.open():
        with pytest.raises(APIConnectionError, match="closed"):
            await fallback.pool.warm_up([voice.voice])


def spoken_by(persona: Persona, **changed: object) -> Persona:
    copy = persona.model_copy()
    copy._spoken_by = persona.spoken_by.model_copy(update=changed)
    return copy


@pytest.mark.parametrize(
    ("fallback", "stand_in_url", "kind"),
    [
        ("stand-in", "http://127.0.0.1:1", gpt_sovits.TTS),
        ("stand-in", "http://127.0.0.1:9880", type(None)),  # the stand-in is the one that speaks
        ("polly", "http://127.0.0.1:1", aws.TTS),
        ("none", "http://127.0.0.1:1", type(None)),
    ],
)
async def test_the_voice_says_who_is_its_fallback(
    persona: Persona, fallback: str, stand_in_url: str, kind: type
) -> None:
    spoken = spoken_by(persona, fallback=fallback)
    async with providers.create_tts(settings(stand_in_url=stand_in_url), spoken) as voice:
        assert isinstance(voice, gpt_sovits.TTS)
        assert isinstance(voice._options.fallback, kind)
    async with providers.create_tts(settings(stand_in_url=stand_in_url), spoken, fallback=False) as voice:
        assert isinstance(voice, gpt_sovits.TTS)
        assert voice._options.fallback is None


async def test_the_models_rate_is_the_calls(persona: Persona) -> None:
    async with providers.create_tts(settings(), spoken_by(persona, model_version="v4")) as voice:
        assert voice.sample_rate == 48000


def test_polly_needs_a_voice_of_its_own(persona: Persona) -> None:
    with pytest.raises(SettingsError, match=r"TTS_PROVIDER=polly needs the id of .*: add 'polly:' to voice dasom"):
        providers.create_tts(settings(tts_provider="polly"), spoken_by(persona, polly=None))


async def test_the_others_are_of_their_kind(persona: Persona) -> None:
    made: list[object] = [
        providers.create_llm(
            settings(llm_provider="openai", openai_model="m", openai_base_url="http://127.0.0.1:1/v1")
        ),
        providers.create_llm(settings(llm_provider="bedrock")),
        providers.create_tts(settings(tts_provider="polly"), persona),
    ]
    kinds = [llm.LLM, llm.LLM, tts.TTS]
    for provider, kind in zip(made, kinds, strict=True):
        assert isinstance(provider, kind)
        await provider.aclose()  # type: ignore[attr-defined]


async def test_transcribe(persona: Persona) -> None:
    chosen = settings(stt_provider="transcribe")
    if sys.version_info < (3, 12):
        with pytest.raises(SettingsError, match=r"needs Python 3\.12"):
            providers.create_stt(chosen, persona)
    else:
        ears = providers.create_stt(chosen, persona)
        assert isinstance(ears, stt.STT)
        await ears.aclose()


@pytest.mark.parametrize("ears_url", ["auto", "unix:/nowhere/ears.sock"])
async def test_whisper_streams_and_is_told_the_settings(persona: Persona, ears_url: str) -> None:
    async with providers.create_stt(settings(whisper_model="small", ears_url=ears_url), persona) as recogniser:
        assert isinstance(recogniser, whisper.STT)
        assert recogniser.capabilities.streaming
        assert recogniser.model == "small"


async def test_a_typed_conversation_needs_no_ears(persona: Persona, tmp_path: Path) -> None:
    chosen = settings(whisper_model=str(tmp_path / "none"))
    taking = TurnTaking(chosen, persona, FixedSpeech(chime()), None, call="test", caller="", pace=turns.Pace())
    session = build_session(chosen, persona, providers.load(chosen, hearing=False), taking, None)
    assert session.stt is None
    assert isinstance(session.tts, tts.TTS)
    assert isinstance(session.llm, llm.LLM)
    await session.tts.aclose()
    await session.llm.aclose()


def test_a_missing_package_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "livekit.plugins.openai", None)
    with pytest.raises(SettingsError, match=r"pip install 'malbeot\[openai\]'"):
        providers.create_llm(settings(llm_provider="openai", openai_model="m"))


def test_a_missing_model_is_told(tmp_path: Path) -> None:
    with pytest.raises(MalbeotError, match=str(tmp_path / "none")):
        providers.load(settings(whisper_model=str(tmp_path / "none")))


@pytest.mark.parametrize(
    ("value", "meant"), [("base", "base"), ("./models/mine", Path("models/mine")), ("org/model", "org/model")]
)
def test_which_whisper_is_meant(value: str, meant: str | Path) -> None:
    assert whisper_model(settings(whisper_model=value)) == meant
