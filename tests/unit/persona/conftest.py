"""A small prompts folder that each test breaks in its own way."""

from collections.abc import Callable
from pathlib import Path

import pytest

PERSONA = """\
id: june
language: en
name: June
voice: june
speed: 0.9
manner:
  - You are kind.
rules:
  - You never lie.
examples:
  - caller: Hello.
    companion: Hello, how are you?
greeting:
  inbound: "{{ hello }} {{ person }}, this is {{ name }}."
  outbound: |
    {{ hello }}.
    This is {{ name }}.
phrases:
  voice_failed: My voice is gone.
  thinking_failed: Say that again, please.
  not_understood: I did not hear that.
  goodbye: Goodbye.
"""

VOICE = """\
id: june
languages: [en]
ref_audio_path: voices/june.wav
prompt_text: Hello there.
prompt_lang: en
polly: Ruth
"""

SYSTEM = """\
You are {{ name }}.
{% for line in manner + rules %}
{{ line }}
{% endfor %}
{% for example in examples %}
{{ example.caller }} {{ example.companion }}
{% endfor %}
It is {{ part_of_day }}. {{ person }} {{ direction }}
"""

TIME = """\
{% set part_of_day = "morning" if now.hour < 12 else "evening" %}
{% set hello = "Good " ~ part_of_day %}
"""


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    """A folder with one good persona, its voice and its templates."""
    (tmp_path / "personas").mkdir()
    (tmp_path / "voices").mkdir()
    (tmp_path / "templates").mkdir()
    (tmp_path / "personas" / "june.yaml").write_text(PERSONA)
    (tmp_path / "voices" / "june.yaml").write_text(VOICE)
    (tmp_path / "templates" / "system.en.j2").write_text(SYSTEM)
    (tmp_path / "templates" / "time.en.j2").write_text(TIME)
    return tmp_path


@pytest.fixture
def edit(prompts: Path) -> Callable[[str, str, str], Path]:
    """`edit("personas/june.yaml", old, new)` replaces the one place of `old` and returns the file."""

    def replace(file: str, old: str, new: str) -> Path:
        path = prompts / file
        text = path.read_text()
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
        path.write_text(text.replace(old, new))
        return path

    return replace
