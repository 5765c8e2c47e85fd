"""Stage directions: what a model writes to be acted and not to be said, as `*smiles*`, `(웃음)` or `[laughs]`.

Their content decides, by the words in `stage.toml`:
- English: after words that only open a phrase ("softly", "with a gentle"), a verb of manner in the third person or with
  -ing ("smiles", "chuckling") is a direction. "takes", "leans" and the like are one only with a word of the body
  ("takes a deep breath"). A bare "sigh" or "pause" is one in brackets, and between asterisks where a sentence begins.
- Korean: a noun such as 웃음 or 침묵, alone or after words of degree (잠시, 작은), is one where a bare "sigh" is; so is
  a phrase anywhere that ends in -며, -면서 or -듯(이) and has a stem of manner in it (고개를 끄덕이며).
- An adverb of manner ("softly", 다정하게) is one in brackets only: between asterisks it is stressed (*조용히* 하세요).
- "He smiles when you call" in brackets is a remark. Content between asterisks that a particle or letter follows at once
  is part of a word: emphasis (*눈물*이).
- Everything else between asterisks or underscores is emphasis, and in brackets a remark: the words stay.
"""

import re

from .data import any_of, table

_DATA = table("stage")
_EN, _KO = _DATA["en"], _DATA["ko"]
_LONGEST = 80  # characters
_MOST_WORDS = 9
_DEEPEST = 3  # brackets in brackets

_ENGLISH = re.compile(
    rf"(?:(?:{any_of(_EN['openers'])}|[a-z]{{3,}}ly)\s+)*"
    rf"(?:(?P<manner>{any_of(_EN['manner'])})|(?P<bare>{any_of(_EN['bare'])})|(?P<gesture>{any_of(_EN['gestures'])}))"
    r"(?![a-z'])(?!\s(?:is|are|was|were|can|will|helps?|makes?)\b)"
)
_ENGLISH_MANNER = re.compile(rf"(?:very |so )?{any_of(_EN['adverbs'])}")
_REMARK = re.compile(r"(?:he|she|they)\b")
_BODY = re.compile(rf"\b{any_of(_EN['body'])}\b")
_KOREAN_NOUN = re.compile(rf"(?:{any_of(_KO['openers'])}\s*)*{any_of(_KO['nouns'])}(?:\s*{any_of(_KO['closers'])})?")
_KOREAN_MANNER = re.compile(rf"(?:{any_of(_KO['openers'])}\s*)*{any_of(_KO['manner'])}")
_KOREAN_STEM = re.compile(any_of(_KO["stems"]))
_KOREAN_ENDING = re.compile(rf"(?:며|면서|듯이?|는 중|는다|인다|쉰다)(?:\s+{any_of(_KO['manner'])})?$")

_STARRED = re.compile(rf"(?<!\w)[*_](?=\S)([^*_\n]{{1,{_LONGEST}}})([*_]|$)|\*(?=\S)([^*_\n]{{1,{_LONGEST}}})(\*|$)")
_CUT_OFF = re.compile(rf"^([^*\n]{{1,{_LONGEST}}})\*(?!\w)")
_BRACKETED = re.compile(rf"[(\[（［【〔]([^()\[\]（）［］【】〔〕\n]{{1,{_LONGEST}}})(?:[)\]）］】〕]|$)")
_SENTENCE_START = re.compile(r"(?:^|[.!?…。！？\n]|[요죠까]\s)\W*$")


def without_directions(text: str) -> str:
    """`text` without its stage directions. Asterisks and underscores go, brackets around other content stay."""
    text = _STARRED.sub(_unless_direction, text)
    text = _CUT_OFF.sub(lambda match: " " if _is_direction(match[1]) else match[0], text)
    text = text.replace("*", "").replace("`", "").replace("_", " ")
    for _ in range(_DEEPEST):
        text, count = _BRACKETED.subn(_unless_remark, text)
        if not count:
            break
    return text


def _unless_direction(match: re.Match[str]) -> str:
    content: str = match[1] or match[3]
    if match.string[match.end() : match.end() + 1].isalnum():
        return content
    opens = _SENTENCE_START.search(match.string[max(0, match.start() - 8) : match.start()])
    return " " if _is_direction(content) or (opens and _is_bare_direction(content)) else content


def _unless_remark(match: re.Match[str]) -> str:
    content = _bare(match[1])
    if _REMARK.match(content):
        return match[0]
    adverb = _ENGLISH_MANNER.fullmatch(content) or _KOREAN_MANNER.fullmatch(content)
    return " " if adverb or _is_direction(content) or _is_bare_direction(content) else match[0]


def _bare(content: str) -> str:
    return content.strip(" \t.,!?…~-:;\"'“”‘’").lower()


def _is_direction(content: str) -> bool:
    """Whether `content` is acted and not said, wherever it stands."""
    content = _bare(content)
    if len(content.split()) > _MOST_WORDS or any(character.isdigit() for character in content):
        return False
    if match := _ENGLISH.match(content):
        return bool(match["manner"] or (match["gesture"] and _BODY.search(content, match.end())))
    return bool(_KOREAN_ENDING.search(content) and _KOREAN_STEM.search(content))


def _is_bare_direction(content: str) -> bool:
    """Whether `content` is a noun or a verb of manner and nothing else, which may also be plain speech."""
    content = _bare(content)
    match = _ENGLISH.match(content)
    return bool((match and match["bare"] and match.end() == len(content)) or _KOREAN_NOUN.fullmatch(content))
