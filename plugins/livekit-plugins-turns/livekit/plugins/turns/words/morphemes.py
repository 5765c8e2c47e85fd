"""Korean morphemes, from Kiwi (kiwipiepy, offline)."""

import threading
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from kiwipiepy import Kiwi

_loading = threading.Lock()
_MARKS = frozenset({"SF", "SP", "SS", "SSO", "SSC", "SE", "SO", "SW", "Z_CODA", "Z_SIOT"})
_CODA = str.maketrans({"\u11ab": "ㄴ", "\u11af": "ㄹ", "\u11b7": "ㅁ", "\u11b8": "ㅂ", "\u11bb": "ㅆ"})


class Morpheme(NamedTuple):
    """`form`: as in the dictionary; a final consonant that stands alone is a compatibility letter (ㄴ데). `tag`: of the
    Sejong set (EF, EC, JKS, NNG …) without Kiwi's marks for irregular verbs. `word`: which word it is in, from 0."""

    form: str
    tag: str
    word: int


def morphemes(text: str) -> list[Morpheme]:
    """The morphemes of `text`, which has single spaces, without its punctuation."""
    found = []
    for token in load().tokenize(text):
        tag = token.tag.partition("-")[0]
        if tag in _MARKS:
            continue
        if token.form == "요" and token.start and text[token.start - 1] != " ":
            tag = tag if tag.startswith("E") else "JX"  # the polite particle, whatever it is taken for
        found.append(Morpheme(token.form.translate(_CODA), tag, text.count(" ", 0, token.start)))
    return found


def load() -> "Kiwi":
    """The analyser, loaded once a process, whichever thread asks first."""
    with _loading:
        return _kiwi()


def loaded() -> bool:
    """Whether the analyser is there. Does not wait for a thread that loads it."""
    return _kiwi.cache_info().currsize > 0


@cache
def _kiwi() -> "Kiwi":
    from kiwipiepy import Kiwi  # here, because it takes time and memory that only a Korean call should spend

    kiwi = Kiwi(num_workers=1, load_default_dict=False, load_multi_dict=False)
    kiwi.tokenize("")  # its first call is the one that loads
    return kiwi
