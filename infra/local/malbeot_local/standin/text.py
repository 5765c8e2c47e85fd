"""Text for the voices: which language it is in, how GPT-SoVITS cuts it, whether there is anything to say."""

import re
from collections.abc import Callable

_MARKS = frozenset("，。？！,.?!~:：—…")  # GPT-SoVITS' `splits`: what ends a sentence
_CLAUSE_MARKS = frozenset(",.;?!、，。？！：…")  # what cut5 cuts at
_BLANK = frozenset("!?…,.- ")  # a part of these alone is dropped
_SHORT = 5  # shorter parts join the next one
_SHORT_HEAD = 4  # a text whose first part is shorter gets a mark put before it
_LONGEST = 510  # the language model's limit

_HANGUL = re.compile(r"[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]")
_KANA = re.compile(r"[\u3040-\u30ff]")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_MARK = re.compile("([" + "".join(sorted(_MARKS)) + "])")
_REPEATED = re.compile(r"([!?…,.\-])[!?…,.\-]+")


class NothingToSayError(ValueError):
    """Punctuation alone, or one space: GPT-SoVITS fails on it, while it passes over an emoji."""


def clean(text: str) -> str:
    """Without control characters, and without Piper's `[[phonemes]]` notation, which GPT-SoVITS does not have."""
    return _CONTROL.sub(" ", text).replace("[[", " ").replace("]]", " ").strip()


def is_speakable(text: str) -> bool:
    """Whether there is a letter or a digit to say."""
    return any(character.isalnum() for character in text)


def spoken_language(text: str, language: str) -> str:
    """The one language (`ko`, `en`, `zh`, `ja` or `yue`) that `text` is spoken in under GPT-SoVITS' `text_lang`."""
    if language not in ("auto", "auto_yue"):
        return language.removeprefix("all_")
    if _HANGUL.search(text):
        return "ko"
    if _KANA.search(text):
        return "ja"
    if _HAN.search(text):
        return "yue" if language == "auto_yue" else "zh"
    return "en"


def without_repeats(text: str) -> str:
    """Of several punctuation marks in a row the first, as GPT-SoVITS does without streaming."""
    return _REPEATED.sub(r"\1", text)


def sentences(text: str, language: str, method: str) -> list[str]:
    """What is spoken at a time: the parts that `text_split_method` makes of `text`. Empty where nothing can be said.

    Follows GPT-SoVITS' `TextPreprocessor.pre_seg_text`. Raises NothingToSayError.
    """
    text = text.strip("\n")
    if not text:
        return []
    stop = "." if language == "en" else "。"
    if text[0] not in _MARKS and len(_MARK.split(text, maxsplit=1)[0].strip()) < _SHORT_HEAD:
        text = stop + text
    parts = [part for cut in SPLIT_METHODS[method](text) for part in cut.split("\n") if part not in ("", " ")]
    if not parts:
        raise NothingToSayError
    spoken = []
    for part in _merged(parts):
        if re.search(r"\w", part):
            whole = part if part[-1] in _MARKS else part + stop
            spoken += [whole] if len(whole) <= _LONGEST else _gathered(_MARK.split(whole), _LONGEST)
    return spoken


def _merged(parts: list[str]) -> list[str]:
    """Short parts joined to what follows them, the last one to what precedes it."""
    merged = [""]
    for part in parts:
        if len(merged[-1]) >= _SHORT:
            merged.append("")
        merged[-1] += part
    if len(merged) > 1 and len(merged[-1]) < _SHORT:
        short = merged.pop()
        merged[-1] += short
    return merged


def _gathered(parts: list[str], longest: int) -> list[str]:
    """Parts joined as long as they stay within `longest`; one that is longer stays as it is."""
    gathered = [""]
    for part in parts:
        if gathered[-1] and len(gathered[-1]) + len(part) > longest:
            gathered.append("")
        gathered[-1] += part
    return gathered


def _cut0(text: str) -> list[str]:
    return _worded([text])


def _cut1(text: str) -> list[str]:
    """Four sentences at a time; what is left over belongs to the last group."""
    parts = _at_marks(text)
    starts = range(0, len(parts), 4)[:-1]
    if not starts:
        return _worded([text])
    groups = [parts[start : None if start == starts[-1] else start + 4] for start in starts]
    return _worded(["".join(group) for group in groups])


def _cut2(text: str) -> list[str]:
    """Just over fifty characters at a time."""
    parts = _at_marks(text)
    if len(parts) < 2:
        return [text]
    groups = [""]
    for part in parts:
        if len(groups[-1]) > 50:
            groups.append("")
        groups[-1] += part
    if len(groups) > 1 and len(groups[-1]) < 50:
        short = groups.pop()
        groups[-1] += short
    return _worded(groups)


def _cut3(text: str) -> list[str]:
    return _worded(text.strip("。").split("。"))


def _cut4(text: str) -> list[str]:
    return _worded(re.split(r"(?<!\d)\.(?!\d)", text.strip(".")))


def _cut5(text: str) -> list[str]:
    """At every punctuation mark but the point in a number."""
    parts = [""]
    for at, character in enumerate(text):
        parts[-1] += character
        within_number = character == "." and text[at - 1 : at].isdigit() and text[at + 1 : at + 2].isdigit()
        if character in _CLAUSE_MARKS and not within_number:
            parts.append("")
    return [part for part in parts if not _CLAUSE_MARKS.issuperset(part)]


def _at_marks(text: str) -> list[str]:
    text = text.replace("……", "。").replace("——", "，")
    parts = _MARK.split(text if text[-1] in _MARKS else text + "。")
    return ["".join(pair) for pair in zip(parts[::2], parts[1::2], strict=False)]


def _worded(parts: list[str]) -> list[str]:
    return [part for part in parts if not _BLANK.issuperset(part)]


SPLIT_METHODS: dict[str, Callable[[str], list[str]]] = {
    "cut0": _cut0,
    "cut1": _cut1,
    "cut2": _cut2,
    "cut3": _cut3,
    "cut4": _cut4,
    "cut5": _cut5,
}
"""GPT-SoVITS' text split methods (`text_segmentation_method.py`): the parts they make of a text."""


def bounded(text: str, limit: int = 200) -> list[str]:
    """The text in parts of at most `limit` characters, cut at sentence ends, else clause ends, else spaces.

    An engine cannot be stopped within a sentence, so no sentence may be endless.
    """
    parts: list[str] = []
    while len(text) > limit:
        head = text[:limit]
        cuts = [[m.end() for m in re.finditer(p, head)] for p in (r"[.!?。！？…\n]\s", r"[,;:、，；：]\s?", r"\s")]
        end = next((found[-1] for found in cuts if found), limit)
        parts.append(text[:end].strip())
        text = text[end:]
    return [part for part in (*parts, text.strip()) if is_speakable(part)]
