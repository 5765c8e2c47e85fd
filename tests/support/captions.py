"""Both sides' captions as a caller's device gets them: text streams on LiveKit's topic `lk.transcription`."""

from dataclasses import dataclass, field
from typing import Literal

Speaker = Literal["caller", "companion"]


@dataclass
class Caption:
    """One segment of speech. Its text grows or is mended until it is final."""

    speaker: Speaker
    text: str
    final: bool
    at: float
    """When its first words came, in `time.monotonic` seconds."""


@dataclass
class Captions:
    """Every segment so far, in the order in which they began."""

    segments: dict[str, Caption] = field(default_factory=dict)

    def replace(self, segment: str, speaker: Speaker, text: str, *, final: bool, at: float) -> None:
        """Takes `text` for the whole of a segment, be it new or known."""
        caption = self.segments.setdefault(segment, Caption(speaker, text, final, at))
        caption.text, caption.final = text, final

    def text(self, speaker: Speaker, since: float | None) -> str:
        """What `speaker` said in the segments that began at or after `since`."""
        return " ".join(
            caption.text.strip()
            for caption in self.segments.values()
            if caption.speaker == speaker and (since is None or caption.at >= since)
        )
