"""The words of a turn that is not over yet, and what they say about its end."""

from dataclasses import dataclass

from ..words import UNKNOWN, finished, loaded, words_said
from ..words.asked import Asked, what_was_asked
from ..words.said import said
from .fusion import fused


@dataclass(frozen=True)
class Judgement:
    """Probabilities that the turn is over. `audio` and `words` are what `probability` was fused from, None where
    nothing was known; `asked` is what the turn answers."""

    probability: float
    audio: float | None
    words: float | None
    asked: Asked


class Heard:
    """What has been said in a turn so far, and in which language; what it answers."""

    def __init__(self, language: str) -> None:
        self.finals = ""
        """The segments of the turn that the recogniser has closed."""
        self.text = ""
        """All words of the turn."""
        self._settled = False
        self._interim = ""
        self.language = language
        self.asked = Asked.NONE
        """What the turn answers."""
        self._agent_words = ""

    def hear(self, text: str, *, settled: bool) -> bool:
        """The turn's words are `text`, all of them, and stay so where `settled`. Says whether that is news.

        Words that have settled stay settled when they are heard again, whoever reports them and however they are
        written.
        """
        text = " ".join(text.split())
        settled = settled or (self._settled and _same(text, self.text))
        if (text, settled) == (self.text, self._settled):
            return False
        self.text, self._settled = text, settled
        return True

    def hear_interim(self, transcript: str) -> bool:
        """A transcript of the segment that is open, from the recogniser itself. Says whether that is news.

        The same words twice are all that were said: the audio between held no others.
        """
        again = bool(self._interim) and _same(transcript, self._interim)
        self._interim = transcript
        return self.hear(f"{self.finals} {transcript}", settled=again)

    def close_segment(self, text: str) -> bool:
        """A segment's last transcript. Says whether that is news."""
        self.finals = f"{self.finals} {text}".strip()
        self._interim = ""
        return self.hear(self.finals, settled=True)

    def answering(self, agent_words: str) -> None:
        """The turn answers `agent_words`."""
        self._agent_words = agent_words
        self.asked = what_was_asked(agent_words, self.language)

    def speaks(self, language: str) -> None:
        """The turn is in `language`, an ISO 639-1 code with or without a region."""
        if language != self.language:
            self.language = language
            self.asked = what_was_asked(self._agent_words, language)

    def over(self) -> None:
        """The next turn begins, without words. It answers the same until other words of the agent come."""
        self.finals = self.text = self._interim = ""
        self._settled = False

    def finished(self, text: str) -> float:
        """The probability, by the words alone, that a turn that says `text` is over; 0.5 where they tell nothing."""
        return finished(text, self.language, self.asked) if loaded(self.language) else UNKNOWN

    def judge(self, audio: float | None) -> Judgement:
        """Whether the turn is over, from its words and from what the sound says, `audio`.

        Words do not count where there are none, where their language is unknown, and until `turns.load` has loaded
        what it needs: loading here would block for a second.
        """
        words = self.finished(self.text) if self.text and loaded(self.language) else None
        length = words_said(self.text, self.language)
        probability = fused(audio, words, settled=self._settled, length=length)
        return Judgement(probability, audio, words, self.asked)


def _same(text: str, other: str) -> bool:
    """The same words, apart from case and marks."""
    one, two = said(text), said(other)
    return text == other or (one is not None and two is not None and one.words == two.words)
