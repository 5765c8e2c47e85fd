"""Whole recordings of any length: cut where nobody speaks into pieces that the engine takes, and joined again."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from livekit.agents import LanguageCode, stt
from livekit.agents.types import TimedString

from .client import Client
from .guards import judge
from .metrics import DROPPED
from .options import StreamOptions
from .protocol import SAMPLE_RATE, Heard, Kind, Question, Samples
from .voice import Evidence, VoiceActivity, Window

_PIECE_S = 24.0
_AROUND_S = 0.3
"""Silence that is kept before and behind speech."""


@dataclass(frozen=True)
class Piece:
    """A part of a recording in which somebody speaks."""

    begin: int
    samples: Samples
    speech_end_s: float
    """From the beginning of the piece."""
    evidence: Evidence


def pieces(samples: Samples) -> list[Piece]:
    """The parts with speech, at most 24 s each, cut in the longest pause. Blocks: 1.6 ms for a second of audio."""
    padding = np.zeros(-len(samples) % 512, np.int16)
    windows = VoiceActivity().push(np.concatenate([samples, padding]))
    found: list[Piece] = []
    while windows:
        voiced = [number for number, window in enumerate(windows) if window.voiced]
        if not voiced:
            break
        windows = windows[voiced[0] :]
        count = _length(windows)
        found.append(_piece(samples, windows[:count], windows[count:], found[-1] if found else None))
        windows = windows[count:]
    return found


def _length(windows: list[Window]) -> int:
    """How many of the first windows make a piece: the longest pause in its second half ends it."""
    most = int(_PIECE_S * SAMPLE_RATE / 512)
    if len(windows) <= most:
        return len(windows)
    half = windows[most // 2 : most]
    pauses = [list(run) for voiced, run in groupby(range(len(half)), key=lambda at: half[at].voiced) if not voiced]
    if not pauses:  # somebody speaks without a breath: the quietest place
        return most // 2 + int(np.argmin([window.probability for window in half])) + 1
    longest = max(pauses, key=lambda run: sum(1 - half[at].probability for at in run))
    return most // 2 + longest[len(longest) // 2] + 1


def _piece(samples: Samples, windows: list[Window], later: list[Window], former: Piece | None) -> Piece:
    """The samples of these windows and what is silent around them: nothing of the former piece or the later."""
    around = round(_AROUND_S * SAMPLE_RATE)
    speech_end = max(window.end for window in windows if window.voiced)
    begin, end = max(0, windows[0].begin - around), min(speech_end + around, len(samples))
    if former:
        begin = max(begin, former.begin + len(former.samples))
    if spoken := [window for window in later if window.voiced]:
        end = min(end, max(spoken[0].begin, speech_end))
    return Piece(begin, samples[begin:end], (speech_end - begin) / SAMPLE_RATE, Evidence.of(windows))


async def recognise(client: Client, call: str, piece: Piece, opts: StreamOptions, *, timeout_s: float) -> Heard:
    """What a piece says, its words believed by the guards. Raises as `Client.recognise` does."""
    prompt = opts.prompt(answers=piece.begin == 0)
    question = Question(
        call=call,
        kind=Kind.FINAL,
        language=opts.language.language if opts.language else None,
        prompt=prompt,
        speech_end_s=piece.speech_end_s,
        word_times=True,
    )
    heard = await client.recognise(question, piece.samples, timeout_s=timeout_s)
    if dropped := judge(heard, piece.evidence, prompt=prompt):
        DROPPED.labels(dropped.value).inc()
        return heard.model_copy(update={"words": ()})
    return heard


def joined(found: Sequence[Piece], heard: Sequence[Heard], *, language: LanguageCode | None) -> stt.SpeechData:
    """What the recording says whose pieces say that; `language` is the one that was asked for."""
    spoken = [
        (word, piece.begin / SAMPLE_RATE + (word.start_s or 0.0), piece.begin / SAMPLE_RATE + (word.end_s or 0.0))
        for piece, said in zip(found, heard, strict=True)
        for word in said.words
    ]
    words = [
        TimedString(text=word.text.strip(), start_time=start_s, end_time=end_s, confidence=word.probability or 0.0)
        for word, start_s, end_s in spoken
    ]
    logprobs = [said.logprob for said in heard if said.words]
    return stt.SpeechData(
        language=next((LanguageCode(said.language) for said in heard), language or LanguageCode("und")),
        text=" ".join(said.text for said in heard if said.text),
        start_time=spoken[0][1] if spoken else 0.0,
        end_time=spoken[-1][2] if spoken else 0.0,
        confidence=math.exp(min(0.0, sum(logprobs) / len(logprobs))) if logprobs else 0.0,
        words=words or None,
    )
