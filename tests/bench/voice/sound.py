"""Sound that can be found again: for every text its own noise, as long as the text takes to speak."""

import zlib
from typing import Any

import numpy as np

RATE = 32000
"""Hz, of everything that is spoken in this benchmark."""
SILENCE_PEAK = 164
"""Samples below this, -46 dB of full scale, are silence."""
EDGE_S = 0.1
"""Near silence before and behind the speech of a text, as voices make it."""

_SYLLABLES_A_SECOND, _LETTERS_A_SECOND = 5.5, 12.5
_LOUD, _QUIET = 8000, 60

Samples = np.ndarray[Any, np.dtype[np.int16]]


def speech_s(text: str) -> float:
    """How long a person speaks `text`, without pauses."""
    syllables = sum("\uac00" <= character <= "\ud7a3" for character in text)
    others = sum(character.isalnum() for character in text) - syllables
    return syllables / _SYLLABLES_A_SECOND + others / _LETTERS_A_SECOND


def sound(text: str) -> Samples:
    """The same samples for the same text, other ones for another: near silence, noise, near silence. Mono, at RATE."""
    random = np.random.default_rng(zlib.crc32(text.encode()))
    edge = round(EDGE_S * RATE)
    speech = random.integers(-_LOUD, _LOUD, round(speech_s(text) * RATE), np.int16)
    speech[:1] = speech[-1:] = _LOUD
    quiet = random.integers(1, _QUIET, 2 * edge, np.int16)
    return np.concatenate([quiet[:edge], speech, quiet[edge:]])
