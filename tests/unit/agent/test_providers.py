"""Every provider of the tables can be made; a missing package and a missing model are told."""

import sys
from pathlib import Path

import pytest
from livekit.agents import llm, stt, tts
from livekit.plugins import gpt_sovits, ollama, whisper

from malbeot import providers
from malbeot.errors import MalbeotError, SettingsError
from malbeot.models import whisper_model
from malbeot.persona import Persona, load_personas
from malbeot.resources import resource
from malbeot.session import build_session
from malbeot.settings import Settings
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
        assert voice.voice.ref_audio_path == persona.voice.ref_audio_path


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
    session = build_session(chosen, persona, providers.load(chosen, hearing=False))
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
