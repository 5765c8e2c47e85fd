"""The agent's words on their way out."""

from livekit.agents.voice import io

_CLOSING = " \n\"'”’)*"
_KEPT = 2000
"""Characters of a reply that are remembered: more than anything that echoes or is answered."""


class Spoken(io.TextOutput):
    """Put in front of the session's transcription; it keeps what the agent says, or has said last."""

    def __init__(self, next_in_chain: io.TextOutput | None) -> None:
        super().__init__(label="Spoken", next_in_chain=next_in_chain)
        self.text = ""
        self._whole = True

    @property
    def from_its_beginning(self) -> bool:
        """Whether the reply is known from its first word on."""
        return len(self.text) < _KEPT

    @property
    def whole(self) -> bool:
        """Whether the reply is known from its beginning to its end."""
        return self._whole and self.from_its_beginning

    @property
    def asks(self) -> bool:
        """Whether the reply is known to its end, and ends in a question."""
        return self._whole and self.text.rstrip(_CLOSING).endswith(("?", "？"))

    async def capture_text(self, text: str) -> None:
        if self._whole:
            self.text, self._whole = "", False
        self.text = (self.text + text)[-_KEPT:]
        if self.next_in_chain:
            await self.next_in_chain.capture_text(text)

    def flush(self) -> None:
        self._whole = True
        if self.next_in_chain:
            self.next_in_chain.flush()
