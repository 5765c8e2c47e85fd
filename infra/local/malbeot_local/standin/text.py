"""Text for the voices: which language it is in, where to cut it, whether there is anything to say."""

import re

LANGUAGES = ("auto", "auto_yue", "en", "zh", "ja", "yue", "ko", "all_zh", "all_ja", "all_yue", "all_ko")
"""What GPT-SoVITS v2 knows (`TTS_Config.v2_languages`)."""

SPLIT_METHODS = ("cut0", "cut1", "cut2", "cut3", "cut4", "cut5")
"""Names of GPT-SoVITS' text split methods (`text_segmentation_method.py`)."""

PUNCTUATION = frozenset(",.;:?!-~…、，。？！；：—")

_HANGUL = re.compile(r"[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]")
_KANA = re.compile(r"[\u3040-\u30ff]")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_SENTENCE_END = re.compile(r"(?<=[.!?。！？…])\s+|\n+")
_CLAUSE_END = re.compile(r"(?<=[,;?!、，。？！：…])|(?<=\.)(?!\d)|\n+")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_SHORT = 5  # GPT-SoVITS joins fragments shorter than this to the next one


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


def fragments(text: str, method: str) -> list[str]:
    """The parts that `text_split_method` makes of the text; each is followed by `fragment_interval` of silence.

    `cut0` leaves the text whole and `cut5` cuts at every punctuation mark, as GPT-SoVITS does; `cut1` to `cut4` cut at
    sentence ends here.
    """
    if method == "cut0":
        return [text] if is_speakable(text) else []
    pattern = _CLAUSE_END if method == "cut5" else _SENTENCE_END
    merged: list[str] = []
    for part in (part.strip() for part in pattern.split(text)):
        if merged and (len(merged[-1]) < _SHORT or not is_speakable(part)):
            merged[-1] = f"{merged[-1]} {part}".strip()
        elif part:
            merged.append(part)
    return [part for part in merged if is_speakable(part)]


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
