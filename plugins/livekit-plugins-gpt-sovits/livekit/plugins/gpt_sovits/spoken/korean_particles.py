"""Particles that follow a word's last sound: 은/는, 이/가, 을/를, 과/와, 으로/로 and what begins with them.

"5%을" is written by someone who reads 오 프로, "AI은" by a machine. Only a particle right after a word that was put in
the place of digits, letters or signs is touched, and only if it does not fit.
"""

import re

from .characters import MARK

# (after a consonant, after a vowel)
_PAIRS = [
    ("이에요", "예요"), ("이라고", "라고"), ("이랑", "랑"), ("이나", "나"), ("으로", "로"),
    ("은", "는"), ("을", "를"), ("과", "와"), ("이", "가"),
]  # fmt: skip
_FORMS = {form: pair for pair in _PAIRS for form in pair} | {"이예요": ("이에요", "예요")}
_MARKED = re.compile(
    rf"(?P<last>[가-힣])?{MARK}+(?P<particle>{'|'.join(sorted(_FORMS, key=len, reverse=True))})"
    r"(?P<more>는|도|만|부터|써)?(?![가-힣])"
)
_RIEUL = 8  # ㄹ among the final consonants
_MARKS = re.compile(MARK)


def agreed(text: str) -> str:
    """`text` with the particles after marked words put right, and without marks."""
    return _MARKS.sub("", _MARKED.sub(_fitting, text))


def _fitting(match: re.Match[str]) -> str:
    last, particle, more = match["last"], match["particle"], match["more"] or ""
    if not last:
        return match[0]
    final = (ord(last) - 0xAC00) % 28  # 0 is no final consonant
    after_consonant, after_vowel = _FORMS[particle]
    takes_vowel_form = final == 0 or (after_consonant == "으로" and final == _RIEUL)
    return last + (after_vowel if takes_vowel_form else after_consonant) + more
