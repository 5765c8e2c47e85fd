"""The utterances: `ears_texts.py` in the stand-in's Piper voice, and recorded people where their files are present.

Piper draws its noise at random, so what it has said is kept in build/bench/ears.speech: every run in one clone hears
the same.
"""

import hashlib
import json
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from bench import report
from bench.ears.sound import Utterance, at_16k, joined, trimmed
from bench.ears.texts import SPOKEN
from support.speech import Speech
from support.standin import running_standin

SPEECH = report.FOLDER / "ears.speech"
RECORDINGS = Path(__file__).parents[4] / "shared" / "audio"
"""Beside the repository, and in no clone elsewhere."""

_RECORDED = (
    (
        "en_jfk.wav",
        "en",
        "And so, my fellow Americans, ask not what your country can do for you; ask what you can do for your country.",
    ),
    ("ko_read.wav", "ko", "조금만 생각을 하면서 살면 훨씬 편할 거야."),
)
_PAUSE_S = (0.3, 0.6)
_TIMEOUT_S = 30

Say = Callable[[str, float], Speech]


def spoken(count: int) -> list[Utterance]:
    """The first `count` texts at their speeds, again from the top where there are fewer."""
    texts = [(text, speeds[turn]) for turn in (0, 1) for text, speeds in SPOKEN if turn < len(speeds)]
    with _voice() as say:
        return [_spoken(*texts[index % len(texts)], say) for index in range(count)]


def recordings() -> list[Utterance]:
    """Recorded people, as far as their files are there."""
    return [
        Utterance(file, text, language, trimmed(at_16k(Speech.from_wav(RECORDINGS / file))))
        for file, language, text in _RECORDED
        if (RECORDINGS / file).is_file()
    ]


def _spoken(text: str, speed: float, say: Say) -> Utterance:
    """A text whose clauses are said apart, with a pause between them."""
    clauses = text.split("|")
    # The pause is the text's own: another count of utterances does not change it.
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4])
    pause_s = float(np.random.default_rng(seed).uniform(*_PAUSE_S))
    samples = joined([trimmed(at_16k(say(clause.strip(), speed))) for clause in clauses], pause_s)
    return Utterance(f"{speed} {text}", text.replace("|", ""), "en", samples)


@contextmanager
def _voice() -> Iterator[Say]:
    """Says a text at a speed, or takes what was said before. The voice server runs from the first new text on."""
    SPEECH.mkdir(parents=True, exist_ok=True)
    with running_standin() as standin:

        def say(text: str, speed: float) -> Speech:
            name = hashlib.sha256(f"{speed} {text}".encode()).hexdigest()[:16]
            path = SPEECH / f"{name}.wav"
            if not path.exists():
                partial = path.with_suffix(".partial")
                partial.write_bytes(_request(standin.url, text, speed))
                partial.rename(path)
            return Speech.from_wav(path)

        yield say


def _request(url: str, text: str, speed: float) -> bytes:
    """A WAV file, by GPT-SoVITS' `api_v2`; the stand-in has no reference to imitate, but the fields are required."""
    fields = {
        "text": text,
        "text_lang": "en",
        "ref_audio_path": "voices/june.wav",
        "prompt_lang": "en",
        "text_split_method": "cut0",
        "fragment_interval": 0.0,
        "speed_factor": speed,
    }
    request = urllib.request.Request(
        f"{url}/tts", data=json.dumps(fields).encode(), headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as reply:
        body: bytes = reply.read()
    return body
