"""Takes mark-up off a clause: Markdown, HTML, links, stage directions, emoji.

A clause may be cut out of the middle of some mark-up, so every rule also holds for half of it. What is decided here:
- A link is its words, an image its description; a bare address is its host, or nothing where that reads badly.
- The words of code stay, its fence lines go: a clause cannot know whether it lies within a fence.
- Bullets and numbers before the items of a list go; the cells of a table's row become a list with commas.
- `*word*` and `_word_` are emphasis unless their content is a stage direction (see `stage`).
"""

import html
import re

from .addresses import shortened
from .characters import cleaned
from .stage import without_directions

_ENTITY = re.compile(r"&(?:amp;)*(#?\w{1,31});")
_FENCE = re.compile(r"^[ \t]*(?:`{3,}|~{3,})[^\n`~]*$", re.MULTILINE)
_COMMENT = re.compile(r"<!--[^>]*(?:-->|$)")
_AUTOLINK = re.compile(r"<((?:https?://|mailto:)[^<>\s]*)>")
_TAG = re.compile(r"</?[A-Za-z][^<>\n]{0,200}>|</?[A-Za-z][\w-]*$")
_DEFINITION = re.compile(r"^[ \t]*\[[^\[\]\n]*\]:\s*\S*.*$", re.MULTILINE)
_LINK = re.compile(r"!?\[([^\[\]\n]*)\](?:\([^()\n]*(?:\([^()\n]*\)[^()\n]*)?\)?|\[[^\[\]\n]*\]?)")
_LINK_END = re.compile(r"\]\([^()\n]*\)?")
_CITATION = re.compile(r"(?<!\])(?:\[\^?\d{1,3}\]|\[\^\w{1,20}\])(?!\()")
_RULE = re.compile(r"^[ \t]*(?:[-*_=][ \t]?){3,}$", re.MULTILINE)
_TABLE_LINE = re.compile(r"^[ \t]*\|?(?:[ \t]*:?-+:?[ \t]*\|)+(?:[ \t]*:?-+:?)?[ \t]*$", re.MULTILINE)
_TABLE_EDGE = re.compile(r"^[ \t]*\|[ \t]*|[ \t]*\|[ \t]*$", re.MULTILINE)
_TABLE_CELL = re.compile(r"[ \t]*\|+[ \t]*")
_ITEM = re.compile(
    r"^(?:[ \t]*(?:>|#{1,6}(?=[ \t]|$)|[-*+•‣◦▪·](?=[ \t])|\d{1,2}[.)](?=[ \t]+[^\s\d])|\(\d{1,2}\)(?=[ \t])"
    r"|\[[ xX]\](?=[ \t])))+[ \t]*",
    re.MULTILINE,
)
_ITEMS_IN_LINE = re.compile(r"^\s*1[.)][ \t]")
_ITEM_IN_LINE = re.compile(r"(?<=\D)[ \t]+\d{1,2}[.)](?=[ \t]+[^\s\d])")
_HEADING_END = re.compile(r"[ \t]+#{1,6}[ \t]*$", re.MULTILINE)
_TIMES = re.compile(r"(?<=\d)[ \t]*\*[ \t]*(?=\d)")
_DOUBLED = re.compile(r"~~+|==+|\*\*+|(?<!\w)__+|__+(?!\w)")


def plain(text: str) -> str:
    """`text` in words, digits and punctuation, in any language; lines stay lines."""
    text = _ENTITY.sub(lambda match: html.unescape(f"&{match[1]};"), text)
    text = cleaned(text)
    text = _FENCE.sub("", text)
    text = _AUTOLINK.sub(r" \1 ", _COMMENT.sub(" ", text))
    text = _CITATION.sub("", _DEFINITION.sub("", _TAG.sub(" ", text)))
    text = _CITATION.sub("", _LINK.sub(r"\1", text))
    text = shortened(_LINK_END.sub(" ", text))
    text = _TABLE_LINE.sub("", _RULE.sub("", text))
    text = _TABLE_CELL.sub(", ", _TABLE_EDGE.sub("", text))
    if _ITEMS_IN_LINE.match(text):  # 1. One 2. Two
        text = _ITEM_IN_LINE.sub(",", text)
    text = _HEADING_END.sub("", _ITEM.sub("", text))
    text = _DOUBLED.sub("", _TIMES.sub("×", text.replace("\\", "")))
    return without_directions(text)
