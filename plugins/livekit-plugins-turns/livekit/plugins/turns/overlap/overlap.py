"""What somebody's sound over the agent's speech is: an interruption, or nothing that should stop it."""

import math
from dataclasses import dataclass
from enum import Enum, auto

from ..words.asked import primary
from ..words.interjections import Reading, reading
from .echo import echoes


class Verdict(Enum):
    """What to do about it."""

    WAIT = auto()
    """Not known yet."""
    HOLD = auto()
    """Probably an interruption: fall silent, ready to go on."""
    STOP = auto()
    """A real one: give up the rest."""
    IGNORE = auto()
    """Listening, noise, somebody else's voice, an echo: speak on."""


WINDOW_S = 0.032
"""Sound comes in windows of this length, those of Silero's voice activity model."""

VOICED = 0.5

FIRST_WORDS_S = 0.12
"""With so much voice it is worth asking what the words are: Whisper base knows "wait", "no", "what", "right" and "yeah"
by their first 0.12 to 0.2 s (Piper's joe)."""

SURE = 0.35
"""Confidence from which a text is believed before the sound bears it out. Of Whisper base on the first 0.25 to 0.5 s of
a word: geometric mean of the tokens' probabilities."""

_SURE_ALONE = 0.5
"""The same for a single word, which a hum is easily taken for: Piper's "Mm-hmm" became "Enema" at 0.3 and more."""
_LEAST_SURE = 0.25
"""With less even an order is a guess: "Oh" is written as "No" at 0.2."""
_SUDDEN_S = 0.2
"""From so little voice an order has to be as sure as other words: "Oh" is written as "help" at 0.32, and "Wait", "No",
"What" and "Please" at 0.35 and more (Piper's joe, 0.13 s of each)."""
_GUESS = 0.2
"""With less, or in another writing, it is no better than nothing."""
_LONG_RUN_S, _LONG_S = 0.75, 1.1
"""Voice without a dip, and with dips, that no word of listening lasts: the longest of 36, in Korean and English at
speeds from 0.85 on, are 0.67 and 1.06 s."""
_WORDLESS_RUN_S, _WORDLESS_LONG_S = 2.0, 2.5
"""The same for voice of which no word is known: people laugh for as long as that."""
_UNSURE_S = 1.0
"""So much voice is a turn, however unsure its words are."""
_SHORT_S = 0.36
"""A word so short, and no order, is none that anybody takes the turn with."""
_FEW_S = 0.22
"""Two words take at least so long."""
_DIP_S = 0.07
"""Voice goes on over a dip as short as the closure of a stop."""
_OVER_S = 0.45
"""After so much silence what comes is something new."""
_HELD_S = 1.5
"""Held for so long and still no word: it is no speech."""
FAR_DB = 10.0
"""So far below the caller's usual level it is another room, or the television."""
UNKNOWN_DB = -42.0
"""The least of somebody who was not heard before."""
_ECHO, _LIKE_ECHO = 0.85, 0.75
"""Correlation with the agent's own sound that is enough by itself, and enough to doubt words. An echo reaches 0.96 and
more within 0.5 to 0.9 s of it; of 396 times that somebody else spoke, 0.75 was reached 6 times and 0.85 never."""


@dataclass(frozen=True)
class Saying:
    """What the agent says meanwhile."""

    text: str = ""
    """Its words, as far as they are known; a little more than was played."""
    asked: bool = False
    """Its last sentence is a question, which is played or nearly so."""


class Overlap:
    """One stretch of sound that began while the agent spoke, until it is over.

    Pure: fed in the order of time, with times in seconds of any clock. STOP and, once the sound is over, IGNORE are
    final.
    """

    def __init__(self, language: str, *, usual_db: float | None = None) -> None:
        """`usual_db`: the level when the caller speaks by themselves, where known."""
        self._language = language
        self._least_db = UNKNOWN_DB if usual_db is None else usual_db - FAR_DB
        self.verdict = Verdict.WAIT
        self.voiced_s = 0.0
        """Voice so far."""
        self._run_s = self._longest_run_s = 0.0
        self._began_s: float | None = None
        self._voice_at_s = 0.0
        self._held_at_s: float | None = None
        self._heard_held = False
        self._covered_s = 0.0
        self._power = 0.0
        self._echo = 0.0
        self._over = False
        self._text = ""
        self._settled = False
        self._reading = Reading.NOTHING
        self._sure = False
        self._repeats_agent = False

    @property
    def over(self) -> bool:
        """Whether the sound is over, and nothing is held for it."""
        return self._over and self.verdict is not Verdict.HOLD

    @property
    def settled(self) -> bool:
        """Whether its words are all there."""
        return self._settled

    @property
    def near(self) -> bool:
        """Whether it is as loud as the caller, as far as is known."""
        return self._began_s is None or self._level_db >= self._least_db

    @property
    def repeats_agent(self) -> bool:
        """Whether its words are the agent's own."""
        return self._repeats_agent

    @property
    def _level_db(self) -> float:
        """Mean of its voiced windows."""
        return 10 * math.log10(max(self._power * WINDOW_S / max(self.voiced_s, WINDOW_S), 1e-10))

    def lasted_s(self, now_s: float) -> float:
        """Seconds since the first voice."""
        return now_s - (self._began_s if self._began_s is not None else now_s)

    def sound(self, at_s: float, probability: float, level_db: float, *, echo: float = 0.0) -> Verdict:
        """A window that ended at `at_s`.

        `probability` of voice; `level_db` of full scale; `echo`: how like the agent's own sound it is, -1 to 1.
        """
        if self._held_at_s is None:  # held, nothing is played that could come back
            self._echo = echo
        if probability >= VOICED:
            if self._began_s is None:
                self._began_s = at_s
            if at_s - self._voice_at_s > _DIP_S + WINDOW_S:
                self._run_s = 0.0
            if self._settled:  # what was settled is over, and this is more
                self._settled, self._reading, self._text = False, Reading.NOTHING, ""
            self._run_s += WINDOW_S
            self._longest_run_s = max(self._longest_run_s, self._run_s)
            self.voiced_s += WINDOW_S
            self._voice_at_s = at_s
            self._power += 10 ** (level_db / 10)
        elif self._began_s is not None and at_s - self._voice_at_s >= _OVER_S:
            self._over = True
        return self._decide(at_s)

    def words(
        self,
        at_s: float,
        text: str,
        saying: Saying,
        *,
        confidence: float = 1.0,
        settled: bool,
        voiced_s: float | None = None,
    ) -> Verdict:
        """What was heard so far, all of it; `settled` where nothing more of it will come.

        `confidence`: 0 to 1, low where the recogniser only guesses. `voiced_s`: how much voice it was heard from, all
        of it where not given.
        """
        self._covered_s = self.voiced_s if voiced_s is None else voiced_s
        self._text, self._settled = text, settled
        self._reading = reading(text, self._language)
        sudden = not settled and self._covered_s < _SUDDEN_S
        if self._reading is Reading.ORDER and confidence < (SURE if sudden else _LEAST_SURE):
            self._reading = Reading.WORDS
        if self._reading is Reading.WORDS and _stutters(text):
            self._reading = Reading.NOTHING  # a laugh: "Buh-buh-buh-b"
        if self._reading is Reading.WORDS and not (settled or (confidence >= _GUESS and _fits(text, self._language))):
            self._reading = Reading.NOTHING
        self._heard_held = self.verdict is Verdict.HOLD and self._reading is Reading.WORDS
        several = len(set(text.casefold().split())) > 1
        self._sure = confidence >= (SURE if several else _SURE_ALONE) and _fits(text, self._language)
        self._repeats_agent = echoes(text, saying.text, sounds_so=self._echo >= _LIKE_ECHO)
        if saying.asked and self._reading in (Reading.LISTENING, Reading.BEGINNING) and self.near:
            self._reading = Reading.ORDER  # it is the answer
        return self._decide(at_s)

    def _decide(self, at_s: float) -> Verdict:
        if self.verdict is not Verdict.STOP:
            self.verdict = self._judged(at_s)
            if self.verdict is Verdict.HOLD and self._held_at_s is None:
                self._held_at_s = at_s
        return self.verdict

    def _judged(self, at_s: float) -> Verdict:
        if not self.near or self._echo >= _ECHO or self._repeats_agent:
            return Verdict.IGNORE
        if self._reading is Reading.ORDER:
            return Verdict.STOP
        long = self._longer_than(_LONG_RUN_S, _LONG_S)
        if self._reading is Reading.WORDS:
            sure = self._sure and self._long_enough and self._echo < _LIKE_ECHO
            enough = self._longer_than(_UNSURE_S, _UNSURE_S) if self._settled else self._heard_held
            if sure or (long and enough):
                return Verdict.STOP
            if long and self._held_at_s is None and not self._settled and at_s - self._voice_at_s < _OVER_S / 2:
                return Verdict.HOLD
        if self._settled:
            return Verdict.IGNORE
        if self._over and (self._held_at_s is None or at_s - self._voice_at_s >= 2 * _OVER_S):
            return Verdict.IGNORE
        if self._held_at_s is not None and at_s - self._held_at_s >= _HELD_S:
            return Verdict.IGNORE
        if self.verdict is Verdict.HOLD:
            return Verdict.HOLD
        wordless = self._reading is Reading.NOTHING and self._held_at_s is None
        if wordless and self._longer_than(_WORDLESS_RUN_S, _WORDLESS_LONG_S):
            return Verdict.HOLD
        return Verdict.WAIT

    def _longer_than(self, run_s: float, in_all_s: float) -> bool:
        return self._longest_run_s >= run_s or self.voiced_s >= in_all_s

    @property
    def _long_enough(self) -> bool:
        """Whether there was more than a single short word."""
        if self._began_s is None:
            return True  # its sound was not heard, only its words
        several = len(set(self._text.casefold().split())) > 1
        return self._covered_s >= (_FEW_S if several else _SHORT_S)


def _stutters(text: str) -> bool:
    """Whether it is one syllable, three times or more, the last perhaps cut off."""
    words = ["".join(filter(str.isalnum, word)) for word in text.casefold().replace("-", " ").split()]
    return len(words) >= 3 and all(word and (word == words[0] or words[0].startswith(word)) for word in words[1:])


def _fits(text: str, language: str) -> bool:
    """Whether the writing is the language's: a recogniser that guesses writes English, or numbers."""
    letters = [character for character in text if character.isalnum()]
    if primary(language) == "ko":
        native = sum(character >= "ᄀ" for character in letters)
    else:
        native = sum(character.isalpha() for character in letters)
    return bool(letters) and native >= len(letters) / 2
