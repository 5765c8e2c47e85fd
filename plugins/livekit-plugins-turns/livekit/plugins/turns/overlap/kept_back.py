"""Words of listening that were kept from LiveKit, and then turn out to begin a turn."""

from livekit.agents import stt

from ..transcripts import preceded_by, text_of

TOGETHER_S = 2.5
"""What was kept back belongs to what is said so soon after."""


class KeptBack:
    """One session's. Times are seconds by any clock.

    They go before the text of every transcript of the segment that follows. As a final of their own they would be
    taken for a turn: LiveKit would begin an answer to them, and might call the turn behind them.
    """

    def __init__(self) -> None:
        self._kept = ""
        self._kept_at = 0.0
        self._before = ""

    def begin(self) -> None:
        """A segment begins."""
        self._before = ""

    def keep(self, text: str, now: float) -> None:
        """`text` is kept from LiveKit."""
        earlier = self._kept if self._fresh(now) else ""
        self._kept, self._kept_at = f"{earlier} {text}".strip(), now

    def put_before(self, event: stt.SpeechEvent, now: float) -> stt.SpeechEvent:
        """`event`, which passes, with what was kept directly before its segment."""
        said = text_of(event)
        if said:
            kept, self._kept = (self._kept if self._fresh(now) else ""), ""
            self._before = self._before or kept
        before = self._before
        if event.type is stt.SpeechEventType.FINAL_TRANSCRIPT:
            self._before = ""
        return preceded_by(before, event) if before and said else event

    def _fresh(self, now: float) -> bool:
        return bool(self._kept) and now - self._kept_at < TOGETHER_S
