"""Characters as the rules expect them: composed, without emoji and controls, digits and signs in their common form."""

import re
import unicodedata

# An underscore that is no mark-up: part of a mail address.
UNDERSCORE = "\ue001"
# A mark of our own, from the private use area: the word before it was put in the place of digits or letters.
# What comes in loses its private use characters, so a mark is always ours. `korean_particles` reads and removes it.
MARK = "\ue000"

_KEYCAP = re.compile(r"[0-9#*]\ufe0f?\u20e3")
# Blocks of emoji, arrows and pictures: Arrows to Dingbats without Enclosed Alphanumerics and CJK, and planes 1 and 14.
_EMOJI = re.compile(
    "[\u00a9\u00ae\u203c\u2049\u20e3\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u2440-\u245f\u2500-\u27bf\u27f0-\u27ff"
    "\u2900-\u297f\u2b00-\u2bff\u3030\u303d\u3297\u3299\ufe0e\ufe0f\ufffc\ufffd"
    "\U0001d000-\U0001d3ff\U0001f000-\U0001fbff\U000e0000-\U000e007f]+"
)
_ARROW = re.compile(r"\s*(?:[\u2192\u21d2\u27a1\u279c\u2794\u27f6]\ufe0f?|(?<=\s)[-=]{1,2}>(?=\s))\s*")
_EMOTICON = re.compile(
    r"[ㅋㅎㅠㅜ]+"  # laughter and tears
    r"|\^[_.]?\^+|[:;]'?-?[()]+(?!\w)|(?<!\w)(?:[:;]-?[DPp|]|<3|T_T|;_;)(?!\w)"
    r"|(?<![\w:]):[a-z][a-z_+-]{1,30}:(?![\w:])"  # :smile:
)
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]+")
_BLANKS = re.compile(r"[^\S\n]+")
_LINE_ENDS = re.compile(r"\n[ \n]*")
_INVISIBLE = re.compile(
    "[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\uf8ff\U000f0000-\U0010ffff]+"  # surrogates, private use
)
_CIRCLED = re.compile("[\u2460-\u249b\u24ea-\u24ff](?![번호항])")  # ① before an item
_VULGAR = re.compile("(?<=\\d)(?=[\u00bc-\u00be\u2150-\u215e])")  # the 1 of 1½ is no part of 1/2
_FOLDED = re.compile(
    "[\u00bc-\u00be\u2100-\u2138\u213c-\u215e\u2160-\u2188\u2460-\u249b\u24ea\u3200-\u33ff\ufb00-\ufb06"
    "\uff01-\uff5e\uffa0-\uffdc\uffe0-\uffe6\U0001d400-\U0001d7ff]"
)
_SMALL = re.compile("[\u2070-\u209f\u00b9\u00b2\u00b3\u00aa\u00ba]")
_OTHER_DIGIT = re.compile(r"[^\D0-9]")
_NOT_FOLDED = {"㈜": "주식회사 ", "㉿": "", "℡": "", "№": "No. ", "㏂": "am", "㏘": "pm", "ℏ": "h"}
_SMALL_FORMS = {"²": "^2", "³": "^3", "º": "°"} | {chr(0x2080 + digit): str(digit) for digit in range(10)}


def apart(match: re.Match[str]) -> str:
    """A space, if the match is written onto a word before it."""
    before = match.string[match.start() - 1 : match.start()]
    return " " if before.isalpha() or before == MARK else ""


def cleaned(text: str) -> str:
    """Composed (NFC), emoji, emoticons and invisible characters gone, blanks single spaces, lines kept."""
    text = _INVISIBLE.sub("", _KEYCAP.sub(" ", unicodedata.normalize("NFC", text)))
    text = _BLANKS.sub(" ", _CONTROL.sub(" ", text.replace("\r\n", "\n")))
    text = _ARROW.sub(", ", text)
    text = _EMOTICON.sub(" ", _EMOJI.sub(" ", text))
    return _LINE_ENDS.sub("\n", _BLANKS.sub(" ", text))


def folded(text: str) -> str:
    """Full-width and styled letters, unit signs, fractions and foreign digits in their ASCII form: ５㎏ as 5kg.

    Raised 2 and 3 become ^2 and ^3, lowered digits digits; other raised signs, mostly of footnotes, go.
    """
    text = _CIRCLED.sub(" ", _VULGAR.sub(" ", unicodedata.normalize("NFC", text)))
    text = _SMALL.sub(lambda match: _SMALL_FORMS.get(match[0], ""), text)
    text = _FOLDED.sub(_common_form, text)
    return _OTHER_DIGIT.sub(lambda match: str(unicodedata.decimal(match[0])), text)


def _common_form(match: re.Match[str]) -> str:
    sign = match[0]
    if sign in _NOT_FOLDED:
        return _NOT_FOLDED[sign]
    if "\u2160" <= sign <= "\u2188":  # Roman numerals
        value = unicodedata.numeric(sign, 0)
        return str(int(value))
    return unicodedata.normalize("NFKC", sign).replace("\u2044", "/").replace("\u2215", "/")
