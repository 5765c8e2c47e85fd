"""Keeps a model's thinking out of what is spoken."""

_OPEN = ("<think>", "<thinking>")
_CLOSE = ("</think>", "</thinking>")


class ThinkFilter:
    """Removes `<think>…</think>` from streamed text, wherever the pieces are cut.

    Ollama separates thinking from content for the models whose template it knows. This is for the
    others, whose thinking arrives as content. A block that never closes is dropped to the end.
    """

    def __init__(self) -> None:
        self._held = ""
        self._thinking = False
        self._spoke = False

    def push(self, text: str) -> str:
        """Takes the next piece and returns what of the text so far can be spoken."""
        self._held += text
        spoken: list[str] = []
        while True:
            tags = _CLOSE if self._thinking else _OPEN + _CLOSE
            found = min(((at, tag) for tag in tags if (at := self._held.find(tag)) >= 0), default=None)
            if found is None:
                break
            at, tag = found
            if not self._thinking:
                spoken.append(self._held[:at])
            self._held = self._held[at + len(tag) :]
            self._thinking = tag in _OPEN
        keep = _partial_tag(self._held, tags)
        ready, self._held = self._held[: len(self._held) - keep], self._held[len(self._held) - keep :]
        if not self._thinking:
            spoken.append(ready)
        return self._trimmed("".join(spoken))

    def flush(self) -> str:
        """Returns what was held back as the possible beginning of a tag. Call it once, at the end."""
        held, self._held = self._held, ""
        return "" if self._thinking else self._trimmed(held)

    def _trimmed(self, text: str) -> str:
        """Without the blank lines that a removed block leaves before the first word."""
        if not self._spoke:
            text = text.lstrip()
            self._spoke = bool(text)
        return text


def _partial_tag(text: str, tags: tuple[str, ...]) -> int:
    """How many characters at the end of the text may be the beginning of a tag."""
    longest = min(len(text), max(map(len, tags)) - 1)
    return next((n for n in range(longest, 0, -1) if any(tag.startswith(text[-n:]) for tag in tags)), 0)
