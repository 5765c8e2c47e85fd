"""What is known at each pause of a turn, computed once; every strategy decides from the same."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from livekit.agents import vad
from livekit.plugins import silero, turns

from bench.ears.sound import RATE
from bench.turns import others
from bench.turns.hearing import Ears
from bench.turns.material import Turn
from bench.turns.silences import SILENCE_S, Silence, silences
from livekit.plugins.turns.words import words_said
from livekit.plugins.whisper.protocol import Kind

WORDS_S = (0.25, 0.35)
"""When all words are there, after the last speech: median and 95th percentile of the companion's ears in a call."""
INTERIM_AGE_S = 0.4
"""How much of the last speech is missing in the interim before that; they come every 0.6 s."""

_TAIL_Z = 1.645


@dataclass(frozen=True)
class Pause:
    """One pause. Times in seconds after the last speech as the VAD counts it.

    audio, audio_s: LiveKit's v1-mini, and when its answer is there. smart, smart_s: Pipecat's Smart Turn likewise.
    words, words_s: what `finished` says of all words, and when they are there. interim: what it says of those known
    before; None where there are none. ended_s: the VAD's end of speech. resumed_s: the VAD's start of speech, None
    behind the turn's true end. late_s: how much later than the last speech sample the VAD's last speech is; 0 within a
    turn.
    """

    audio: float
    audio_s: float
    smart: float
    smart_s: float
    words: float | None
    words_s: float
    interim: float | None
    asked: turns.Asked
    ended_s: float
    resumed_s: float | None
    late_s: float
    text: str
    interim_text: str
    length: int | None
    """`words_said` of all words."""


@dataclass(frozen=True)
class Heard:
    """A turn's pauses in order; the last one is behind its true end."""

    name: str
    language: str
    asked: str
    said: str
    pauses: tuple[Pause, ...]


async def gather(spoken: Sequence[Turn], ears: Ears) -> list[Heard]:
    """The evidence at every pause. A turn in which the VAD hears nothing at its end raises `ValueError`."""
    model = silero.VAD.load(min_silence_duration=SILENCE_S)
    heard, pieces = [], []
    async with others.livekit() as livekit:
        for turn in spoken:
            found = await _silences(turn, model)
            opinions = await livekit.opinions(turn.samples, [silence.asked for silence in found])
            pauses = [_pause(turn, one, opinion, ears) for one, opinion in zip(found, opinions, strict=True)]
            heard.append(Heard(turn.name, turn.language, turn.asked, turn.text, tuple(pauses)))
            first = found[0].stretches[0][0] - round(others.SMART_BEFORE_S * RATE)
            smart_asked = round(others.SMART_ASKED_S * RATE)
            pieces += [turn.samples[max(0, first) : silence.began + smart_asked] for silence in found]
    said = iter(await others.smart_turn(pieces))
    return [replace(one, pauses=tuple(_with_smart(pause, next(said)) for pause in one.pauses)) for one in heard]


async def _silences(turn: Turn, model: vad.VAD) -> list[Silence]:
    found = await silences(turn.samples, model)
    if not found or found[-1].resumed is not None:
        raise ValueError(f"no silence was found behind {turn.name!r}")
    return found


def _pause(turn: Turn, silence: Silence, opinion: others.Opinion, ears: Ears) -> Pause:
    def after_s(at: int) -> float:
        return (at - silence.began) / RATE

    asked = turns.what_was_asked(turn.asked, turn.language)
    text = ears.words(turn.samples, silence.stretches, turn.language, Kind.PREFLIGHT)
    until = silence.began - round(INTERIM_AGE_S * RATE)
    before = [(start, min(end, until)) for start, end in silence.stretches if start < until]
    interim = ears.words(turn.samples, before, turn.language, Kind.INTERIM) if before else ""
    rng = np.random.default_rng(int.from_bytes(hashlib.sha256(f"{turn.name} {silence.began}".encode()).digest()[:4]))
    median_s, late_s = WORDS_S
    return Pause(
        audio=opinion.probability,
        audio_s=after_s(silence.asked) + opinion.took_s,
        smart=0.0,
        smart_s=0.0,
        words=turns.finished(text, turn.language, asked) if text else None,
        words_s=float(median_s * (late_s / median_s) ** (rng.standard_normal() / _TAIL_Z)),
        interim=turns.finished(interim, turn.language, asked) if interim else None,
        asked=asked,
        ended_s=after_s(silence.ended),
        resumed_s=None if silence.resumed is None else after_s(silence.resumed),
        late_s=0.0 if silence.resumed is not None else (silence.began - turn.end) / RATE,
        text=text,
        interim_text=interim,
        length=words_said(text, turn.language),
    )


def _with_smart(pause: Pause, opinion: others.Opinion) -> Pause:
    return replace(pause, smart=opinion.probability, smart_s=others.SMART_ASKED_S + opinion.took_s)
