"""The last sweep: only letters and the punctuation that a voice breathes at."""

import re
import unicodedata

from .characters import MARK, UNDERSCORE

_BRACKETS = "()[]{}<>（）［］｛｝【】〔〕"
_MARKUP = re.compile(rf"[*`#|~^\\{re.escape(_BRACKETS)}]|(?<!\w)_+|_+(?!\w)")
_WORD_PLURAL = re.compile(r"(?<=[a-z])\((e?s)\)")
_PARTICLE_PAIR = re.compile(
    r"(은\(는\)|는\(은\)|이\(가\)|가\(이\)|을\(를\)|를\(을\)|과\(와\)|와\(과\)|\(으\)로"
    r"|\((?:은|이|을|과|와)\)(?:는|가|를|와|과)|(?<=[가-힣])\((?:은|는|이|가|을|를)\)(?=\s|$))"
)
_EMPTY = re.compile(r"\(\s*\)|\[\s*\]")
_OPEN = re.compile(r"\s*[(\[{（［｛【〔][\s,]*")
_CLOSE = re.compile(r"\s*[)\]}）］｝】〕](?P<glued>[가-힣])?")
_LINE_END = re.compile(r"\s*\n\s*")
_COMMA = re.compile(r"\s*[:;，、；：|·•‧・ㆍ]+\s*|\s+[-–—―]+(?:\s+|$)|\s*[–—―]+\s*|\s*-{2,}\s*|^\s*-+(?=\s)")
_FULL_STOP = re.compile("[。｡]")
_ELLIPSIS = re.compile(r"\.{2,}|⋯|‥|…+")
_APOSTROPHE = re.compile("[’‘ʼ`´]")
_QUOTE = re.compile("[\"“”„‟«»‹›「」『』《》〈〉〝〞]|(?<![A-Za-z\u00c0-\u024f])'|'(?![A-Za-z\u00c0-\u024f])")
_HYPHEN = re.compile(r"(?<=[A-Za-z])[-‐‑](?=[A-Za-z])|([-‐‑−])")
_STOPS = re.compile(r"\s*[.,!?…](?:\s*[.,!?…])*")
_STOP_BEFORE_WORD = re.compile(rf"([,!?…])(?=[^\s.,!?…'{MARK}])")
_SENTENCE_WITHOUT_SPACE = re.compile(r"(?<=[A-Za-z]{2})\.(?=[A-Z])|(?<=[가-힣])\.(?=\w)")
_START = re.compile(rf"^[\s.,!?…'{MARK}-]+")
_SPACES = re.compile(r"\s+")
_KEPT = frozenset(f" .,!?…'-{MARK}")


def tidied(text: str) -> str:
    """For languages without rules: one line without the signs of mark-up; brackets give way to spaces."""
    return unicodedata.normalize("NFC", _SPACES.sub(" ", _MARKUP.sub(" ", text)).strip()).replace(UNDERSCORE, "_")


def swept(text: str) -> str:
    """For Korean and English: letters, spaces and `. , ! ? … ' -` only, each stop once; "" if no letter is left.

    GPT-SoVITS pauses at every sign it does not know, quotes and brackets too. Brackets, dashes, colons and line ends
    become commas, quotes nothing, all else a space. Of several stops together the one that says most stays.
    """
    text = _EMPTY.sub("", _WORD_PLURAL.sub(r"\1", text.strip()))
    text = _CLOSE.sub(_closed, _OPEN.sub(", ", text))
    text = _COMMA.sub(", ", _LINE_END.sub(", ", text))
    text = _ELLIPSIS.sub("…", _FULL_STOP.sub(". ", text))
    text = _QUOTE.sub("", _APOSTROPHE.sub("'", text))
    text = _HYPHEN.sub(lambda match: " " if match[1] else "-", text)
    text = "".join(character if _is_kept(character) else " " for character in text)
    text = _STOP_BEFORE_WORD.sub(r"\1 ", _STOPS.sub(_strongest, text))
    text = _START.sub("", unicodedata.normalize("NFC", _SPACES.sub(" ", text)))
    return text.strip() if any(character.isalpha() for character in text) else ""


def sentences_apart(text: str) -> str:
    """A space after a full stop that a sentence follows at once."""
    return _SENTENCE_WITHOUT_SPACE.sub(". ", text)


def marked_particles(text: str) -> str:
    """Korean particles written both ways, 은(는) or (으)로, as one that `korean_particles` puts right."""
    return _PARTICLE_PAIR.sub(lambda match: MARK + (re.sub(r"\(.\)", "", match[1]) or match[1][1]), text)


def _is_kept(character: str) -> bool:
    return character in _KEPT or unicodedata.category(character)[0] in "LM"


def _closed(match: re.Match[str]) -> str:
    """A Korean particle stays with the word before the bracket; anything else that follows is set off by a comma."""
    return match["glued"] or (", " if match.end() < len(match.string) else "")


def _strongest(match: re.Match[str]) -> str:
    return next(stop for stop in "?!….," if stop in match[0])
