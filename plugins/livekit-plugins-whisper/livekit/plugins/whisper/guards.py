"""What Whisper writes although nobody said it.

On silence, noise and music Whisper repeats what its training data is full of: the last words of
videos. It also loops, and it fits many words into little sound. A guard drops such a text, unless
what the voice activity model and Whisper itself say makes it likely that it was spoken: "네",
"thank you" and "bye" are also what people say.
"""

import re
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from itertools import groupby

from .agreement import plain
from .protocol import Heard
from .voice import Evidence

_LEAST_VOICE_S = 0.09
"""Three windows. The shortest "네" that people say has six (0.2 s)."""
SURE_VOICE, _SURE_VOICE_S = 0.85, 0.2
"""Mean probability and length of a voice that is one: Piper's "No." has 0.93 over 0.32 s."""
_NO_SPEECH, _NO_SPEECH_LOGPROB, _NO_SPEECH_VOICE = 0.6, -0.6, 0.95
"""Whisper's own probability of silence counts where the words or the voice are doubtful too. Measured on
whisper-base: Piper at 5 dB above noise at most 0.29, babble and drums 0.4 to 0.84."""
_TENTATIVE_NO_SPEECH = 0.45
_LEAST_LOGPROB = ((0.75, -0.5), (0.9, -0.9), (0.96, -1.3), (1.1, -1.8))
"""The less sure the voice (mean probability below), the surer must be the words. Measured on whisper-base: Piper at
5 dB above noise has a voice of 0.89 and more, at -0.1 to -1.3; noises that pass for a voice of 0.5 to 0.95 have -0.3 to
-2.8."""
_ONE_WORD_GRACE, _ONE_WORD_NO_SPEECH = 0.4, 0.2
"""A word by itself has nothing beside it that raises the mean: Piper's "Okay." and "No." have -0.8 to -1.3 where the
voice has 0.88 to 0.98, and a probability of silence of 0.11 at most. So much less is enough below that one."""
CLEAR_VOICE = 0.97
_MANY_DOUBTS, _BEYOND_DOUBT_LOGPROB = 2, -0.6
"""Of what is said in 5 dB of noise hardly a text is not believed, of what babble brings nearly all."""
_SAME_WORD = ((SURE_VOICE, 3), (_NO_SPEECH_VOICE, 5))
"""One word so many times in a row is a loop, where the voice's mean probability is below: babble brings "no, no, no"
with a voice of 0.6 to 0.8, and seven times "the" with one of 0.9."""
_REPEATED_WORDS = 10
_REPEATS = 4
_STUTTER = re.compile(r"(.{1,6}?)\1{9,}")
_LETTERS_A_S, _SYLLABLES_A_S = 27.0, 11.0
"""Half as many again as fast speech: 18 letters, or 7 Korean syllables, a second."""
_RATE_GRACE_S = 0.4


class Drop(StrEnum):
    """Why a text is not believed."""

    NO_VOICE = "no_voice"
    NO_SPEECH = "no_speech"
    PHANTOM = "phantom"
    LOOP = "loop"
    RATE = "rate"
    TOO_LATE = "too_late"
    """Nobody judged it: the engine was away for too long."""


@dataclass(frozen=True)
class _Phantoms:
    whole: frozenset[str]
    parts: tuple[str, ...]


def judge(
    heard: Heard, evidence: Evidence, *, prompt: str = "", tentative: bool = False, doubts: int = 0
) -> Drop | None:
    """Why these words are not believed; None where they are. No words are always believed.

    `prompt` is what the model was told before it listened: it likes to repeat that when it hears nothing.
    A `tentative` text, which is only shown and comes again, has to be surer than one that is acted upon; and so has
    one of a stretch of sound of which `doubts` texts were not believed already.
    """
    text = heard.text
    if not text:
        return None
    if evidence.voiced_s < _LEAST_VOICE_S:
        return Drop.NO_VOICE
    if tentative and (heard.no_speech > _TENTATIVE_NO_SPEECH or evidence.probability < SURE_VOICE):
        return Drop.NO_SPEECH
    doubtful = heard.logprob < _NO_SPEECH_LOGPROB or evidence.probability < _NO_SPEECH_VOICE
    if heard.no_speech > _NO_SPEECH and doubtful:
        return Drop.NO_SPEECH
    grace = _ONE_WORD_GRACE if _is_one_sure_word(heard, evidence) and not tentative else 0.0
    if heard.logprob + grace < next(least for voice, least in _LEAST_LOGPROB if evidence.probability < voice):
        return Drop.NO_SPEECH
    if doubts >= _MANY_DOUBTS and evidence.probability < CLEAR_VOICE and heard.logprob < _BEYOND_DOUBT_LOGPROB:
        return Drop.NO_SPEECH
    if _loops(text, next((most for voice, most in _SAME_WORD if evidence.probability < voice), None)):
        return Drop.LOOP
    if _least_s(text) > evidence.voiced_s + _RATE_GRACE_S:
        return Drop.RATE
    if _is_phantom(text, prompt) and not _is_sure(heard, evidence):
        return Drop.PHANTOM
    return None


def _is_one_sure_word(heard: Heard, evidence: Evidence) -> bool:
    alone = len(heard.text.split()) == 1 and heard.no_speech < _ONE_WORD_NO_SPEECH
    return alone and evidence.probability >= SURE_VOICE


def _is_sure(heard: Heard, evidence: Evidence) -> bool:
    voice = evidence.probability >= SURE_VOICE and evidence.voiced_s >= _SURE_VOICE_S
    return voice and heard.no_speech <= _NO_SPEECH


def _least_s(text: str) -> float:
    """The time that somebody needs to say this."""
    letters = sum(character.isalnum() and character < "\u1100" for character in text)
    syllables = sum(character.isalnum() and character >= "\u1100" for character in text)
    return letters / _LETTERS_A_S + syllables / _SYLLABLES_A_S


def _is_phantom(text: str, prompt: str) -> bool:
    compared, phantoms = _run_together(text), _phantoms()
    if not compared or compared in phantoms.whole:
        return True
    if len(text.split()) >= 3 and compared in _run_together(prompt):
        return True
    return any(part in compared for part in phantoms.parts)


def _run_together(text: str) -> str:
    return "".join(plain(word) for word in text.split())


def _loops(text: str, same_word: int | None) -> bool:
    """A phrase of two to ten words four times over, a sound ten times, or one word `same_word` times.

    Where the voice is sure, one word may be repeated: "네, 네, 네, 네".
    """
    words = [plain(word) for word in text.split()]
    if same_word and any(len(list(same)) >= same_word for _, same in groupby(words)):
        return True
    phrases = (
        words[begin : begin + size]
        for size in range(2, min(_REPEATED_WORDS, len(words) // _REPEATS) + 1)
        for begin in range(len(words) - size * _REPEATS + 1)
        if words[begin : begin + size] * _REPEATS == words[begin : begin + size * _REPEATS]
    )
    return any(len(set(phrase)) > 1 for phrase in phrases) or bool(_STUTTER.search("".join(words)))


@cache
def _phantoms() -> _Phantoms:
    data = tomllib.loads((files(__package__) / "phantoms.toml").read_text(encoding="utf-8"))

    def compared(kind: str) -> list[str]:
        return [
            "".join(plain(word) for word in phrase.split()) for language in data.values() for phrase in language[kind]
        ]

    return _Phantoms(frozenset(compared("whole")), tuple(compared("parts")))
