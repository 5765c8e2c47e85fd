"""Latin letters in Korean: abbreviations by the names of their letters, some words by their Korean sound.

Other Latin words are left to the voice, which speaks English within Korean; so is an abbreviation beside one (TV show),
or the voice would change its language in the middle.
"""

import re

from .characters import MARK
from .data import any_of, table

_DATA = table("korean_letters")
_LETTERS: dict[str, str] = _DATA["letters"]
_WORDS: dict[str, str] = _DATA["words"]
_SPELLED = frozenset(_DATA["spelled"])
_LATIN = "A-Za-z\u00c0-\u024f"
_KNOWN = re.compile(rf"(?<![{_LATIN}'-])(?:{any_of(_WORDS)})(?![{_LATIN}'-])", re.IGNORECASE)
_DOTTED = re.compile(rf"(?<![{_LATIN}.])[A-Z](?:\.[A-Z])+(?:\.(?![{_LATIN}]))?(?![{_LATIN}])")
_CAPITALS = re.compile(rf"(?<![{_LATIN}'-])[A-Z]{{1,8}}(?![{_LATIN}'-])")
_REPEATED = re.compile(rf"([가-힣]{{2,}}), \1(?={MARK})")  # 유튜브(YouTube)
_WORD_BEFORE = re.compile(rf"[a-z\u00c0-\u024f][{_LATIN}'-]* $")
_WORD_AFTER = re.compile(rf" [{_LATIN}'-]*[a-z\u00c0-\u024f]")
_LONGEST_UNKNOWN = 3
_LONGEST_CONSONANTS = 5


def undotted(text: str) -> str:
    """A.I. as AI."""
    return _DOTTED.sub(lambda match: match[0].replace(".", ""), text)


def read_letters(text: str) -> str:
    """Abbreviations and known words in Hangul, each ended by a `MARK`."""
    text = _KNOWN.sub(lambda match: _WORDS[match[0].lower()] + MARK, text)
    return _CAPITALS.sub(_spelled, _REPEATED.sub(r"\1", text))


def _spelled(match: re.Match[str]) -> str:
    word, text = match[0], match.string
    is_abbreviation = (
        len(word) <= _LONGEST_UNKNOWN
        or word in _SPELLED
        or (len(word) <= _LONGEST_CONSONANTS and not set(word) & set("AEIOU"))
    )
    beside_word = _WORD_BEFORE.search(text, max(0, match.start() - 40), match.start()) or _WORD_AFTER.match(
        text, match.end()
    )
    if not is_abbreviation or beside_word:
        return word
    return "".join(_LETTERS[letter] for letter in word) + MARK
