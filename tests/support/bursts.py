"""Scripted speech that tells where it is: ten bursts a second, each a step higher than the one before."""

import asyncio

import numpy as np
import numpy.typing as npt

from support.voice_server import Exchange, Script, stream_header

RATE = 32000
STEP_S = 0.1
_BURST_S = 0.07
_LOWEST_HZ, _STEP_HZ = 300, 25
_LETTER_S = 0.07
"""Slower than any text must be spoken."""

Samples = npt.NDArray[np.int16]


def bursts_in(text: str) -> int:
    """How many bursts speak `text`."""
    return max(6, round(len(text) * _LETTER_S / STEP_S))


def speech(text: str, *, rate: int = RATE, pace: float = 1.0, lead_s: float = 0.0) -> Samples:
    """`text` in bursts, `pace` times as slow, after `lead_s` of silence."""
    step = np.arange(round(STEP_S * pace * rate)) / rate
    steps = [
        np.where(step < _BURST_S * pace, 12000 * np.cos(2 * np.pi * (_LOWEST_HZ + _STEP_HZ * k) * step), 0)
        for k in range(bursts_in(text))
    ]
    return np.concatenate([np.zeros(round(lead_s * rate)), *steps]).astype(np.int16)


def runs(samples: Samples, *, rate: int = RATE, gap_s: float = 0.015) -> list[tuple[int, int]]:
    """Where sound begins and ends, in samples; what is quiet for less than `gap_s` is part of it."""
    loud = np.flatnonzero(np.abs(samples.astype(int)) > 400)
    if not len(loud):
        return []
    breaks = np.flatnonzero(np.diff(loud) > gap_s * rate)
    return list(zip(loud[np.r_[0, breaks + 1]].tolist(), (loud[np.r_[breaks, -1]] + 1).tolist(), strict=True))


def places(samples: Samples, *, rate: int = RATE) -> list[int]:
    """Which bursts are heard, in their order; fragments of less than 30 ms are left out."""
    found = []
    for begin, end in runs(samples, rate=rate):
        if end - begin >= 0.03 * rate:
            spectrum = np.abs(np.fft.rfft(samples[begin:end].astype(float), 2 * rate))
            found.append(round((np.argmax(spectrum) / 2 - _LOWEST_HZ) / _STEP_HZ))
    return found


def talk(
    *, rate: int = RATE, pace: float = 1.0, lead_s: float = 0.0, trail_s: float = 0.3, before_s: float = 0.0
) -> Script:
    """Speaks every text, as fast as it can be sent, `before_s` after it was asked; zeros follow, as a good server's."""

    async def script(exchange: Exchange) -> None:
        await asyncio.sleep(before_s)
        sound = speech(exchange.fields["text"], rate=rate, pace=pace, lead_s=lead_s).tobytes()
        step = rate // 5
        sound += bytes(2 * round(trail_s * rate))
        await exchange.reply(stream_header(rate), *(sound[at : at + step] for at in range(0, len(sound), step)))

    return script


def break_off(after_s: float, *, rate: int = RATE, how: str = "broken") -> Script:
    """Speaks the first `after_s` seconds; then the connection closes, or ("stall") nothing more comes."""

    async def script(exchange: Exchange) -> None:
        sound = speech(exchange.fields["text"], rate=rate)[: round(after_s * rate)].tobytes()
        await exchange.head()
        await exchange.chunk(stream_header(rate) + sound)
        await asyncio.sleep(0.02)
        if how == "stall":
            await exchange.gone()

    return script
