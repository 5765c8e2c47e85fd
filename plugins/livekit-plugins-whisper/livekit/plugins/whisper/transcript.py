"""What Whisper heard, and whether to believe it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class Segment(Protocol):
    """The part of faster-whisper's segment that is used."""

    start: float
    end: float
    text: str
    tokens: list[int]
    avg_logprob: float


@dataclass(frozen=True)
class Transcript:
    """What one recording says. Without speech the text is empty."""

    text: str
    language: str
    """Whisper's language code, such as "ko"."""
    start_s: float = 0.0
    """Where the first words begin, from the start of the recording."""
    end_s: float = 0.0
    """Where the last words end."""
    confidence: float = 0.0
    """The geometric mean of the tokens' probabilities, 0 to 1."""

    @classmethod
    def of(cls, segments: Sequence[Segment], *, language: str, duration_s: float) -> "Transcript":
        """Joins the segments of one recording."""
        if not segments:
            return cls("", language)
        tokens = sum(len(segment.tokens) for segment in segments)
        logprob = sum(segment.avg_logprob * len(segment.tokens) for segment in segments) / max(tokens, 1)
        return cls(
            text="".join(segment.text for segment in segments).strip(),
            language=language,
            start_s=min(segments[0].start, duration_s),
            end_s=min(segments[-1].end, duration_s),
            confidence=min(1.0, math.exp(logprob)),
        )
