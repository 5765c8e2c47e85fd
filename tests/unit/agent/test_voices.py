"""Voices are data: what a file may hold, where files are looked for, and what becomes of them."""

import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

from malbeot.errors import SettingsError
from malbeot.persona import PersonaError, load_personas
from malbeot.persona_choice import all_voices
from malbeot.resources import resource
from malbeot.settings import Settings
from malbeot.voices.schema import Voice
from malbeot.voices.source import load_voices
from malbeot.voices.speaking import server_voice

BORA = """\
id: bora
languages: [ko, en]
ref_audio_path: /srv/bora.wav
prompt_text: 안녕하세요, 반가워요.
prompt_lang: ko
aux_ref_audio_paths: [/srv/warm.wav]
gpt_weights: /srv/bora.ckpt
sovits_weights: /srv/bora.pth
model_version: v2ProPlus
speed: 0.9
streaming_mode: 2
top_k: 5
top_p: 0.9
temperature: 0.7
repetition_penalty: 1.2
seed: 7
polly: Seoyeon
fallback: polly
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "voices").mkdir()
    (tmp_path / "voices" / "bora.yaml").write_text(BORA, encoding="utf-8")
    return tmp_path


@pytest.fixture
def edit(folder: Path) -> Callable[[str, str], Path]:
    def replace(old: str, new: str) -> Path:
        assert BORA.count(old) == 1
        path = folder / "voices" / "bora.yaml"
        path.write_text(BORA.replace(old, new), encoding="utf-8")
        return path

    return replace


def test_malbeots_own_voices_speak_korean_and_english() -> None:
    voices = load_voices(resource("prompts"))
    assert {voice.id: voice.languages for voice in voices.values()} == {"dasom": ("ko",), "june": ("en",)}
    personas = load_personas(resource("prompts"))
    assert {persona.voice: persona.text_lang for persona in personas.values()} == {"dasom": "ko", "june": "en"}


def test_every_value_reaches_the_server(folder: Path) -> None:
    told = server_voice(load_voices(folder)["bora"], "en")
    assert told.request("Hi") | {"text": ""} == {
        **told.request(""),
        "text_lang": "en",
        "ref_audio_path": "/srv/bora.wav",
        "prompt_text": "안녕하세요, 반가워요.",
        "prompt_lang": "ko",
        "aux_ref_audio_paths": ["/srv/warm.wav"],
        "speed_factor": 0.9,
        "streaming_mode": 2,
        "top_k": 5,
        "top_p": 0.9,
        "temperature": 0.7,
        "repetition_penalty": 1.2,
        "seed": 7,
    }
    assert (told.gpt_weights, told.sovits_weights) == ("/srv/bora.ckpt", "/srv/bora.pth")


def test_what_is_left_out_is_as_gpt_sovits_has_it(folder: Path) -> None:
    path = folder / "voices" / "bora.yaml"
    path.write_text("\n".join(BORA.splitlines()[:5]) + "\n", encoding="utf-8")
    told = server_voice(load_voices(folder)["bora"], "ko")
    bare = type(told)(ref_audio_path="/srv/bora.wav", prompt_text=told.prompt_text, prompt_lang="ko", text_lang="ko")
    assert told == bare


@pytest.mark.parametrize(
    ("version", "rate_hz"), [("v1", 32000), ("v2", 32000), ("v2Pro", 32000), ("v3", 24000), ("v4", 48000)]
)
def test_a_models_version_tells_its_rate(version: str, rate_hz: int) -> None:
    fields = {"id": "a", "languages": ["en"], "ref_audio_path": "a.wav", "prompt_text": "Hi.", "prompt_lang": "en"}
    assert Voice.model_validate({**fields, "model_version": version}).sample_rate_hz == rate_hz
    assert Voice.model_validate(fields).sample_rate_hz == 32000


@pytest.mark.parametrize(
    ("languages", "language", "expected"),
    [
        (["ko", "en"], "en", "en"),
        (["auto", "all_ko"], "ko", "all_ko"),
        (["en", "auto"], "ko", "auto"),
        (["en"], "ko", None),
        (["yue"], "zh", None),
    ],
)
def test_a_voice_speaks_a_personas_language_as_nearly_as_it_can(
    languages: list[str], language: str, expected: str | None
) -> None:
    voice = Voice.model_validate(
        {"id": "a", "languages": languages, "ref_audio_path": "a.wav", "prompt_text": "Hi.", "prompt_lang": "en"}
    )
    assert voice.text_lang(language) == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param("id: bora\n", "", "1: id: is missing; add 'id:'", id="missing"),
        pytest.param("prompt_lang: ko", "prompt_lang: KO", "5: prompt_lang: must be one of 'ko', ", id="language"),
        pytest.param("languages: [ko, en]", "languages: []", "2: languages: must not be empty", id="no-language"),
        pytest.param("languages: [ko, en]", "languages: ko", "2: languages: must be a list, but is text", id="no-list"),
        pytest.param("[ko, en]", "[ko, eng]", "2: languages.2: must be one of 'ko', ", id="unknown-language"),
        pytest.param("speed: 0.9", "speed: 0", "10: speed: input should be greater than or equal to 0.5", id="speed"),
        pytest.param("streaming_mode: 2", "streaming_mode: 4", "11: streaming_mode: must be one of 0, 1", id="mode"),
        pytest.param("top_k: 5", "top_k: 0", "12: top_k: input should be greater than or equal to 1", id="top-k"),
        pytest.param("top_p: 0.9", "top_p: 1.1", "13: top_p: input should be less than or equal to 1", id="top-p"),
        pytest.param("temperature: 0.7", "temperature: hot", "14: temperature: must be a number", id="temperature"),
        pytest.param("seed: 7", "seed: 1.5", "16: seed: ", id="seed"),
        pytest.param("fallback: polly", "fallback: siri", "18: fallback: must be one of 'stand-in', ", id="fallback"),
        pytest.param(
            "top_p: 0.9", "topp: 0.9", "13: topp: is not a field of a voice; did you mean 'top_p'?", id="typo"
        ),
        pytest.param("model_version: v2ProPlus", "model_version: v5", "9: model_version: must be one of", id="version"),
        pytest.param(
            "sovits_weights: /srv/bora.pth\n",
            "",
            "7: gpt_weights: stands without 'sovits_weights:'; name both, or neither",
            id="half-of-the-weights",
        ),
        pytest.param(
            "gpt_weights: /srv/bora.ckpt\n", "", "7: sovits_weights: stands without 'gpt_weights:'", id="other-half"
        ),
        pytest.param(
            "polly: Seoyeon\n", "", "17: fallback: is polly, but there is no 'polly:'", id="fallback-without-its-voice"
        ),
        pytest.param(
            "model_version: v2ProPlus",
            "model_version: v1",
            "2: languages: has ko, which model version v1 lacks",
            id="a-language-the-version-lacks",
        ),
    ],
)
def test_a_mistake_is_one_line(
    folder: Path, edit: Callable[[str, str], Path], old: str, new: str, expected: str
) -> None:
    path = edit(old, new)
    with pytest.raises(PersonaError) as caught:
        load_voices(folder)
    assert str(caught.value).startswith(f"{path}:{expected}")
    assert "\n" not in str(caught.value)


def test_an_id_stands_once(folder: Path) -> None:
    again = folder / "voices" / "other.yaml"
    again.write_text(BORA, encoding="utf-8")
    with pytest.raises(PersonaError, match=r"other\.yaml:1: id: 'bora' is already the id in .*bora\.yaml"):
        load_voices(folder)


def test_a_folder_of_ones_own_may_leave_the_voices_to_malbeot(folder: Path) -> None:
    chosen = Settings(_env_file=None, malbeot_prompts=folder)  # type: ignore[call-arg]
    assert list(all_voices(chosen)) == ["bora"]
    (folder / "voices" / "bora.yaml").unlink()
    with pytest.raises(SettingsError, match=r"voices: holds no voice; add a file such as june\.yaml"):
        all_voices(chosen)
    (folder / "voices").rmdir()
    assert list(all_voices(chosen)) == ["dasom", "june"]


def personas_of(folder: Path, voice: str) -> None:
    """Malbeot's Korean persona in `folder`, its line `voice:` as given."""
    own = resource("prompts")
    text = (own / "personas" / "ko.yaml").read_text(encoding="utf-8")
    assert text.count("\nvoice: dasom\n") == 1
    (folder / "personas").mkdir()
    (folder / "personas" / "ko.yaml").write_text(text.replace("voice: dasom", voice), encoding="utf-8")
    (folder / "templates").symlink_to(own / "templates")


def test_a_persona_may_have_its_own_speed_and_nothing_else(folder: Path) -> None:
    personas_of(folder, "voice: bora\nspeed: 1.2")
    persona = load_personas(folder)["ko"]
    assert persona.spoken_by == load_voices(folder)["bora"].model_copy(update={"speed": 1.2})
    assert pickle.loads(pickle.dumps(persona)).spoken_by == persona.spoken_by


def test_a_persona_needs_a_voice_of_its_language(folder: Path, edit: Callable[[str, str], Path]) -> None:
    personas_of(folder, "voice: bora")
    edit("[ko, en]", "[en]")
    with pytest.raises(PersonaError, match=r"ko\.yaml:\d+: voice: 'bora' speaks en and not ko; choose another voice"):
        load_personas(folder)
