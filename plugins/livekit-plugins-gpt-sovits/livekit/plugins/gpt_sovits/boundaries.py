"""Where a text may be cut, judged word by word as it arrives.

The words that matter are data, in `clauses.toml`.
"""

import re
import tomllib
import unicodedata
from enum import IntEnum
from importlib.resources import files


class Kind(IntEnum):
    """What a cut would part, the worst place first."""

    GLUE = 0
    """Parts of one expression: a title and a name, a list mark and its item, words in brackets."""
    WORD = 1
    PHRASE = 2
    """Before a conjunction or behind a Korean particle."""
    CONNECTIVE = 3
    """Behind a Korean ending that joins clauses, without a mark."""
    CLAUSE = 4
    ELLIPSIS = 5
    SENTENCE = 6
    QUESTION = 7
    LINE = 8
    PARAGRAPH = 9


_DATA = tomllib.loads((files(__package__) / "clauses.toml").read_text(encoding="utf-8"))
_NEVER = frozenset(_DATA["abbreviations"]["never"])
_BEFORE_NUMBER = frozenset(_DATA["abbreviations"]["before_number"])
_MAYBE = frozenset(_DATA["abbreviations"]["maybe"])
_OPENERS = frozenset(_DATA["english"]["openers"])
_CLINGING = frozenset(_DATA["english"]["clinging"])
_PHRASE_ENDINGS = tuple(_DATA["korean"]["phrase_endings"])
_QUOTATIVE = re.compile(_DATA["korean"]["quotatives"])
_CONNECTIVES = tuple(
    (
        tuple(unicodedata.normalize("NFD", ending) for ending in entry["endings"]),
        frozenset(entry["except"]),
        entry.get("binds", ""),
    )
    for entry in _DATA["korean"]["connectives"]
)
GREETINGS = frozenset(_DATA["greetings"]["words"])

_QUESTIONS, _ENDS = "?？", ".!。！｡"
_CLAUSE_MARKS = ",;:、，；：~～—―"
_WIDE = "。！？、，；：｡"
_DASHES = "-–—―"
_QUOTES = "\"'”’»」』"
_DOTTED = re.compile(r"(?:[A-Za-z]{1,2}\.)+[A-Za-z]")


def is_hangul(character: str) -> bool:
    """Whether it is a syllable of Korean."""
    return "가" <= character <= "힣"


def _is_pictograph(character: str) -> bool:
    return "\u2600" <= character <= "\u27bf" or character >= "\U0001f000"


def _parts(word: str) -> tuple[str, str]:
    """The word from its first to its last letter or digit, and the marks behind it."""
    inner = [index for index, character in enumerate(word) if character.isalnum()]
    return (word[inner[0] : inner[-1] + 1], word[inner[-1] + 1 :]) if inner else ("", word)


def _mark_kind(tail: str) -> Kind | None:
    """The strongest of the marks behind a word."""
    if tail.endswith((",", ";")):
        return Kind.CLAUSE  # etc.,
    if any(mark in tail for mark in _QUESTIONS):
        return Kind.QUESTION
    if "…" in tail or ".." in tail:
        return Kind.ELLIPSIS
    if any(mark in tail for mark in _ENDS):
        return Kind.SENTENCE
    if "--" in tail or any(mark in tail for mark in _CLAUSE_MARKS) or any(map(_is_pictograph, tail)):
        return Kind.CLAUSE
    return None


def judge(word: str, ahead: str, *, whole: bool, begins_sentence: bool) -> Kind | None:
    """What ends between `word` and the word behind it, of which `ahead` has arrived so far.

    Args:
        word: Without the space behind it, with all its marks.
        ahead: What is known of the next word.
        whole: No more will be known of it.
        begins_sentence: `word` is the first of its sentence or line.

    Returns:
        None while more of the next word must be known: one character at most, two behind a closing quotation mark.
    """
    core, tail = _parts(word)
    kind = _mark_kind(tail)
    if not tail.strip(_DASHES) and not core:
        if not ahead and not whole:
            return None
        return Kind.GLUE if ahead[:1].isdigit() else Kind.CLAUSE  # before a number it is a minus, or "to"
    if kind is None:
        return _plain(core, tail, ahead, whole, begins_sentence)
    if any(quote in tail for quote in _QUOTES):
        if len(ahead) < 2 and not whole:
            return None
        if _QUOTATIVE.match(ahead) or ahead[:1].islower():
            return Kind.GLUE
        return kind
    mark = tail.strip("*_`")
    if core[-1:].isdigit() and mark in (".", ",", ":"):
        return _after_number(core, mark, ahead, whole, begins_sentence)
    if mark[:1] != "." or kind is not Kind.SENTENCE or not core.isascii():
        return kind
    return _after_stop(core, ahead, whole)


def _plain(core: str, tail: str, ahead: str, whole: bool, begins_sentence: bool) -> Kind | None:
    """Behind a word without a mark."""
    if not core or (core.isdigit() and tail == ")" and begins_sentence):
        return Kind.GLUE
    if is_hangul(core[-1]) and not tail:
        parts = unicodedata.normalize("NFD", core)
        for endings, exceptions, binds in _CONNECTIVES:
            if not parts.endswith(endings) or len(core) < 2:
                continue
            if core in exceptions:
                return Kind.GLUE
            if binds and not ahead and not whole:
                return None
            return Kind.GLUE if ahead and ahead[0] in binds else Kind.CONNECTIVE
        if core.endswith(_PHRASE_ENDINGS):
            return Kind.PHRASE
        return Kind.WORD if len(core) > 1 else Kind.GLUE
    return Kind.GLUE if core[-1:].isdigit() or core.lower() in _CLINGING else Kind.WORD


def _after_number(core: str, mark: str, ahead: str, whole: bool, begins_sentence: bool) -> Kind | None:
    if mark == "." and begins_sentence and core.isdigit() and len(core) <= 3:
        return Kind.GLUE  # the mark of a list's item
    if not ahead and not whole:
        return None
    if ahead[:1].isdigit():
        return Kind.GLUE  # 2026. 5. 3. and 3, 4
    if mark == "." and len(core) <= 2 and ahead and is_hangul(ahead[0]):
        return Kind.GLUE  # a date or an item in running text: Korean sentences end with a verb
    return Kind.SENTENCE if mark == "." else Kind.CLAUSE


def _after_stop(core: str, ahead: str, whole: bool) -> Kind | None:
    """Behind a Latin word and a full stop."""
    lower = core.lower()
    if core in _NEVER or (_DOTTED.fullmatch(core) and lower not in _MAYBE):
        return Kind.GLUE
    if not ahead and not whole:
        return None
    if lower in _BEFORE_NUMBER and ahead[:1].isdigit():
        return Kind.GLUE
    if len(core) == 1 and core.isupper() and core != "I" and ahead[:1].isupper():
        return Kind.GLUE  # an initial
    if lower in _MAYBE and (ahead[:1].isdigit() or ahead[:1].islower()):
        return Kind.GLUE
    return Kind.CLAUSE if ahead[:1].islower() else Kind.SENTENCE


def judge_tight(word: str, following: str) -> Kind | None:
    """What ends between `word` and the character right behind it, as in "그래요.그런데", or None: nothing does."""
    if not following.isalnum() or not word or word[-1].isalnum() or "/" in word or "@" in word:
        return None
    core, tail = _parts(word)
    kind = _mark_kind(tail)
    if not core or kind is None or any(quote in tail for quote in _QUOTES) or any(map(_is_pictograph, tail)):
        return None
    if any(mark in tail for mark in _WIDE):
        return None if core[-1].isdigit() and following.isdigit() else kind
    if not following.isalpha():
        return None
    if kind is Kind.ELLIPSIS or "--" in tail or any(dash in tail for dash in "—―"):
        return kind
    if is_hangul(core[-1]) and is_hangul(following) and tail[-1] in ".!?,":
        return kind
    shouted = tail[-1] in "!?" and core[-1].isalpha() and (following.isupper() or is_hangul(following))
    return kind if shouted else None


def opens_phrase(word: str) -> bool:
    """Whether `word` is an English conjunction, before which a cut does little harm."""
    return word.lower() in _OPENERS
