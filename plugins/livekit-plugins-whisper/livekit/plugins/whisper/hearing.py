"""One call's hearing: what to ask the engine and what to tell LiveKit, without clock, tasks or sockets.

Time is counted in samples of the call. While somebody speaks an interim question goes out every
0.6 s, over all audio that is not final yet. In the first window without voice a preflight question
goes out, so that when the turn is called its answer is usually there: if nobody spoke on, it is the
final one. Audio is kept until it is final, so that an engine that died can be asked again.
"""

from collections import deque

import numpy as np
from livekit.agents.stt import SpeechEventType

from .guards import Drop, judge
from .protocol import SAMPLE_RATE, Heard, Kind, Samples
from .said import Said, in_the_call, kept, transcript
from .segment import LONG_S, Ask, Segment, where_to_cut
from .voice import Window

_FIRST_INTERIM_S = 0.45
_INTERIM_EVERY_S = 0.58
_ONSET_WINDOWS = 3
"""Voiced windows in a row with which speech begins; a click has fewer."""
_BEFORE_ONSET_S = 0.3
"""Audio before the first voiced window that is recognised with it: soft first sounds."""
_BEHIND_SPEECH_S = 0.3
"""Silence behind the last voiced window that is recognised with it: soft last sounds."""
_MOST_WAITING_S = 120.0
"""What the engine has not recognised for so long is given up: it is no answer to anything any more."""
_SURE_OF_LANGUAGE, _SURE_OF_LANGUAGE_S = 0.8, 1.5


class Hearing:
    """The state of one call."""

    def __init__(self, *, endpoint_s: float) -> None:
        """After `endpoint_s` of silence a segment becomes final by itself."""
        self._endpoint = round(endpoint_s * SAMPLE_RATE)
        self._audio = bytearray()
        self._audio_begin = 0
        self._recent: deque[Window] = deque(maxlen=_ONSET_WINDOWS)
        self._segment: Segment | None = None
        self._closing: deque[Segment] = deque()
        self._closed_at = 0

    @property
    def end(self) -> int:
        """Samples of the call so far."""
        return self._audio_begin + len(self._audio) // 2

    @property
    def unfinished(self) -> bool:
        """Whether a final answer is awaited."""
        return bool(self._closing)

    @property
    def speaking(self) -> bool:
        """Whether a segment is open."""
        return self._segment is not None

    def push(self, samples: Samples, windows: list[Window]) -> list[Said]:
        """Takes audio, and the windows that it completes."""
        self._audio += samples.tobytes()
        said: list[Said] = []
        for window in windows:
            if self._segment is None:
                self._recent.append(window)
                if len(self._recent) == _ONSET_WINDOWS and all(recent.voiced for recent in self._recent):
                    said += self._open()
            else:
                self._segment.add(window)
                said += self._settle(self._segment)
                if window.end - self._segment.speech_end >= self._endpoint:
                    said += self._close(window.end, flushed=False)
            said += self._held_preflight(window)
        said += self._give_up()
        self._forget()
        return said

    def flush(self) -> list[Said]:
        """The turn is over: what was said becomes final, at once where that is known already."""
        if self._segment is not None:
            return self._close(self.end, flushed=True)
        if self._closing:
            self._closing[-1].flushed = True
            return []
        return [Said(SpeechEventType.FINAL_TRANSCRIPT)]

    def due(self) -> list[Ask]:
        """The questions to ask now."""
        asks = [
            self._ask(segment, Kind.FINAL, segment.speech_end + round(_BEHIND_SPEECH_S * SAMPLE_RATE))
            for segment in self._closing
            # What becomes final in pieces waits until all before it is.
            if (segment is self._closing[0] or not segment.too_long)
            and not segment.knows_all()
            and not segment.asks_all()
        ]
        segment = self._segment
        if segment is None or self._closing:
            return asks
        if segment.pausing:
            if not segment.knows_all() and not segment.asks_all():
                asks.append(self._ask(segment, Kind.PREFLIGHT, self.end))
        elif not segment.asking and self._heard_s(segment) >= self._interval_s(segment):
            asks.append(self._ask(segment, Kind.INTERIM, self.end))
        return asks

    def _heard_s(self, segment: Segment) -> float:
        """Audio that nobody has asked about."""
        return (self.end - max(segment.asked_end, segment.onset)) / SAMPLE_RATE

    def _interval_s(self, segment: Segment) -> float:
        """From the last interim question to the next, or from the onset to the first."""
        return _INTERIM_EVERY_S if segment.asked_end > segment.onset else _FIRST_INTERIM_S

    def answer(self, ask: Ask, heard: Heard, *, prompt: str = "") -> list[Said]:
        """Takes the answer to a question that was asked with this prompt."""
        segment = ask.segment
        segment.asking.discard(ask)
        newest = segment.latest[0].end if segment.latest else 0
        if ask.begin != segment.begin or ask.end < newest or (ask.kind is Kind.INTERIM and segment.knows_all()):
            return []
        # A long interim is not only shown: it decides what becomes final.
        tentative = ask.kind is Kind.INTERIM and not ask.word_times
        if dropped := judge(heard, segment.evidence, prompt=prompt, tentative=tentative, doubts=segment.doubts):
            segment.doubts += 1
            heard = heard.model_copy(update={"words": ()})
            if segment.take_shorter(ask):
                return [Said(SpeechEventType.RECOGNITION_USAGE, dropped=dropped)]
        segment.latest = (ask, heard)
        segment.agreement.add([word.text for word in heard.words])
        if heard.language_probability >= _SURE_OF_LANGUAGE and ask.duration_s >= _SURE_OF_LANGUAGE_S:
            segment.language = heard.language
        if segment is self._segment:
            said = self._settle(segment) if segment.settled() else self._tell(segment, ask, heard)
        elif segment.knows_all():
            said = [
                *(self._preflight(segment, ask, heard) if self._closing and segment is self._closing[0] else []),
                *self._finish(),
            ]
        else:
            said = [] if segment.asks_all() else self._shorten(segment, ask, heard)
        if dropped:
            said.append(Said(SpeechEventType.RECOGNITION_USAGE, dropped=dropped))
        return said

    def withdraw(self, ask: Ask) -> None:
        """A question was not answered: it is asked again, or a newer one in its place."""
        ask.segment.asking.discard(ask)

    def start_again(self) -> None:
        """The engine is another one: what was not answered is asked again."""
        for segment in (*self._closing, *([self._segment] if self._segment else [])):
            segment.asking.clear()
            segment.asked_end = segment.begin

    def _open(self) -> list[Said]:
        onset = self._recent[0].begin
        begin = max(onset - round(_BEFORE_ONSET_S * SAMPLE_RATE), self._closed_at, self._audio_begin)
        self._segment = Segment(onset=onset, begin=begin)
        for window in self._recent:
            self._segment.add(window)
        self._recent.clear()
        return self._announce()

    def _announce(self) -> list[Said]:
        """The start of the oldest segment that is not over, once the one before it is."""
        segment = self._closing[0] if self._closing else self._segment
        if segment is None or segment.announced:
            return []
        segment.announced = True
        return [Said(SpeechEventType.START_OF_SPEECH, start_s=segment.onset / SAMPLE_RATE)]

    def _close(self, at: int, *, flushed: bool) -> list[Said]:
        segment = self._segment
        assert segment is not None
        self._closing.append(segment)
        segment.flushed = flushed
        self._segment = None
        segment.end = at
        self._closed_at = min(at, segment.speech_end + round(_BEHIND_SPEECH_S * SAMPLE_RATE))
        return self._finish()

    def _finish(self) -> list[Said]:
        """Everything final that is known, in order."""
        said: list[Said] = []
        while self._closing and self._closing[0].knows_all():
            segment = self._closing.popleft()
            assert segment.latest is not None
            ask, heard = segment.latest
            final = transcript(SpeechEventType.FINAL_TRANSCRIPT, ask, heard, len(heard.words))
            # Who flushed waits for a final; nobody waits for an empty one at the end of a noise.
            said += [final] if final.text or segment.flushed else []
            said.append(Said(SpeechEventType.END_OF_SPEECH, end_s=segment.speech_end / SAMPLE_RATE))
            said += [self._usage(segment, ask.end), *self._announce()]
        return said

    def _settle(self, segment: Segment) -> list[Said]:
        """What was heard before a pause holds for good: it is kept, or final where much is kept already."""
        if (ask := segment.settled()) is None or segment.latest is None or segment.pause is None:
            return []
        _, heard = segment.latest
        if segment.pause.speech_end - segment.unfinished_begin < LONG_S * SAMPLE_RATE:
            segment.keep(in_the_call(ask, heard.words))
            return [kept(SpeechEventType.INTERIM_TRANSCRIPT, segment)]
        final = transcript(SpeechEventType.FINAL_TRANSCRIPT, ask, heard, len(heard.words))
        usage = self._usage(segment, segment.pause.middle)
        segment.cut(segment.pause.middle)
        return [final, usage]

    def _usage(self, segment: Segment, end: int) -> Said:
        audio_s = (end - segment.unfinished_begin) / SAMPLE_RATE
        return Said(SpeechEventType.RECOGNITION_USAGE, audio_s=audio_s)

    def _tell(self, segment: Segment, ask: Ask, heard: Heard) -> list[Said]:
        if ask.kind is Kind.PREFLIGHT and segment.speech_end <= ask.speech_end and segment.paused(self.end):
            return self._preflight(segment, ask, heard)
        if said := self._shorten(segment, ask, heard):
            return said
        if segment.doubtful(heard):
            return []
        count = segment.agreement.shown()
        interim = transcript(SpeechEventType.INTERIM_TRANSCRIPT, ask, heard, count)
        # What was shown and is not believed any more is taken back.
        told, segment.told = segment.told, bool(interim.text)
        return [interim] if interim.text or told else []

    def _held_preflight(self, window: Window) -> list[Said]:
        """The answer that came so early in the pause that it was not told yet."""
        segment = self._segment
        if segment is None or segment.latest is None or not segment.knows_all() or not segment.paused(window.end):
            return []
        return self._preflight(segment, *segment.latest)

    def _give_up(self) -> list[Said]:
        """Ends what the engine has not recognised for so long that nobody waits for it any more."""
        said: list[Said] = []
        oldest = self.end - round(_MOST_WAITING_S * SAMPLE_RATE)
        while self._closing and self._closing[0].begin < oldest:
            segment = self._closing.popleft()
            final = kept(SpeechEventType.FINAL_TRANSCRIPT, segment)
            segment.cut(self.end)  # an answer that still comes is not about it any more
            said += [final] if final.text or segment.flushed else []
            said.append(Said(SpeechEventType.END_OF_SPEECH, end_s=segment.speech_end / SAMPLE_RATE))
            said += [Said(SpeechEventType.RECOGNITION_USAGE, dropped=Drop.TOO_LATE), *self._announce()]
        if self._segment and self._segment.begin < oldest:
            final = kept(SpeechEventType.FINAL_TRANSCRIPT, self._segment)
            self._segment.cut(oldest)
            said += [final] if final.text else []
            said.append(Said(SpeechEventType.RECOGNITION_USAGE, dropped=Drop.TOO_LATE))
        return said

    def _preflight(self, segment: Segment, ask: Ask, heard: Heard) -> list[Said]:
        """All words, while the pause still runs: the language model may begin."""
        preflight = transcript(SpeechEventType.PREFLIGHT_TRANSCRIPT, ask, heard, len(heard.words))
        if ask.kind is not Kind.PREFLIGHT or not preflight.text or preflight.text == segment.preflight:
            return []
        segment.preflight = preflight.text
        segment.told = True
        return [preflight]

    def _shorten(self, segment: Segment, ask: Ask, heard: Heard) -> list[Said]:
        """Makes the beginning of a long segment final, where there is enough that is stable."""
        cut = (
            where_to_cut(heard.words, segment.agreement.agreed, ask.duration_s, longest_s=segment.longest_s)
            if ask.word_times
            else None
        )
        if cut is None:
            return []
        count, at_s = cut
        at = ask.begin + round(at_s * SAMPLE_RATE)
        final = transcript(SpeechEventType.FINAL_TRANSCRIPT, ask, heard, count)
        usage = self._usage(segment, at)
        segment.cut(at)
        segment.agreement.add([word.text for word in heard.words[count:]])
        return [final, usage] if final.text else [usage]

    def _ask(self, segment: Segment, kind: Kind, end: int) -> Ask:
        end = min(
            end,
            self.end if segment.end is None else segment.end,
            segment.begin + round(segment.longest_s * SAMPLE_RATE),
        )
        audio = self._audio[(segment.begin - self._audio_begin) * 2 : (end - self._audio_begin) * 2]
        ask = Ask(
            segment=segment,
            kind=kind,
            begin=segment.begin,
            end=end,
            speech_end=min(segment.speech_end, end),
            samples=np.frombuffer(bytes(audio), np.int16),
            word_times=kind is not Kind.INTERIM or end - segment.begin >= LONG_S * SAMPLE_RATE,
            before="".join(word.text for word in segment.kept).strip(),
        )
        segment.asking.add(ask)
        segment.asked_end = max(segment.asked_end, end)
        return ask

    def _forget(self) -> None:
        """Lets go of audio that nobody will ask about."""
        waiting = [*self._closing, *([self._segment] if self._segment else [])]
        kept = _ONSET_WINDOWS * 512 + round((_BEFORE_ONSET_S + 0.2) * SAMPLE_RATE)
        needed = min((segment.begin for segment in waiting), default=self.end - kept)
        if needed - self._audio_begin > SAMPLE_RATE // 2:
            del self._audio[: (needed - self._audio_begin) * 2]
            self._audio_begin = needed
