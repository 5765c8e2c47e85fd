"""What the voice is given to say: replies of several sentences, in the pieces and at the pace of a language model."""

import re
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Literal

Language = Literal["ko", "en"]

_FILE = Path(__file__).with_name("replies.txt")
_TOKEN = re.compile(r"\s*(?:[\uac00-\ud7a3]{1,2}|[A-Za-z']{1,6}|\d{1,3}|.)", re.DOTALL)
"""About what language models' vocabularies hold: two Korean syllables, six letters, or one mark."""


@dataclass(frozen=True)
class Reply:
    language: Language
    text: str

    @property
    def tokens(self) -> list[str]:
        """Pieces that are the text when they are joined."""
        return _TOKEN.findall(self.text)


def replies(count: int) -> list[Reply]:
    """So many, Korean and English in turn; from the first again where the file has fewer."""
    known = [_reply(line) for line in _FILE.read_text(encoding="utf-8").splitlines()]
    return [reply for reply, _ in zip(cycle(known), range(count), strict=False)]


def long_reply(characters: int) -> Reply:
    """One in English of at least so many characters, to the end of a sentence."""
    text = ""
    for reply in cycle(reply for reply in replies(30) if reply.language == "en"):
        text += reply.text + " "
        if len(text) >= characters:
            break
    return Reply("en", text.rstrip())


def _reply(line: str) -> Reply:
    language, text = line.split(": ", 1)
    assert language in ("ko", "en"), line
    return Reply(language, text)
