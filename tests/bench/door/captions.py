"""How far the captions of the caller's words are behind the words.

The microphone says sentences whose clauses lie PAUSE_S apart, so that the moment of each clause's last speech sample
is known to 10 ms. A clause is on the page once its last word is, in any caption of the caller, be it interim or final
and with whatever came before it. Its lag is the time from the one to the other, by the page's own clock: recognition
has to be sure of the word and the page to show it. Where a word is never shown, because it was heard as another, the
clause has no lag and counts as missed. A word that recognition guesses before its last sample has a negative lag.
"""

import re
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from bench import report
from bench.door.watching import RATE, quiet, watch
from bench.parts import Part
from browser.chromium import caller_page, wait_until
from support.recording import WINDOW_S, end_of_speech, loud_windows
from support.speech import Speech, english
from support.stack import running_stack

P50_BOUND_S = 1.0
SHOWN_BOUND = 0.8
"""Of the clauses. The rest is what the smallest Whisper mishears: `bench.ears` says how much that is."""
PAUSE_S = 0.35
_BEFORE_S = 9.0
"""In which the companion greets."""
_BETWEEN_S = 12.0
"""In which it answers."""
_SENTENCES = (
    ("Yesterday I went down to the river", "with my old friend Margaret", "and we watched the boats"),
    ("This morning there was a letter", "from my daughter in Canada", "about her new kitchen"),
    ("My neighbour has a little dog", "who likes to sleep in the garden", "under the apple tree"),
    ("When I was young we lived on a farm", "where my father kept horses", "and my mother baked bread"),
    ("In the summer I take the train", "to see my brother at the seaside", "and we eat too much chocolate"),
    ("On Sunday I listen to music", "while I clean the windows", "and then I read the newspaper"),
)
"""Each clause ends with a word that comes once."""


async def measure(sentences: int) -> Part:
    """Says the first `sentences` of them in one call."""
    said = _SENTENCES[:sentences]
    with tempfile.TemporaryDirectory(prefix="malbeot-bench-") as folder:
        samples, clauses = _speech(said)
        microphone = Speech(samples, RATE).to_wav(Path(folder) / "microphone.wav")
        async with running_stack(Path(folder)) as stack, caller_page(stack.web_url, microphone=microphone) as page:
            await page.fill("#name", "Rose")
            await watch(page)
            await page.click("#call")
            await wait_until(page, "window.noted.voice !== null", timeout_s=30)
            await page.wait_for_timeout(len(samples) / RATE * 1000)
            noted = await page.evaluate("window.noted")
    return _part(_lags(noted, samples, clauses))


def _speech(
    sentences: tuple[tuple[str, ...], ...],
) -> tuple[np.ndarray[Any, np.dtype[np.int16]], list[tuple[str, float]]]:
    """The microphone's samples, and each clause with the second in them at which its last speech sample is said."""
    pieces, clauses, at = [quiet(_BEFORE_S)], [], round(_BEFORE_S * RATE)
    for sentence in sentences:
        for index, clause in enumerate(sentence):
            spoken = english(clause)
            assert spoken.rate == RATE
            spoken_until = end_of_speech(spoken.samples, RATE)
            clauses.append((clause, (at + spoken_until) / RATE))
            pause = quiet(PAUSE_S if index < len(sentence) - 1 else _BETWEEN_S)
            pieces += [spoken.samples[:spoken_until], pause]
            at += spoken_until + len(pause)
    return np.concatenate(pieces), clauses


def _lags(
    noted: dict[str, Any], samples: np.ndarray[Any, np.dtype[np.int16]], clauses: list[tuple[str, float]]
) -> list[dict[str, Any]]:
    """Each clause with its lag in seconds, or None where it was not shown."""
    first_loud_s = float(np.flatnonzero(loud_windows(samples, RATE))[0]) * WINDOW_S
    assert noted["microphone"], "the page's microphone was silent"
    # When the page's microphone said the file's first sample: found by its first loud one.
    began = noted["microphone"][0] / 1000 - first_loud_s
    rows = []
    for clause, ends_s in clauses:
        word = re.compile(rf"\b{clause.split()[-1].lower()}\b")
        shown = next((change["at"] / 1000 for change in noted["words"] if word.search(change["text"].lower())), None)
        rows.append({"clause": clause, "lag_s": None if shown is None else shown - (began + ends_s)})
    return rows


def _part(rows: list[dict[str, Any]]) -> Part:
    spread = report.spread([row["lag_s"] for row in rows])
    shown = sum(row["lag_s"] is not None for row in rows) / len(rows)
    bars = [
        report.Bar(name="captions behind the caller's words, p50", value=spread["p50"], bound=P50_BOUND_S),
        report.Bar(name="captions behind the caller's words, p95", value=spread["p95"]),
        report.Bar(name="clauses shown", value=shown, unit="", bound=SHOWN_BOUND, must_be="at least"),
    ]
    table = report.table(
        "seconds from a clause's end to its last word on the page",
        ("clause", "s"),
        [tuple(row.values()) for row in rows],
    )
    return Part({"clauses": rows, "summary": spread}, bars, table)
