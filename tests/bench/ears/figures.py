"""What is computed from the events of an utterance: pure functions of times and texts.

Texts are compared without case and punctuation (`support.recognise.normal`). What a caption shows at an event is the
FINALs so far and then the event's own text, for an INTERIM and a PREFLIGHT carry the current segment alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import jiwer
from livekit.agents.stt import SpeechEventType

from bench.ears.call import Event, Turn
from support.recognise import normal

PREFLIGHT_WITHIN_S = 0.35
INTERIM_EVERY_S = 0.7
_AT_ONCE_S = 0.05
_SHOWN = (SpeechEventType.INTERIM_TRANSCRIPT, SpeechEventType.PREFLIGHT_TRANSCRIPT)
_TRANSCRIPTS = (*_SHOWN, SpeechEventType.FINAL_TRANSCRIPT)


@dataclass(frozen=True)
class _Display:
    """The words a caption shows after an event; the first `given` of them are final."""

    words: list[str]
    given: int


def transcripts(events: Sequence[Event]) -> list[Event]:
    """The events that show words."""
    return [event for event in events if event.type in _TRANSCRIPTS and event.text]


def flicker(events: Sequence[Event]) -> tuple[int, int]:
    """Changes of words that were shown before they were final, and how many were shown.

    Words are told by their position in the utterance. A change: an INTERIM or PREFLIGHT showed a word at a position,
    and the next transcript event, FINAL or not, shows another one there or none. A showing: a pair of position and
    word that an INTERIM or PREFLIGHT showed, however often. So a word put in shifts, and changes, all behind it.
    """
    changes = 0
    shown: set[tuple[int, str]] = set()
    before: _Display | None = None
    for display in _displays(events):
        if before is not None:
            places = range(before.given, len(before.words))
            changes += sum(before.words[at : at + 1] != display.words[at : at + 1] for at in places)
        shown.update((at, display.words[at]) for at in range(display.given, len(display.words)))
        before = display
    return changes, len(shown)


def first_words_s(turn: Turn) -> float | None:
    """From the first speech sample to the first words, of whatever kind; None where none came."""
    return next((event.at - turn.began_at for event in transcripts(turn.events)), None)


def gaps_s(turn: Turn, pauses: Sequence[tuple[float, float]]) -> list[float]:
    """Seconds of speech between one transcript event and the next, from the first one to the last speech sample.

    `pauses` are silent stretches in seconds after the first speech sample; their time is not speech. Events within
    50 ms count as one, for an INTERIM and its PREFLIGHT may come together. Empty where no words came during speech.
    """
    marks: list[float] = []
    for event in transcripts(turn.events):
        if event.at <= turn.ended_at and (not marks or event.at - marks[-1] > _AT_ONCE_S):
            marks.append(event.at)
    if not marks:
        return []
    silences = [(turn.began_at + start, turn.began_at + end) for start, end in pauses]
    return [
        until - since - sum(max(0.0, min(until, end) - max(since, start)) for start, end in silences)
        for since, until in zip(marks, [*marks[1:], turn.ended_at], strict=True)
    ]


def preflight(turn: Turn) -> tuple[float, bool] | None:
    """Seconds from the last speech sample to the PREFLIGHT, and whether its words became the final ones.

    It is the last one that came after the last speech sample, within PREFLIGHT_WITHIN_S of it, and before the last
    FINAL; None where there is none. One that came before the last speech sample does not know the end.
    """
    deadline = turn.ended_at + PREFLIGHT_WITHIN_S
    found: tuple[float, str] | None = None
    given = ""
    last_final = max((event.at for event in turn.finals if event.text), default=float("inf"))
    for event in turn.events:
        if event.type is SpeechEventType.FINAL_TRANSCRIPT:
            given = f"{given} {event.text}"
        if event.type is not SpeechEventType.PREFLIGHT_TRANSCRIPT or not event.text:
            continue
        if turn.ended_at < event.at <= min(deadline, last_final):
            found = event.at, f"{given} {event.text}"
    return (found[0] - turn.ended_at, normal(found[1]) == normal(turn.text)) if found else None


def word_errors(pairs: Sequence[tuple[str, str]]) -> float | None:
    """Errors in 100 words of the references, over all pairs of reference and hypothesis; None without any."""
    if not pairs:
        return None
    references, heard = ([normal(text) for text in column] for column in zip(*pairs, strict=True))
    return 100 * float(jiwer.wer(references, heard))


def by_character(text: str) -> str:
    """Korean spacing is a matter of style: its errors are counted in characters."""
    return " ".join(normal(text).replace(" ", ""))


def share(values: Sequence[bool]) -> float | None:
    """How many hold, 0 to 1; None without any."""
    return sum(values) / len(values) if values else None


def ratio(dividend: float | None, divisor: float | None) -> float | None:
    """None where either is not known."""
    return dividend / divisor if dividend is not None and divisor else None


def _displays(events: Sequence[Event]) -> list[_Display]:
    found: list[_Display] = []
    given: list[str] = []
    for event in events:
        words = normal(event.text).split()
        if event.type is SpeechEventType.FINAL_TRANSCRIPT:
            given = given + words
            found.append(_Display(given, len(given)))
        elif event.type in _SHOWN:
            found.append(_Display(given + words, len(given)))
    return found
