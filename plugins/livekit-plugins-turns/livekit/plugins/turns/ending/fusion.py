"""One probability from what the sound and the words say.

Log odds are added, with weights from logistic regression: "is the turn over?" at 345 pauses of 200 English turns,
spoken by Piper and heard by LiveKit's v1-mini and whisper-base, half of them with hesitations. `python -m
bench.turns.fit` in the repository prints them. Other languages have the same.
"""

import math

CONSTANT, AUDIO, WORDS = -0.96, 1.19, 1.05
AUDIO_CONSTANT, AUDIO_ALONE = -1.32, 1.67
WORDS_CONSTANT, WORDS_ALONE = 0.24, 1.14
WHOLE = 0.3
"""What words that could end a turn count, to each that breaks off: people pause behind whole clauses too. A fit of its
own gives 0.2, and tells unseen pauses apart no better (log loss 0.482 and 0.483). They keep a little more for what the
fit did not hold enough of: whole telephone numbers, and Korean, whose endings tell a clause from a sentence."""

_LEAST = 0.01


def fused(audio: float | None, words: float | None, *, settled: bool = True) -> float:
    """Probability, 0.01 to 0.99, that the turn is over, at the beginning of a pause; 0.5 where nothing is known.

    `audio`: what LiveKit's v1-mini says, None where it has not answered. `words`: what `finished` says, None where
    there are no words yet. `settled`: whether these are all words that were said. Others tell nothing: at the end of an
    interim, which lacks the last word or two, ends and pauses look the same, so they count only where nothing else is
    known.
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
        odds = CONSTANT + AUDIO * log_odds(audio) + WORDS * by_words(words)
    return min(max(1 / (1 + math.exp(-odds)), _LEAST), 1 - _LEAST)


def by_words(words: float) -> float:
    """What the words say, in log odds."""
    odds = log_odds(words)
    return odds if odds < 0 else WHOLE * odds


def log_odds(probability: float) -> float:
    """Bounded: nothing is certain."""
    bounded = min(max(probability, _LEAST), 1 - _LEAST)
    return math.log(bounded / (1 - bounded))
