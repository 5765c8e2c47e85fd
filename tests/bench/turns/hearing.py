"""Words as the companion's ears give them: the same model and decoder, asked directly."""

from collections.abc import Sequence

from bench.ears.sound import RATE
from livekit.plugins.whisper.engine.decoder import Decoder
from livekit.plugins.whisper.engine.loading import load
from livekit.plugins.whisper.protocol import Kind, Question
from support.recording import Samples
from support.speech import WHISPER_MODEL

_APART_S = 0.6
"""What lies before a longer silence is not recognised again with what follows it."""
_AROUND_S = 0.15
"""Audio around the speech that is recognised with it."""


class Ears:
    """whisper-base without a prompt. Blocks."""

    def __init__(self) -> None:
        self._decoder = Decoder(next(load(WHISPER_MODEL, device="cpu")).whisper)
        self._known: dict[bytes, str] = {}

    def words(self, samples: Samples, stretches: Sequence[tuple[int, int]], language: str, kind: Kind) -> str:
        """What is said in `stretches` of speech (from sample to sample), joined where little silence is between."""
        joined: list[tuple[int, int]] = []
        for start, end in stretches:
            if joined and start - joined[-1][1] < _APART_S * RATE:
                joined[-1] = joined[-1][0], end
            else:
                joined.append((start, end))
        return " ".join(filter(None, (self._piece(samples, *one, language, kind) for one in joined)))

    def _piece(self, samples: Samples, start: int, end: int, language: str, kind: Kind) -> str:
        margin = round(_AROUND_S * RATE)
        audio = samples[max(0, start - 2 * margin) : end + (0 if kind is Kind.INTERIM else margin)]
        key = audio.tobytes()
        if key not in self._known:
            end_s = (end - max(0, start - 2 * margin)) / RATE
            question = Question(
                call="",
                kind=kind,
                language=language,
                prompt="",
                speech_end_s=end_s,
                word_times=kind is not Kind.INTERIM,
            )
            (heard,) = self._decoder.recognise([(question, audio)])
            self._known[key] = "".join(word.text for word in heard.words).strip()
        return self._known[key]
