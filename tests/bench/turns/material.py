"""The spoken turns: `said.tsv` for the measurements, `tuning.tsv` for fitting, never both.

A `|` in a text is a hesitation of 0.3 to 2.5 s, at a clause's border or within a clause. The text is said as a whole
and cut where one word ends and the next begins, which Piper tells: so the melody before a pause is that of a sentence
which goes on, while a fragment said alone would fall as a finished one does; and of 45 such cuts within a clause
whisper-base heard the words before it right in 69 % (of the same fragments said alone in 58 % with a comma behind, 53 %
with dots, 56 % with nothing). What the cut lacks is the drawl before a real hesitation. Piper has one voice here; the
four speeds are shared out in turn. Lengths of hesitations are drawn evenly on a logarithmic scale, so that half of them
are longer than 0.87 s. Over everything lies faint pink noise, as in a quiet room.

What Piper has said is kept in build/bench/turns.speech: every run in one clone hears the same.
"""

import csv
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from bench import report
from bench.ears.material import recordings
from bench.ears.sound import RATE, at_16k, pink, trimmed
from bench.turns import apart
from support.recording import Samples
from support.speech import PIPER_VOICE, Speech

FOLDER = Path(__file__).parent
SPEECH = report.FOLDER / "turns.speech"
SPEEDS = (0.8, 0.95, 1.1, 1.25)
HESITATION_S = (0.3, 2.5)
LEAD_S = 0.6
TAIL_S = 4.0
"""Silence behind the last speech sample: longer than any of the strategies waits."""

_ROOM_DBFS = -55.0
_FADE = round(0.008 * RATE)


@dataclass(frozen=True)
class Turn:
    """What somebody says in one turn: mono int16 at 16 kHz with LEAD_S before and TAIL_S behind it."""

    name: str
    asked: str
    """What the companion said before; may be empty."""
    text: str
    language: str
    samples: Samples
    end: int
    """The index behind the last speech sample."""


async def spoken(table: str) -> list[Turn]:
    """The turns of a table in this folder, in its order."""
    with (FOLDER / table).open(encoding="utf-8", newline="") as file:
        rows = [(row["asked"], row["text"]) for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]
    texts = [
        {"pieces": text.split("|"), "speed": SPEEDS[number % len(SPEEDS)]} for number, (_, text) in enumerate(rows)
    ]
    return [
        _laid(f"{table} {number}", asked, text.replace("|", ""), "en", parts, _pauses_s(text))
        for number, ((asked, text), parts) in enumerate(zip(rows, await _said(texts), strict=True))
    ]


def recorded() -> list[Turn]:
    """Recorded people who read a sentence, as far as their files are there. Nothing was asked."""
    return [_laid(one.name, "", one.text, one.language, [one.samples], []) for one in recordings()]


async def _said(texts: list[dict[str, object]]) -> list[list[Samples]]:
    """Each text's pieces, from speech to speech."""
    document = json.dumps(texts)
    script = (FOLDER / "speak.py").read_text(encoding="utf-8")
    path = SPEECH / f"{hashlib.sha256((script + document).encode()).hexdigest()[:16]}.npz"
    if not path.exists():
        SPEECH.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=SPEECH) as folder:
            asked, answer = Path(folder) / "texts.json", Path(folder) / "speech.npz"
            asked.write_text(document, encoding="utf-8")
            await apart.run("speak.py", PIPER_VOICE, asked, answer)
            answer.rename(path)
    with np.load(path) as speech:
        rate = int(speech["rate"])
        return [_pieces(Speech(speech[str(n)], rate), speech[f"{n}.cuts"]) for n in range(len(texts))]


def _pieces(speech: Speech, cuts: Sequence[int]) -> list[Samples]:
    borders = [round(cut * RATE / speech.rate) for cut in cuts]
    return [_faded(trimmed(part)) for part in np.split(at_16k(speech), borders)]


def _pauses_s(text: str) -> list[float]:
    """How long the speaker hesitates at each mark; the text's own, whatever else is in the table."""
    low, high = np.log(HESITATION_S)
    drawn = np.exp(np.random.default_rng(_seed(text)).uniform(low, high, text.count("|")))
    return [float(pause_s) for pause_s in drawn]


def _laid(name: str, asked: str, text: str, language: str, parts: Sequence[Samples], pauses_s: Sequence[float]) -> Turn:
    """The parts with pauses between them, silence before and behind, and a room's noise over all of it."""
    pieces = [np.zeros(round(LEAD_S * RATE), np.int16)]
    for part, pause_s in zip(parts, [*pauses_s, TAIL_S], strict=True):
        pieces += [part, np.zeros(round(pause_s * RATE), np.int16)]
    whole = np.concatenate(pieces).astype(np.float64)
    whole += pink(np.random.default_rng(_seed(name)), len(whole)) * 32768 * 10 ** (_ROOM_DBFS / 20)
    samples = np.clip(np.round(whole), -32768, 32767).astype(np.int16)
    return Turn(name, asked, text, language, samples, len(samples) - round(TAIL_S * RATE))


def _faded(part: Samples) -> Samples:
    """Without a click at either end."""
    ramp = np.minimum(np.arange(len(part)) / _FADE, 1.0)
    return np.asarray(part * ramp * ramp[::-1]).astype(np.int16)


def _seed(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4])
