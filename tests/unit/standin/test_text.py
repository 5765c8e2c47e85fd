import pytest

from malbeot_local.standin.text import bounded, clean, fragments, spoken_language


@pytest.mark.parametrize(
    ("text", "language", "spoken"),
    [
        ("Hello, 민지", "auto", "ko"),
        ("Hello", "auto", "en"),
        ("2024", "auto", "en"),
        ("こんにちは世界", "auto", "ja"),
        ("你好", "auto", "zh"),
        ("你好", "auto_yue", "yue"),
        ("hello", "all_ko", "ko"),
        ("안녕", "en", "en"),
    ],
)
def test_spoken_language(text: str, language: str, spoken: str) -> None:
    assert spoken_language(text, language) == spoken


@pytest.mark.parametrize(
    ("text", "method", "expected"),
    [
        ("One two, three. Four five!", "cut0", ["One two, three. Four five!"]),
        ("One two, three four. Four five!", "cut5", ["One two,", "three four.", "Four five!"]),
        ("It costs 3.14 euros, not more", "cut5", ["It costs 3.14 euros,", "not more"]),
        ("Well. Then it goes on.", "cut4", ["Well.", "Then it goes on."]),
        ("Oh, then it goes on.", "cut5", ["Oh, then it goes on."]),
        ("네, 그럼요. 산책을 갔어요.", "cut3", ["네, 그럼요.", "산책을 갔어요."]),
        ("Really?!...", "cut5", ["Really? ! . . ."]),
        ("...", "cut0", []),
    ],
)
def test_fragments(text: str, method: str, expected: list[str]) -> None:
    assert fragments(text, method) == expected


def test_bounded_prefers_sentence_ends_and_loses_nothing() -> None:
    text = "First sentence here. " * 30 + "word " * 100 + "x" * 450
    parts = bounded(text)
    assert all(len(part) <= 200 for part in parts)
    assert "".join(parts).replace(" ", "") == text.replace(" ", "")
    assert parts[0].endswith("here.")


def test_clean_takes_out_phoneme_notation_and_control_characters() -> None:
    assert clean("Say [[h@l'oU]]\x00 now") == "Say  h@l'oU   now"
