"""One stretch of speech, from its first sound until it is final."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from livekit.local_inference import VAD_WINDOW_SAMPLES

from .agreement import Agreement
from .guards import CLEAR_VOICE, SURE_VOICE
from .protocol import SAMPLE_RATE, Heard, Kind, Samples, Word
from .voice import Evidence, Window

LONG_S = 12.0
"""Audio that is recognised as one piece; then what is agreed on of it becomes final and is not decoded again."""

LONGEST_S = 22.0
"""The longest audio of a question. Where nothing is agreed on until here, what was heard last becomes final."""

_STEADY_VOICE = 0.95

_DOUBTFUL_LOGPROB = -0.6
"""Piper at 5 dB above noise has a voice of 0.96 and more nearly always; babble of few has 0.95, at -0.8 to -2.8."""

_FADING_WINDOWS = 3
"""When a speaker stops, the voice model's probability falls below _STEADY_VOICE first and below VOICED some 0.04 to
0.07 s later (measured on Piper, clean and at 10 dB above noise). For as many windows it may be that fall; what
stays between the two for longer is a soft voice."""

_PAUSE_S = 0.15

_SETTLED_WINDOWS = 5
_SETTLED_S = 2.5
"""Behind a pause of so many windows what was heard before it, and is so long, is not decoded again. Measured with
whisper-base on 48 sentences by Piper, of which 17 have such a pause: the last question takes 0.8 of the time (median)
and 0.7 (95th percentile). The word error rate is 0.9 % instead of 0.7 %, at 20 dB above noise 0.7 instead of 0.6 %, at
10 dB 3.4 instead of 4.0 %. Without the words before as a prompt it is 1.0, 1.4 and 3.9 %."""

_KEPT_S = 2.0
"""The newest words are never cut off: they may still change."""

_SENTENCE_ENDS = (".", "?", "!", "。", "？", "！")


@dataclass(frozen=True, eq=False)
class Ask:
    """A question to the engine. Positions are in samples from the beginning of the call."""

    segment: "Segment"
    kind: Kind
    begin: int
    end: int
    speech_end: int
    """End of the last voiced window in it."""
    samples: Samples = field(repr=False)
    word_times: bool
    before: str = field(default="", repr=False)
    """What was said before it, without a longer pause."""

    @property
    def duration_s(self) -> float:
        return (self.end - self.begin) / SAMPLE_RATE


@dataclass(frozen=True)
class _Pause:
    """A pause behind which somebody spoke on. Positions are in samples from the beginning of the call."""

    speech_end: int
    middle: int


@dataclass(eq=False)
class Segment:
    """Its audio lies in the call's buffer; here is what is known of it."""

    onset: int
    """Where speech was first heard."""
    begin: int
    """Where the audio begins that is recognised from now on."""
    kept: tuple[Word, ...] = field(default=(), repr=False)
    """What was heard before that and is not final yet, with times in seconds from the beginning of the call."""
    kept_begin: int = 0
    """Where the audio of these words begins."""
    windows: list[Window] = field(default_factory=list, repr=False)
    """Those of the audio since `begin`."""
    speech_end: int = 0
    """End of the last window with a voice that was not fading."""
    fading: int = _FADING_WINDOWS
    """Voiced windows since then, which may be the end of that voice."""
    end: int | None = None
    """Where it was closed; what comes behind belongs to the next."""
    announced: bool = False
    """Whether its start was told."""
    asked_end: int = 0
    """How far the newest question reaches."""
    asking: set[Ask] = field(default_factory=set, repr=False)
    """Questions that have not been answered."""
    latest: tuple[Ask, Heard] | None = field(default=None, repr=False)
    """The newest answer, its words believed by the guards."""
    agreement: Agreement = field(default_factory=Agreement, repr=False)
    language: str | None = None
    """The one detected, once it is sure."""
    shortened: bool = False
    """Whether its beginning is final already."""
    flushed: bool = False
    """Whether a final is waited for."""
    doubts: int = 0
    """How many answers about it were not believed."""
    told: bool = False
    """Whether words of it were shown that are not final."""
    longest_s: float = LONGEST_S
    """The longest audio of a question about it."""
    quiet: int = 0
    """Windows without voice in a row, up to the newest."""
    gap: _Pause | None = None
    """The newest pause that was long enough."""
    pause: _Pause | None = None
    """The same, once somebody has spoken on."""
    preflight: str = field(default="", repr=False)
    """What the newest preflight said."""

    def add(self, window: Window) -> None:
        """Takes the next window of the call."""
        self.windows.append(window)
        if not window.voiced:
            self.quiet += 1
        else:
            if self.quiet >= _SETTLED_WINDOWS:
                self.gap = _Pause(self.speech_end, window.begin - self.quiet * VAD_WINDOW_SAMPLES // 2)
            self.quiet = 0
        if window.probability >= _STEADY_VOICE:
            self.fading = 0
        elif window.voiced:
            self.fading += 1
        if window.voiced and (self.fading == 0 or self.fading > _FADING_WINDOWS):
            self.speech_end = window.end
            self.pause, self.gap = self.gap or self.pause, None

    @property
    def pausing(self) -> bool:
        """Whether the voice has faded, or begins to: what was said may be all."""
        return bool(self.windows) and self.windows[-1].end > self.speech_end

    @property
    def evidence(self) -> Evidence:
        """How sure it is that somebody speaks."""
        return Evidence.of(self.windows)

    def paused(self, at: int) -> bool:
        """Whether the pause that runs at `at` is none inside a word."""
        return bool(self.windows) and not self.windows[-1].voiced and at - self.speech_end >= _PAUSE_S * SAMPLE_RATE

    def doubtful(self, heard: Heard) -> bool:
        """Whether nothing is shown of it yet: babble and television bring words, but hardly the same ones twice."""
        voice = self.evidence.probability
        if self.told or voice >= CLEAR_VOICE:
            return False
        return voice < SURE_VOICE or not self.agreement.agreed or heard.logprob < _DOUBTFUL_LOGPROB

    def knows_all(self) -> bool:
        """Whether the newest answer is as good as a final one: it covers all speech."""
        return self.latest is not None and self._covers(self.latest[0])

    def asks_all(self) -> bool:
        """Whether an answer is awaited that will be as good as a final one."""
        return any(self._covers(ask) or self._is_longest(ask) for ask in self.asking)

    @property
    def too_long(self) -> bool:
        """Whether it cannot be recognised as one piece."""
        return self.speech_end - self.begin > self.longest_s * SAMPLE_RATE

    def _covers(self, ask: Ask) -> bool:
        return ask.kind is not Kind.INTERIM and ask.begin == self.begin and ask.speech_end >= self.speech_end

    def _is_longest(self, ask: Ask) -> bool:
        return ask.kind is not Kind.INTERIM and ask.begin == self.begin and ask.duration_s >= self.longest_s

    def settled(self) -> Ask | None:
        """The question whose answer holds for good, because it covers all before a pause."""
        if self.pause is None or self.latest is None:
            return None
        ask, heard = self.latest
        whole = ask.kind is not Kind.INTERIM and ask.begin == self.begin and ask.speech_end == self.pause.speech_end
        enough = self.pause.speech_end - self.begin >= _SETTLED_S * SAMPLE_RATE
        return ask if whole and enough and heard.words and ask.end <= self.pause.middle else None

    def keep(self, words: tuple[Word, ...]) -> None:
        """Keeps the words before the pause: from now on only what lies behind is recognised."""
        assert self.pause is not None
        shortened, words, begin = self.shortened, (*self.kept, *words), self.kept_begin if self.kept else self.begin
        self.cut(self.pause.middle)
        self.shortened, self.kept, self.kept_begin, self.told = shortened, words, begin, True

    @property
    def unfinished_begin(self) -> int:
        """Where the audio begins that is not final yet."""
        return self.kept_begin if self.kept else self.begin

    def cut(self, at: int) -> None:
        """Forgets what lies before `at` samples: it is final."""
        self.begin = at
        self.shortened = True
        self.kept = ()
        self.pause = None
        self.windows = [window for window in self.windows if window.end > at]
        self.agreement = Agreement()
        self.latest = None
        self.preflight = ""
        self.told = False
        self.longest_s = LONGEST_S

    def take_shorter(self, ask: Ask) -> bool:
        """Whether to ask again about half of a long piece: the words were not believed, but the voice is sure.

        The model loops now and then on what it hears well when it is shorter.
        """
        sure = self.evidence.probability >= _STEADY_VOICE and self.evidence.voiced_s >= ask.duration_s / 2
        if ask.duration_s < LONGEST_S / 4 or not ask.word_times or not sure:
            return False
        self.longest_s = ask.duration_s / 2
        return True


def where_to_cut(
    words: Sequence[Word], agreed: int, duration_s: float, *, longest_s: float = LONGEST_S
) -> tuple[int, float] | None:
    """Where a long piece can be cut: so many of the first words become final, and the audio before so many seconds.

    Behind the last sentence that is agreed on, else in the longest gap between agreed words; None where
    it must grow on.

    Args:
        words: with their times.
        agreed: how many of them are stable.
        duration_s: the audio they were heard in.
        longest_s: audio that cannot grow on.
    """
    if duration_s < min(LONG_S, longest_s - 0.1):
        return None
    full = duration_s >= longest_s - 0.1
    stable = [
        count
        for count in range(1, min(len(words) if full else agreed, len(words) - 1) + 1)
        if (end := words[count - 1].end_s) is not None and end <= duration_s - _KEPT_S
    ]
    if not stable:
        return (len(words), duration_s) if full else None
    sentences = [count for count in stable if words[count - 1].text.rstrip().endswith(_SENTENCE_ENDS)]
    if sentences:
        count = sentences[-1]
    else:
        # An early cut would come again at once.
        late = stable[len(stable) // 2 :]
        count = max(late, key=lambda count: (_gap(words, count), count))
    end_s = words[count - 1].end_s or 0.0
    return count, end_s + _gap(words, count) / 2


def _gap(words: Sequence[Word], count: int) -> float:
    """Seconds between the first `count` words and the next."""
    return max(0.0, round((words[count].start_s or 0.0) - (words[count - 1].end_s or 0.0), 2))
