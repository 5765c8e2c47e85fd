"""In which language somebody is told."""

import re

import pytest
from fastapi import Request

from malbeot.web.access import language_of
from malbeot.web.access.words import ANOTHER_SITE, NOT_INVITED, TOO_OFTEN


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("ko-KR,ko;q=0.9,en-US;q=0.8,en;q=0.7", "ko"),
        ("ko", "ko"),
        ("KO-kr", "ko"),
        ("en-US,en;q=0.9,ko;q=0.8", "en"),
        ("en;q=0.5, ko;q=0.9", "ko"),
        ("fr,ko;q=0.4", "ko"),
        ("fr", "en"),
        ("kok", "en"),
        ("ko;q=0, en;q=0", "en"),
        ("*", "en"),
        ("ko;q=many", "en"),
        (";;,,q=", "en"),
        ("ko;q=nan,en", "en"),
        (None, "en"),
    ],
)
def test_language_of(accepted: str | None, language: str) -> None:
    headers = [] if accepted is None else [(b"accept-language", accepted.encode())]
    assert language_of(Request({"type": "http", "headers": headers})) == language


@pytest.mark.parametrize("words", [NOT_INVITED, TOO_OFTEN, ANOTHER_SITE])
def test_all_is_said_in_both_languages(words: dict[str, str]) -> None:
    assert words.keys() == {"ko", "en"}
    assert re.search("[가-힣]", words["ko"])
    assert not re.search("[가-힣]", words["en"])
