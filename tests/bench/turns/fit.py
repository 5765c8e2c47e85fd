"""Fits the weights in `livekit.plugins.turns.ending.fusion`: `python -m bench.turns.fit`, with tests/ on PYTHONPATH.

Logistic regression of "the turn is over" on what is known at a pause, on the tuning turns (`tuning.tsv` and
`choosing.tsv`), of each source alone and of several. It prints the weights, and how well each fit tells the pauses
apart in turns that it has not seen (five folds). The turns of the benchmark (`said.tsv`) are not read. Takes some
minutes.
"""

import asyncio
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from bench.turns.evidence import Heard, Pause, gather
from bench.turns.hearing import Ears
from bench.turns.material import spoken
from livekit.plugins.turns.ending.fusion import by_length, by_words, log_odds

Vector = npt.NDArray[np.float64]

_RIDGE = 1.0
"""Weights are held back as if by one pause that contradicts them."""
_STEPS = 50
_FOLDS = 5


def logistic(features: Vector, over: Vector) -> Vector:
    """Weights, the constant first, by Newton's method. `features`: (pauses, sources). `over`: (pauses,), 0 or 1."""
    design = np.hstack([np.ones((len(features), 1)), features])
    hold = np.diag([0.0] + [_RIDGE] * features.shape[1])
    weights = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        said = 1 / (1 + np.exp(-design @ weights))
        gradient = design.T @ (over - said) - hold @ weights
        curvature = (design * (said * (1 - said))[:, None]).T @ design + hold
        weights = weights + np.linalg.solve(curvature, gradient)
    return weights


def told_apart(scores: Vector, over: Vector) -> float:
    """Area under the ROC curve: how often an end scores above a pause in the middle."""
    ends, others = scores[over == 1], scores[over == 0]
    return float(np.mean((ends[:, None] > others) + 0.5 * (ends[:, None] == others)))


FITS: dict[str, tuple[str, ...]] = {
    "ENGLISH": ("audio", "words", "length"),
    "sound and words": ("audio", "words"),
    "AUDIO_CONSTANT, AUDIO_ALONE": ("audio",),
    "WORDS_CONSTANT, WORDS_ALONE": ("words",),
    "sound and interim words": ("audio", "interim"),
    "sound, words that break off, words that do not": ("audio", "broken", "whole"),
}


def value(pause: Pause, source: str) -> float | None:
    """What one source says, in log odds as they are weighed; None where it says nothing."""
    if source in ("broken", "whole"):
        if pause.words is None:
            return None
        odds = log_odds(pause.words)
        return min(odds, 0.0) if source == "broken" else max(odds, 0.0)
    if source == "length":
        return None if pause.words is None or pause.length is None else by_length(pause.words, pause.length)
    said: float | None = getattr(pause, source)
    if said is None:
        return None
    return log_odds(said) if source == "audio" else by_words(said)


def fit(turns: Sequence[Heard], sources: Sequence[str]) -> str:
    """One fit, in words."""
    rows, over, groups = [], [], []
    for number, turn in enumerate(turns):
        for pause in turn.pauses:
            values = [value(pause, source) for source in sources]
            if None not in values:
                rows.append(values)
                over.append(float(pause.resumed_s is None))
                groups.append(number % _FOLDS)
    features, ends, fold = np.array(rows, np.float64), np.array(over), np.array(groups)
    unseen = np.zeros(len(ends))
    for part in range(_FOLDS):
        weights = logistic(features[fold != part], ends[fold != part])
        unseen[fold == part] = weights[0] + features[fold == part] @ weights[1:]
    constant, *weights_of = logistic(features, ends)
    terms = "  ".join(f"{source} {weight:.2f}" for source, weight in zip(sources, weights_of, strict=True))
    loss = float(np.mean(np.log1p(np.exp(-(2 * ends - 1) * unseen))))
    apart = told_apart(unseen, ends)
    return f"constant {constant:.2f}  {terms}   ({len(ends)} pauses, told apart {apart:.3f}, log loss {loss:.4f})"


async def main() -> None:
    ears = await asyncio.to_thread(Ears)
    # The rules for words were written beside the first, and mended by the second.
    turns = await gather([*await spoken("tuning.tsv"), *await spoken("choosing.tsv")], ears)
    for name, sources in FITS.items():
        print(f"{name}: {fit(turns, sources)}")


if __name__ == "__main__":
    asyncio.run(main())
