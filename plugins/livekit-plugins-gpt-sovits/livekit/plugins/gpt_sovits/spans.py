"""What is open in a text: brackets, stars, backticks."""

PROTECTED_MAX_CHARS = 100
"""What stands in brackets or stars is kept whole up to this length; beyond, the mark was likely never to be closed."""

_CLOSERS = {"(": ")", "[": "]", "{": "}", "（": "）", "［": "］", "《": "》", "〈": "〉", "【": "】"}
_STARS = "*_`"


class Spans:
    """The brackets, stars and backticks that are open at the end of a text: no cut lies within them."""

    def __init__(self) -> None:
        self._open: list[tuple[str, int]] = []  # what closes each, and where it began

    def __bool__(self) -> bool:
        return bool(self._open)

    def add(self, character: str, text: str) -> None:
        """Takes the character that follows `text`."""
        before = text[-1:]
        closing = [closer for closer, _ in self._open]
        if character in _STARS and before == character:
            return  # ** is one mark
        if character in closing:
            del self._open[len(closing) - 1 - closing[::-1].index(character) :]
        elif character in _CLOSERS and before not in (":", ";", "="):  # :( is a face
            self._open.append((_CLOSERS[character], len(text)))
        elif character in _STARS and not before.isalnum():
            self._open.append((character, len(text)))
        if self._open and len(text) - self._open[0][1] > PROTECTED_MAX_CHARS:
            self._open.clear()

    def space(self, text: str) -> None:
        """Takes a space behind `text`: a mark that it follows opens nothing."""
        if self._open and not text[self._open[-1][1] :].strip(text[-1:]):
            self._open.pop()

    def is_aside(self, text: str) -> bool:
        """Whether the end of `text` stands in single stars or underscores, like *smiles*."""
        return any(closer in "*_" and text[at + 1 : at + 2] not in ("", closer) for closer, at in self._open)

    def clear(self) -> None:
        self._open.clear()

    def shift(self, count: int) -> None:
        """The text has lost its first `count` characters."""
        self._open = [(closer, max(at - count, 0)) for closer, at in self._open]
