"""Accuracy and latency: one caller after the other, in silence and in noise, beside plain faster-whisper.

Plain faster-whisper runs after each utterance, on the same samples, while the stream is given nothing; its time is
0.2 s, for it begins at the flush as the stream does, and that of its pass.
"""

import asyncio
import itertools
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from livekit.agents import stt

from bench import report
from bench.ears.call import FLUSH_AFTER_S, Call, Turn, calling
from bench.ears.engine import Engine
from bench.ears.figures import first_words_s, flicker, gaps_s, preflight
from bench.ears.plain import Heard, Plain, whole
from bench.ears.sound import Utterance, sound

CONDITIONS: Mapping[str, float | None] = {"clean": None, "20 dB": 20.0, "10 dB": 10.0}
"""Signal-to-noise ratios."""

_REST_S = 0.3
"""Threads of either recogniser spin for up to 0.2 s after their work; the other begins when that is over."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One utterance. Times in seconds; None for what did not happen."""

    condition: str
    name: str
    language: str
    text: str
    speech_s: float
    heard: str
    """All FINALs."""
    flush_to_final_s: float | None
    end_to_final_s: float | None
    first_words_s: float | None
    preflight_s: float | None
    """After the last speech sample."""
    preflight_right: bool | None
    gaps_s: list[float]
    flicker_changes: int
    flicker_shown: int
    engine_cpu_s: float
    """From before the lead until after the FINAL."""
    caller_cpu_s: float
    """This process's meanwhile: sending, receiving, and what the plugin does in a job's process."""
    late_s: float
    plain: Heard
    fast: Heard
    """Plain faster-whisper with every core and a beam of 1."""
    events: list[tuple[float, str, str]]
    """Seconds after the first speech sample, type, text."""

    @property
    def plain_s(self) -> float:
        """Plain faster-whisper's time from the end of speech to its text."""
        return FLUSH_AFTER_S + self.plain.wall_s

    @property
    def fast_s(self) -> float:
        return FLUSH_AFTER_S + self.fast.wall_s


async def measure(
    ears: Mapping[str, stt.STT[Any]], engine: Engine, utterances: Sequence[Utterance], plain: Plain, fast: Plain
) -> list[Row]:
    """Every utterance in every condition, on one stream for each condition and language."""
    for model in (plain, fast):
        await asyncio.to_thread(model.warm_up)
    rows: list[Row] = []
    for condition, snr_db in CONDITIONS.items():
        by_language = itertools.groupby(sorted(utterances, key=lambda one: one.language), key=lambda one: one.language)
        for language, group in by_language:
            async with calling(ears[language]) as call:
                for seed, utterance in enumerate(group):
                    row = await _one(call, engine, utterance, condition, snr_db, seed, plain, fast)
                    print(f"  {condition}  {report.cell(row.end_to_final_s)} s  {row.heard}", flush=True)
                    rows.append(row)
    return rows


async def _one(
    call: Call,
    engine: Engine,
    utterance: Utterance,
    condition: str,
    snr_db: float | None,
    seed: int,
    plain: Plain,
    fast: Plain,
) -> Row:
    sent = sound(utterance, snr_db=snr_db, seed=seed)
    whole_utterance = whole(sent, flush_after_s=FLUSH_AFTER_S)
    engine_before, caller_before = engine.cpu_s(), time.process_time()
    turn = await call.say(sent)
    engine_cpu_s, caller_cpu_s = engine.cpu_s() - engine_before, time.process_time() - caller_before
    heard = []
    for model in (plain, fast):
        heard.append(await asyncio.to_thread(model.hear, whole_utterance, utterance.language))
        await asyncio.sleep(_REST_S)
    changes, shown = flicker(turn.events)
    early = preflight(turn)
    return Row(
        condition=condition,
        name=utterance.name,
        language=utterance.language,
        text=utterance.text,
        speech_s=utterance.duration_s,
        heard=turn.text,
        flush_to_final_s=_since(turn.answered_at, turn.flushed_at),
        end_to_final_s=_since(_final_at(turn), turn.ended_at),
        first_words_s=first_words_s(turn),
        preflight_s=early[0] if early else None,
        preflight_right=early[1] if early else None,
        gaps_s=gaps_s(turn, utterance.pauses),
        flicker_changes=changes,
        flicker_shown=shown,
        engine_cpu_s=engine_cpu_s,
        caller_cpu_s=caller_cpu_s,
        late_s=turn.late_s,
        plain=heard[0],
        fast=heard[1],
        events=[(event.at - turn.began_at, event.type.value, event.text) for event in turn.events],
    )


def as_json(rows: Sequence[Row]) -> list[dict[str, Any]]:
    return [asdict(row) | {"plain_s": row.plain_s, "fast_s": row.fast_s} for row in rows]


def _final_at(turn: Turn) -> float | None:
    """When all words were final: by the flush's answer, unless that had none and words had come after the end."""
    after = [event.at for event in turn.finals if event.text and event.at >= turn.ended_at]
    return after[-1] if after else turn.answered_at


def _since(at: float | None, origin: float | None) -> float | None:
    return at - origin if at is not None and origin is not None else None
