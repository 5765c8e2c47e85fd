"""What sound must be like to be the speech of a text. Pure."""

import itertools

RATES = (24000, 32000, 48000)
"""Hz: GPT-SoVITS v3; v1, v2 and v2Pro; v4."""
FAILURE_RATE = 16000
"""Hz. No GPT-SoVITS model speaks at this rate: the server marks a failed synthesis with it."""

_LETTERS_A_SECOND, _KANA_A_SECOND, _SYLLABLES_A_SECOND = 25.0, 20.0, 12.0
"""About one and a half times as fast as people talk when they hurry."""


class TrailingZeros:
    """Holds exact silence back until sound follows it: a server that fails ends in zeros.

    `feed` and `rest` together give all that came in, in order, and what `feed` gives never ends in a zero sample.
    """

    def __init__(self) -> None:
        self.held = 0
        """Bytes of zeros held back."""

    def feed(self, samples: bytes) -> bytes:
        """Whole int16 samples in, whole samples out, maybe none."""
        sounding = len(samples.rstrip(b"\0"))
        sounding += sounding % 2
        if not sounding:
            self.held += len(samples)
            return b""
        before, self.held = self.held, len(samples) - sounding
        return bytes(before) + samples[:sounding]

    def rest(self) -> bytes:
        held, self.held = self.held, 0
        return bytes(held)


def shortest_speech_s(text: str, speed_factor: float = 1.0) -> float:
    """Seconds that `text` takes at the very least: Hangul and Han by syllable, kana, and all else by letter or digit.

    A letter drawn out ("nooooo") counts twice at most.
    """
    seconds = 0.0
    for character, run in itertools.groupby(text):
        if not character.isalnum():
            continue
        pace = _LETTERS_A_SECOND
        if "\uac00" <= character <= "\ud7a3" or "\u4e00" <= character <= "\u9fff":
            pace = _SYLLABLES_A_SECOND
        elif "\u3041" <= character <= "\u30ff":
            pace = _KANA_A_SECOND
        seconds += min(sum(1 for _ in run), 2) / pace
    return seconds / speed_factor
