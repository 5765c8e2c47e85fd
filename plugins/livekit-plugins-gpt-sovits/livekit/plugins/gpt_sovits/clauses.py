"""Cuts a reply into clauses to be spoken one after another, while it is still being written.

livekit-agents' sentence tokenizers are not used, because they give a sentence only when the next has begun and 20
characters are there (of "네, 안녕하세요. 오늘은 날씨가 참 좋네요." all after 26, where "네," comes here after 3), never
cut at a clause's end, and miss Korean sentences that follow without a space; stream2sentence pulls its text instead of
being given it, and waits for 12 characters more.

Look-ahead: a mark is judged when the character behind it has come. One more, the next word's first, is needed behind a
Latin full stop, a number, a dash and some Korean endings (먹고 있어요), two behind a closing quotation mark
(“…다.” 라고), and behind a newline the next character that is no space.
"""

from dataclasses import dataclass
from typing import NamedTuple

from .boundaries import GREETINGS, Kind, is_hangul, judge, judge_tight, opens_phrase
from .spans import Spans

# Speaking rate: Korean is read at 5 to 6 syllables a second, Japanese at 7 to 8 morae; English, at about 160 words a
# minute, at 15 characters with the spaces, which is 12.5 letters. A digit is a syllable or two.
SYLLABLE_S = 1 / 5.5
MORA_S = 1 / 7.5
LETTER_S = 1 / 12.5
DIGIT_S = 0.2
WORD_MAX_LETTERS = 25
"""A longer run without a space is an address or a path, which is not read out letter by letter: the rest weighs 0."""

# Pauses. Fast readers pause 0.2 to 1.0 s between sentences and 0.4 to 1.3 s between paragraphs (Kazlauskienė and
# Kalašinskaitė, Respectus Philologicus 37, 2020); those within sentences are mostly "brief", under 0.2 s (Campione and
# Véronis, Speech Prosody 2002). Talk is quicker than reading, so these lie low in those ranges.
SENTENCE_PAUSE_S = 0.35
QUESTION_PAUSE_S = 0.4
"""The listener begins to answer."""
ELLIPSIS_PAUSE_S = 0.4
CLAUSE_PAUSE_S = 0.15
CONNECTIVE_PAUSE_S = 0.1
PARAGRAPH_PAUSE_S = 0.7
_PAUSES_S = {
    Kind.CONNECTIVE: CONNECTIVE_PAUSE_S,
    Kind.CLAUSE: CLAUSE_PAUSE_S,
    Kind.ELLIPSIS: ELLIPSIS_PAUSE_S,
    Kind.SENTENCE: SENTENCE_PAUSE_S,
    Kind.QUESTION: QUESTION_PAUSE_S,
    Kind.LINE: SENTENCE_PAUSE_S,
    Kind.PARAGRAPH: PARAGRAPH_PAUSE_S,
}

# Lengths, in seconds of speech.
FIRST_S = 0.7
"""The first clause: four Korean syllables, two or three English words."""
FULL_S = 5.0
"""Later ones. Two Korean sentences of usual length: enough for the melody, little to throw away when interrupted."""
GROWTH = 1.5
"""The next clause may be this many times what was cut before it. Where a second of speech takes the server 0.3 s and
the language model 0.3 s, it is whole after 0.9 of the time that what was cut before plays."""
LEAST_SHARE = 0.5
"""A sentence of this share of the wanted length goes alone; a shorter one is joined to the next."""
OVERLONG = 4.0
OVERLONG_S = 10.0
"""Beyond so many times the wanted length, 10 s at most, a clause is cut at the best place it has."""

# Bounds in characters, against text that never comes to an end.
WORD_MAX_CHARS = 120
UNSPACED_MAX_CHARS = 33
"""A longer run of Korean, Japanese or Chinese, 6 s, without a space or a mark is cut between two characters."""
CLAUSE_MAX_CHARS = 300
"""Twice what English speaks in 10 s. No clause is longer, and no more text than this is kept."""


@dataclass(frozen=True)
class Clause:
    """A part of a reply to be spoken in one go.

    `text` is as written, with single spaces, and holds a letter or a digit. `pause_s` is how long a speaker would be
    silent between it and the next clause; what ends a reply is followed by none, even if its pause was not 0 because
    the end was not known yet.
    """

    text: str
    pause_s: float


class _Boundary(NamedTuple):
    position: int
    kind: Kind
    seconds: float
    """Of speech before it."""

    def moved(self, start: "_Boundary", count: int) -> "_Boundary":
        """The same when `count` characters, those up to `start`, are gone."""
        return _Boundary(self.position - count, self.kind, self.seconds - start.seconds)


def speaking_s(character: str) -> float:
    """Seconds it takes to speak a letter or digit; 0 for anything else."""
    if is_hangul(character):
        return SYLLABLE_S
    if not character.isalnum():
        return 0.0
    if character.isdigit():
        return DIGIT_S
    if "\u3040" <= character <= "\u30ff":
        return MORA_S
    return SYLLABLE_S if _is_unspaced(character) else LETTER_S


def _is_unspaced(character: str) -> bool:
    """Whether it belongs to a script in which words may run on without a space."""
    return "\u3040" <= character <= "\u9fff" or is_hangul(character)


class ClauseCutter:
    """Takes a reply in pieces of any size and gives its clauses as soon as they are certain.

    The first clause is short, so that sound starts early: it ends at the first mark or joining ending behind four
    Korean syllables or two to three English words, or is a greeting alone; what follows grows to whole sentences of
    about 5 s. Every letter and digit comes out once and in order, and the clauses are the same however the text was
    split. Text without a letter or digit is joined to its neighbours or dropped. Cuts lie where sentences and clauses
    end, in any language; between words only in overlong ones; not within numbers, abbreviations, addresses, brackets
    and *asides*.
    """

    def __init__(self) -> None:
        self._reset()

    def push(self, text: str) -> list[Clause]:
        """The clauses that `text` completes."""
        return [clause for character in text for clause in self._step(character)]

    def flush(self) -> list[Clause]:
        """The reply is over: the rest of it, with no pause behind. What is pushed next is another reply."""
        rest = self._text.strip()
        self._reset()
        return [Clause(rest, 0.0)] if any(map(str.isalnum, rest)) else []

    def _reset(self) -> None:
        self._text = ""
        self._seconds = 0.0  # of the text
        self._said_s = 0.0  # by the clauses before it, pauses included
        self._boundaries: list[_Boundary] = []
        self._word_at = 0
        self._begins_sentence = True  # the current word is the first of its sentence
        self._spans = Spans()
        self._gap = False  # a space follows the text
        self._newlines = 0  # within that space
        self._open: tuple[_Boundary, str] | None = None  # a word's end that is not judged yet, and the word

    def _step(self, character: str) -> list[Clause]:
        if character.isspace():
            return self._space(character == "\n")
        clauses = self._settle(character)
        if self._gap:
            self._gap, self._newlines = False, 0
            self._text += " " if self._text else ""
            self._word_at = len(self._text)
        if not self._spans and (kind := judge_tight(self._text[self._word_at :], character)):
            clauses += self._settle(whole=True) + self._end(kind)
            self._word_at = len(self._text)
        return clauses + self._append(character)

    def _append(self, character: str) -> list[Clause]:
        self._spans.add(character, self._text)
        self._text += character
        word = len(self._text) - self._word_at
        if not self._spans.is_aside(self._text) and (word <= WORD_MAX_LETTERS or _is_unspaced(character)):
            self._seconds += speaking_s(character)
        clauses: list[Clause] = []
        while self._is_endless():
            self._spans.clear()
            self._open = None
            if not any(map(str.isalnum, self._text)):
                self._text, self._word_at = "", 0
                break
            clauses.append(self._take(self._best(self._boundaries) or self._here(Kind.WORD)))
        return clauses

    def _is_endless(self) -> bool:
        word = self._text[self._word_at :]
        unspaced = len(word) > UNSPACED_MAX_CHARS and _is_unspaced(word[-1]) and _is_unspaced(word[-2])
        return (
            unspaced or len(word) >= WORD_MAX_CHARS or len(self._text) > CLAUSE_MAX_CHARS - 2
        )  # a space and a character

    def _space(self, newline: bool) -> list[Clause]:
        clauses: list[Clause] = []
        self._begins_sentence |= newline and not self._text
        if self._text and not self._gap:
            clauses += self._settle(whole=True)
            self._gap = True
            self._spans.space(self._text)
            word = self._text[self._word_at :]
            last = self._boundaries[-1] if self._boundaries else None
            if opens_phrase(word) and last and last.kind is Kind.WORD and last.position + 1 == self._word_at:
                self._boundaries[-1] = last._replace(kind=Kind.PHRASE)
            if self._spans and not newline:
                clauses += self._end(Kind.GLUE)
            else:
                self._open = (self._here(Kind.WORD), word)
                clauses += [] if newline else self._settle()
        if self._text and newline:
            self._newlines += 1
            self._open = None
            self._spans.clear()
            clauses += self._end(Kind.PARAGRAPH) if self._newlines == 2 else []
        return clauses

    def _settle(self, character: str = "", *, whole: bool = False) -> list[Clause]:
        """Judges the last word's end, if it can be judged now that `character` comes behind what is known."""
        if self._newlines and character:
            return self._end(Kind.LINE) if self._newlines == 1 else []
        if not self._open:
            return []
        boundary, word = self._open
        ahead = ("" if self._gap else self._text[self._word_at :]) + character
        kind = judge(word, ahead, whole=whole, begins_sentence=self._begins_sentence)
        if kind is None:
            return []
        self._open = None
        began = self._begins_sentence
        clauses = self._end(kind, boundary)
        self._begins_sentence |= began and not any(map(str.isalnum, word))
        return clauses

    def _here(self, kind: Kind) -> _Boundary:
        return _Boundary(len(self._text), kind, self._seconds)

    def _end(self, kind: Kind, at: _Boundary | None = None) -> list[Clause]:
        """Notes that something ends there, by default at the end of the text, and cuts what is due."""
        boundary = at._replace(kind=kind) if at else self._here(kind)
        self._begins_sentence = kind >= Kind.SENTENCE
        if not boundary.seconds:
            return []
        self._boundaries.append(boundary)
        clauses = []
        while cut := self._due():
            clauses.append(self._take(cut))
        return clauses

    def _due(self) -> _Boundary | None:
        """Where the text is to be cut next, judging its boundaries in their order, or None."""
        wanted_s = min(max(FIRST_S, GROWTH * self._said_s), FULL_S)
        overlong_s = min(OVERLONG * wanted_s, OVERLONG_S)
        before: list[_Boundary] = []
        for boundary in self._boundaries:
            if (
                boundary.kind >= Kind.LINE
                or (boundary.kind >= Kind.SENTENCE and boundary.seconds >= LEAST_SHARE * wanted_s)
                or (boundary.kind >= Kind.CONNECTIVE and boundary.seconds >= wanted_s)
                or (boundary.kind >= Kind.CLAUSE and not self._said_s and self._is_greeting(boundary))
            ):
                # One word beyond the limit does no harm; words in brackets may have brought it further.
                return boundary if boundary.seconds <= overlong_s + FIRST_S else self._best(before) or boundary
            if boundary.kind:
                if boundary.seconds > overlong_s:
                    return self._best(before) or boundary
                if boundary.seconds >= LEAST_SHARE * wanted_s:
                    before.append(boundary)
        return None

    @staticmethod
    def _best(boundaries: list[_Boundary]) -> _Boundary | None:
        return max(boundaries, key=lambda boundary: (boundary.kind, boundary.position), default=None)

    def _is_greeting(self, boundary: _Boundary) -> bool:
        words = "".join(c for c in self._text[: boundary.position] if c.isalnum() or c == " ")
        return words.strip().lower() in GREETINGS

    def _take(self, cut: _Boundary) -> Clause:
        """Removes the text up to there."""
        clause = Clause(self._text[: cut.position].strip(), _PAUSES_S.get(cut.kind, 0.0))
        rest = self._text[cut.position :].lstrip()
        count = len(self._text) - len(rest)
        self._text, self._seconds = rest, self._seconds - cut.seconds
        self._said_s += cut.seconds + clause.pause_s
        self._word_at = max(self._word_at - count, 0)
        self._boundaries = [b.moved(cut, count) for b in self._boundaries if b.seconds > cut.seconds]
        if self._open:
            self._open = (self._open[0].moved(cut, count), self._open[1])
        self._spans.shift(count)
        return clause
