"""What a call's hearing tells LiveKit, and how words become it."""

import math
from dataclasses import dataclass, field, replace

import numpy as np
from livekit.agents.stt import SpeechEventType

from .guards import Drop
from .protocol import SAMPLE_RATE, Heard, Word
from .segment import Ask, Segment


@dataclass(frozen=True)
class Said:
    """Something to tell LiveKit. Times are in seconds from the beginning of the call."""

    type: SpeechEventType
    text: str = ""
    stable: str = field(default="", repr=False)
    """The beginning of `text` that two successive hypotheses have in common, or that is known to be all."""
    supposed: str = field(default="", repr=False)
    """`text` and the words behind it that are not sure enough to be shown."""
    language: str = ""
    words: tuple[Word, ...] = ()
    """With their times, where they are known."""
    start_s: float = 0.0
    end_s: float = 0.0
    confidence: float = 0.0
    """Mean probability of the words, or of the tokens."""
    audio_s: float = 0.0
    """What was recognised of the call, for RECOGNITION_USAGE."""
    dropped: Drop | None = None
    """Why there is no text although the model wrote some."""


def transcript(kind: SpeechEventType, ask: Ask, heard: Heard, count: int) -> Said:
    """What the ask's segment keeps, and the first `count` words of the answer."""
    words = in_the_call(ask, heard.words[:count])
    said = kept(kind, ask.segment, words)
    end_s = said.end_s if said.words else ask.speech_end / SAMPLE_RATE
    confidence = said.confidence if said.words else math.exp(min(0.0, heard.logprob))
    stable = ask.segment.agreement.agreed if kind is SpeechEventType.INTERIM_TRANSCRIPT else count
    return replace(
        said,
        stable=_text((*ask.segment.kept, *words[:stable])),
        supposed=_text((*ask.segment.kept, *heard.words)),
        language=heard.language,
        end_s=end_s,
        confidence=confidence,
    )


def kept(kind: SpeechEventType, segment: Segment, more: tuple[Word, ...] = ()) -> Said:
    """What the segment keeps, and `more` words behind it."""
    words = (*segment.kept, *more)
    timed = tuple(word for word in words if word.start_s is not None and word.end_s is not None)
    sure = [word.probability for word in timed if word.probability is not None]
    text = _text(words)
    return Said(
        kind,
        text=text,
        stable=text,
        supposed=text,
        language=segment.language or "",
        words=timed,
        start_s=timed[0].start_s or 0.0 if timed else max(segment.begin, segment.onset) / SAMPLE_RATE,
        end_s=timed[-1].end_s or 0.0 if timed else segment.speech_end / SAMPLE_RATE,
        confidence=float(np.mean(sure)) if sure else 1.0,
    )


def _text(words: tuple[Word, ...]) -> str:
    return "".join(word.text for word in words).strip()


def in_the_call(ask: Ask, words: tuple[Word, ...]) -> tuple[Word, ...]:
    """Words of an answer, with times in seconds from the beginning of the call."""
    begin_s = ask.begin / SAMPLE_RATE
    # The alignment lets the first word begin where the audio does.
    onset_s = max(ask.begin, ask.segment.onset) / SAMPLE_RATE

    def at(seconds: float | None) -> float | None:
        return None if seconds is None else max(begin_s + seconds, onset_s)

    return tuple(word.model_copy(update={"start_s": at(word.start_s), "end_s": at(word.end_s)}) for word in words)
