"""One probability from what the sound and the words say.

Log odds are added, with weights from logistic regression: "is the turn over?" at 698 pauses of 400 English turns,
spoken by Piper and heard by LiveKit's v1-mini and whisper-base, half of them with hesitations. `python -m
bench.turns.fit` in the repository prints them, but those of other languages.
"""

import math
from dataclasses import dataclass

from ..words.english import USUAL_LENGTH

AUDIO_CONSTANT, AUDIO_ALONE = -1.22, 1.53
WORDS_CONSTANT, WORDS_ALONE = 0.15, 0.98
WHOLE = 0.3
"""What words that could end a turn count, to each that breaks off: people pause behind whole clauses too. Fits with
0.1 to 0.45 tell unseen pauses apart alike (log loss 0.510 to 0.513)."""
ANSWER = 0.9
"""Words that are at least so likely whole are an answer by themselves ("No, thank you"), however short."""

_LEAST = 0.01
_LONGEST_LENGTH = 10
"""Words: more is no likelier the end."""


@dataclass(frozen=True)
class Weights:
    """Of the sum. `length` is that of a doubling of the words said."""

    constant: float
    audio: float
    words: float
    length: float


ENGLISH = Weights(constant=-1.27, audio=0.96, words=0.85, length=0.81)
OTHERS = Weights(constant=-1.3, audio=1.19, words=1.05, length=0.0)
"""Fitted on 200 of the turns, which the rules for English had been written with: there the words tell nearly as much
as Korean ones do, whose endings tell a clause from a sentence. The constant is 0.34 lower than that fit's, so that
languages whose sound was not measured are answered with more care."""


def fused(audio: float | None, words: float | None, *, settled: bool = True, length: int | None = None) -> float:
    """Probability, 0.01 to 0.99, that the turn is over, at the beginning of a pause; 0.5 where nothing is known.

    `audio`: what LiveKit's v1-mini says, None where it has not answered. `words`: what `finished` says, None where
    there are no words yet. `settled`: whether these are all words that were said. Others tell nothing: at the end of an
    interim, which lacks the last word or two, ends and pauses look the same, so they count only where nothing else is
    known. `length`: how many English words the turn has so far (`words_said`), as whoever has said little, and no
    answer by itself, goes on more often; None in other languages.
    """
    if words is not None and not settled and audio is not None:
        words = None
    if audio is None and words is None:
        return 0.5
    if words is None:
        assert audio is not None
        odds = AUDIO_CONSTANT + AUDIO_ALONE * log_odds(audio)
    elif audio is None:
        odds = WORDS_CONSTANT + WORDS_ALONE * by_words(words)
    else:
        weights = OTHERS if length is None else ENGLISH
        odds = weights.constant + weights.audio * log_odds(audio) + weights.words * by_words(words)
        if length is not None:
            odds += weights.length * by_length(words, length)
    return min(max(1 / (1 + math.exp(-odds)), _LEAST), 1 - _LEAST)


def by_length(words: float, length: int) -> float:
    """Doublings of the words said, from the usual ones; a short answer by itself is not held against who gives it."""
    doublings = math.log2(min(max(length, 1), _LONGEST_LENGTH) / USUAL_LENGTH)
    return max(doublings, 0.0) if words >= ANSWER else doublings


def by_words(words: float) -> float:
    """What the words say, in log odds."""
    odds = log_odds(words)
    return odds if odds < 0 else WHOLE * odds


def log_odds(probability: float) -> float:
    """Bounded: nothing is certain."""
    bounded = min(max(probability, _LEAST), 1 - _LEAST)
    return math.log(bounded / (1 - bounded))
