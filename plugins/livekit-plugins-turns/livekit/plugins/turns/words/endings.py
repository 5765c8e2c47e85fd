"""What a Korean verb's last ending says about the sentence: whether it closes it, joins it on, or could do either."""

from collections.abc import Sequence
from dataclasses import dataclass

from .data import table
from .morphemes import Morpheme

_DATA = table("korean")
_ENDINGS = _DATA["endings"]
_ANY: dict[str, float] = _ENDINGS["any"]
_POLITE: dict[str, float] = _ENDINGS["polite"]
_TRAILING = _DATA["trailing"]
_LONGEST = max(map(len, _ANY))
_SHORT = ("아", "어", "여", "ㅏ", "ㅓ")
_PAST = ("었", "았", "였", "ㅆ", "겠")
_PAST_ONLY = ("었", "았", "였", "ㅆ")
_FINAL_FROM = 0.8
"""An ending this likely to be final closes a sentence wherever it stands."""


@dataclass(frozen=True)
class Ending:
    """A verb's last ending. `form`: without its polite -요; `tag`: EF or EC; `before`: what stands before it."""

    form: str
    tag: str
    is_polite: bool
    before: tuple[Morpheme, ...]

    def probability(self, words: int) -> float:
        """That the turn is over behind it, in a sentence of so many words."""
        if self.is_polite:
            return _longest(_POLITE, self.form, float(_POLITE["probability"]))
        if self.form in _SHORT:
            if any(morpheme.form.endswith(_PAST) and morpheme.tag == "EP" for morpheme in self.before[-1:]):
                return float(_ENDINGS["past_short"])
            if self.tag == "EF":
                return float(_ENDINGS["short_final"])
            return float(_ENDINGS["short_with_subject" if self._has_subject() else "short_connective"])
        if self.form.endswith("데") and self._judges() and words <= _TRAILING["words_at_most"]:
            return float(_TRAILING["probability"])
        if self.form == "라" and any(morpheme.tag == "VCN" for morpheme in self.before[-1:]):
            return float(_ENDINGS["connective"])  # 그게 아니라
        return _longest(_ANY, self.form, float(_ENDINGS["final" if self.tag == "EF" else "connective"]))

    @property
    def is_final(self) -> bool:
        """Whether it closes a sentence even with words behind it."""
        return self.probability(1) >= _FINAL_FROM and (self.is_polite or self.tag == "EF" or self.form in _SHORT)

    def _has_subject(self) -> bool:
        """Whether its own clause names who or what."""
        clause = []
        for morpheme in reversed(self.before):
            if morpheme.tag in ("EC", "EF"):
                break
            clause.append(morpheme.tag)
        return "JKS" in clause

    def _judges(self) -> bool:
        """Whether its verb judges rather than tells: 모르겠는데, 그건 아닌데."""
        stems = [morpheme for morpheme in self.before if morpheme.tag[0] in "VX"]
        if not stems:
            return False
        if stems[-1].form in _TRAILING["echoes"]:
            return self.form == "는데"
        past = any(morpheme.tag == "EP" and morpheme.form in _PAST_ONLY for morpheme in self.before[-1:])
        return not past and (stems[-1].tag == "VCN" or stems[-1].form in _TRAILING["stems"])


def last_ending(found: Sequence[Morpheme]) -> Ending | None:
    """The ending that `found` ends in; None if it ends in something else."""
    last = found[-1]
    if last.form == "요" and last.tag == "JX" and len(found) > 1 and found[-2].tag in ("EF", "EC"):
        return Ending(found[-2].form, found[-2].tag, True, tuple(found[:-2]))
    if last.tag not in ("EF", "EC"):
        return None
    is_polite = last.form.endswith("요") and len(last.form) > 1
    return Ending(last.form[:-1] if is_polite else last.form, last.tag, is_polite, tuple(found[:-1]))


def _longest(weights: dict[str, float], form: str, otherwise: float) -> float:
    """The weight of the longest entry that `form` ends in."""
    for size in range(min(_LONGEST, len(form)), 0, -1):
        weight = weights.get(form[-size:])
        if weight is not None:
            return weight
    return otherwise
