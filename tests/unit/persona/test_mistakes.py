"""Every mistake in a persona or a template is one line: file, line, field, and what is wrong."""

from collections.abc import Callable
from pathlib import Path

import pytest

from malbeot.persona import PersonaError, check, load_personas

Edit = Callable[[str, str, str], Path]
JUNE = "personas/june.yaml"


def failure(folder: Path) -> str:
    with pytest.raises(PersonaError) as caught:
        load_personas(folder)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_the_unbroken_folder_loads(prompts: Path) -> None:
    assert list(load_personas(prompts)) == ["june"]
    assert check(prompts) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param("name: June", "name: [June", "4: is not YAML: ", id="syntax"),
        pytest.param("    companion: Hello", "\t    companion: Hello", "12: is not YAML: ", id="tab"),
        pytest.param("name: June", "name: !june June", "3: is not YAML: ", id="unknown-tag"),
        pytest.param("name: June\n", "", "1: name: is missing; add 'name:'", id="missing"),
        pytest.param(
            "  goodbye: Goodbye.\n",
            "",
            "18: phrases.goodbye: is missing; add 'goodbye:' under 'phrases:'",
            id="missing-nested",
        ),
        pytest.param(
            "    companion: Hello, how are you?\n",
            "",
            "11: examples.1.companion: is missing; add 'companion:' under 'examples.1:'",
            id="missing-in-a-list",
        ),
        pytest.param("name: June", "name: 7", "3: name: must be text, but is a number (7)", id="number-for-text"),
        pytest.param("name: June", "name:", "3: name: must be text, but is empty", id="empty-value"),
        pytest.param("name: June", "name: ''", "3: name: must not be empty", id="empty-text"),
        pytest.param(
            "name: June",
            "name: no",
            "3: name: must be text, but is yes or no (false); put it in quotes if it is text",
            id="yes-or-no-for-text",
        ),
        pytest.param(
            "speed: 0.9", "speed: slow", "5: speed: must be a number, but is text ('slow')", id="text-for-number"
        ),
        pytest.param(
            "speed: 0.9",
            "speed: 9",
            "5: speed: input should be less than or equal to 2, but is a number (9)",
            id="out-of-range",
        ),
        pytest.param(
            "  - You are kind.",
            "  - 3",
            "7: manner.1: must be text, but is a number (3)",
            id="number-in-a-list",
        ),
        pytest.param(
            "manner:\n  - You are kind.", "manner: kind", "6: manner: must be a list, but is text ('kind')", id="list"
        ),
        pytest.param("manner:\n  - You are kind.", "manner: []", "6: manner: must not be empty", id="empty-list"),
        pytest.param(
            "voice: june", "voice: jun", "4: voice: there is no voice 'jun'; did you mean 'june'?", id="voice"
        ),
        pytest.param("voice: june", "voice: {id: june}", "4: voice: must be text, but is a mapping", id="voice-as-map"),
        pytest.param(
            "greeting:",
            "greting:",
            "13: greting: is not a field of a persona; did you mean 'greeting'?",
            id="unknown-beats-missing",
        ),
        pytest.param(
            "    companion: Hello, how are you?",
            "    companion: Hello, how are you?\n    companoin: Hi",
            "13: examples.1.companoin: is not a field of a persona; did you mean 'companion'?",
            id="unknown-in-a-list",
        ),
        pytest.param(
            "  goodbye: Goodbye.",
            "  goodbye: Goodbye.\n  xyz: 1",
            "23: phrases.xyz: is not a field of a persona; the fields here are voice_failed, thinking_failed, ",
            id="unknown-and-nothing-near",
        ),
        pytest.param(
            "  goodbye: Goodbye.",
            "  goodbye: Goodbye.\n  goodbye: Bye.",
            "23: phrases.goodbye: stands twice, first in line 22",
            id="twice",
        ),
        pytest.param(
            "language: en", "language: eng", "2: language: no templates for 'eng'; did you mean 'en'?", id="language"
        ),
        pytest.param(
            "  - You are kind.", "  - You are {{ name.", "7: manner.1: broken template: ", id="template-syntax"
        ),
        pytest.param(
            "    This is {{ name }}.",
            "    This is {% if %}.",
            "17: greeting.outbound: broken template: ",
            id="template-syntax-in-a-block",
        ),
        pytest.param(
            "    This is {{ name }}.",
            "    This is {{ nmae }}.",
            "17: greeting.outbound: 'nmae' is not defined; did you mean 'name'?",
            id="undefined",
        ),
        pytest.param(
            "    companion: Hello, how are you?",
            "    companion: '{% if false %}{{ persn }}{% endif %}Hi'",
            "12: examples.1.companion: 'persn' is not defined; did you mean 'person'?",
            id="undefined-in-a-branch-not-taken",
        ),
        pytest.param(
            "    This is {{ name }}.",
            "    This is {{ now.yaer }}.",
            "17: greeting.outbound: template can not be rendered: ",
            id="undefined-attribute",
        ),
        pytest.param(
            "  - You are kind.",
            "  - '{{ person.__class__.__mro__ }}'",
            "7: manner.1: template can not be rendered: ",
            id="sandbox",
        ),
        pytest.param(
            "{{ hello }} {{ person }}, this is {{ name }}.",
            "{{ person }}",
            "14: greeting.inbound: renders to nothing",
            id="nothing-without-a-name",
        ),
        pytest.param(
            "goodbye: Goodbye.",
            "goodbye: 'Goodbye {{ person }}.'",
            "22: phrases.goodbye: is said as it stands and can not be a template",
            id="template-in-a-phrase",
        ),
        pytest.param("id: june\nlanguage", "id: June!\nlanguage", "1: id: string should match pattern", id="bad-id"),
        pytest.param("name: June", "name: Ju\x07ne", "3: holds a character that YAML forbids", id="control-character"),
    ],
)
def test_persona_file(prompts: Path, edit: Edit, old: str, new: str, expected: str) -> None:
    path = edit(JUNE, old, new)
    assert failure(prompts).startswith(f"{path}:{expected}")


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        pytest.param("system.en.j2", "{% endfor %}\nIt is", "{% endfr %}\nIt is", "7: broken template: ", id="syntax"),
        pytest.param(
            "system.en.j2",
            "{{ part_of_day }}",
            "{{ part_of_dya }}",
            "8: template can not be rendered: 'part_of_dya' is undefined",
            id="undefined",
        ),
        pytest.param(
            "system.en.j2",
            "{{ part_of_day }}",
            "{% if now.hour == 17 and direction == 'outbound' and not person %}{{ part }}{% endif %}",
            "8: template can not be rendered: 'part' is undefined",
            id="undefined-at-one-hour-of-one-kind-of-call",
        ),
        pytest.param(
            "system.en.j2", "You are", "{% include 'who.j2' %}", "1: template can not be rendered: who.j2", id="include"
        ),
        pytest.param("time.en.j2", "now.hour", "now.hoor", "1: template can not be rendered: ", id="time-attribute"),
        pytest.param(
            "time.en.j2",
            "~ part_of_day",
            "+ 1",
            "2: template can not be rendered: can only concatenate",
            id="time-type",
        ),
    ],
)
def test_template_file(prompts: Path, edit: Edit, file: str, old: str, new: str, expected: str) -> None:
    path = edit(f"templates/{file}", old, new)
    assert failure(prompts).startswith(f"{path}:{expected}")


def test_duplicate_id(prompts: Path) -> None:
    first = prompts / JUNE
    second = prompts / "personas" / "other.yaml"
    second.write_text("# another\n" + first.read_text())
    assert failure(prompts) == f"{second}:2: id: 'june' is already the id in {first}; choose another"


def test_no_persona(prompts: Path) -> None:
    (prompts / JUNE).unlink()
    assert failure(prompts) == f"{prompts / 'personas'}: holds no persona; add a file such as en.yaml"


def test_no_personas_folder(prompts: Path) -> None:
    (prompts / JUNE).unlink()
    (prompts / "personas").rmdir()
    assert failure(prompts).startswith(f"{prompts / 'personas'}: is not a folder")


def test_no_templates(prompts: Path) -> None:
    for path in (prompts / "templates").iterdir():
        path.unlink()
    assert failure(prompts).startswith(f"{prompts / 'templates'}: holds no template")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", ": the file is empty"),
        (b"# a word\n\n- id: june\n", ":3: must be a mapping"),
        (b"id: june\nname: J\xffne\n", ":2: is not UTF-8"),
        (b"a: 1\n---\nb: 2\n", ":2: is not YAML"),
    ],
    ids=["empty", "list", "latin-1", "two-documents"],
)
def test_file_that_is_no_persona(prompts: Path, content: bytes, expected: str) -> None:
    (prompts / JUNE).write_bytes(content)
    assert failure(prompts).startswith(f"{prompts / JUNE}{expected}")


def test_persona_that_is_a_folder(prompts: Path) -> None:
    (prompts / JUNE).unlink()
    (prompts / JUNE).mkdir()
    assert failure(prompts).startswith(f"{prompts / JUNE}: can not be read: ")


@pytest.mark.parametrize("sign", ["*really*", "😀", "a/b", "tea & milk"])
def test_check_finds_what_a_voice_can_not_say(prompts: Path, edit: Edit, sign: str) -> None:
    path = edit(JUNE, "goodbye: Goodbye.", f"goodbye: 'Goodbye {sign}.'")
    (finding,) = check(prompts)
    assert finding.startswith(f"{path}:22: phrases.goodbye: holds the s")


def test_check_finds_a_long_prompt(prompts: Path, edit: Edit) -> None:
    path = edit(JUNE, "  - You are kind.", f"  - {'You are kind. ' * 200}")
    (finding,) = check(prompts)
    assert finding.startswith(f"{path}: the system prompt has about 7")
