"""One stream of a turn detector: a future for each pause, resolved when the wait is over."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from livekit import rtc
from livekit.agents import LanguageCode
from livekit.agents.voice.turn import TurnDetectionEvent, _StreamingTurnDetectorStream

from ..log import logger
from .decision import Decision
from .heard import Judgement
from .room import Room
from .speaker import Speaker

THRESHOLD = 0.5
SILENCE_S = 8 * 0.032
"""The silence behind the last speech when LiveKit asks for a prediction: its VAD (silero) tells silence in windows of
0.032 s, seven of them reach the 0.2 s that LiveKit waits for, and an event counts the windows before its own."""
AUDIO_WITHIN_S = 0.15
"""A turn is not called by its words alone sooner than this after the audio model was asked. It takes 0.04 to 0.06 s on
an idle core."""
_SPARE_S = 1.0


@dataclass
class _Pause:
    spoke_at: float
    """When speech was heard last, on the loop's clock, like every time here."""
    asked_at: float
    future: asyncio.Future[TurnDetectionEvent]
    audio: TurnDetectionEvent | None = None
    awaits_audio: bool = True
    judgement: Judgement | None = None
    wait_s: float = 0.0
    due_at: float = 0.0
    cost_s: float = 0.0
    timer: asyncio.TimerHandle | None = None
    called: bool = False


class TurnDetectorStream:
    """LiveKit's `_StreamingTurnDetectorStream` around another one, `audio`, which says what the sound says.

    `predict` returns a future that is resolved with probability 1.0 when the turn is called, and with 0.0 when speech
    goes on before. So the wait is the detector's, and the session's own delay should be no longer than its shortest.

    Where the audio model does not answer, or fails, words alone decide, and without words a middle wait. Timers, no
    tasks; none runs outside a pause.
    """

    def __init__(
        self,
        *,
        speaker: Speaker,
        audio: _StreamingTurnDetectorStream,
        decided: Callable[[Decision], object],
        turn_over: Callable[[], object],
        closed: Callable[["TurnDetectorStream"], object],
    ) -> None:
        self._speaker = speaker
        self._audio = audio
        self._decided, self._turn_over, self._on_closed = decided, turn_over, closed
        self._room = Room()
        self._pause: _Pause | None = None
        self._over_at: float | None = None  # last speech of the turn that was called and committed last
        self._ended = False
        self._warned = False

    @property
    def model(self) -> str:
        return self._audio.model

    @property
    def provider(self) -> str:
        return self._audio.provider

    @property
    def is_fallback(self) -> bool:
        return self._audio.is_fallback

    @property
    def prediction_timeout(self) -> float:
        """Longer than any wait: it never runs out while a wait runs."""
        return self._speaker.longest_s + _SPARE_S

    async def unlikely_threshold(self, language: LanguageCode | None) -> float | None:
        return THRESHOLD

    async def backchannel_threshold(self, language: LanguageCode | None) -> float | None:
        return await self._audio.backchannel_threshold(language)

    async def supports_language(self, language: LanguageCode | None) -> bool:
        """True: languages without rules of their own go by their sound."""
        return True

    @property
    def probability(self) -> float | None:
        """That the turn is over, as judged in the pause that is open; None where none is."""
        return self._pause.judgement.probability if self._pause and self._pause.judgement else None

    @property
    def due_in_s(self) -> float | None:
        """Seconds until the turn is called, 0 once it is; None where no pause is open."""
        if self._pause is None:
            return None
        return max(0.0, self._pause.due_at - asyncio.get_running_loop().time())

    def predict(self) -> asyncio.Future[TurnDetectionEvent]:
        """A pause begins: speech was heard last `SILENCE_S` ago, which is when LiveKit asks."""
        loop = asyncio.get_running_loop()
        self._close_pause()
        pause = _Pause(spoke_at=loop.time() - SILENCE_S, asked_at=loop.time(), future=loop.create_future())
        if self._ended:
            pause.future.set_result(_event(pause, 1.0))
            return pause.future
        self._over_at = None
        self._pause = pause
        self._ask(pause)
        self.reconsider()
        return pause.future

    def reconsider(self) -> None:
        """Judges the pause that is open anew, with what is known now. May call the turn at once."""
        pause = self._pause
        if pause is None or pause.called:
            return
        began = time.perf_counter()
        pause.judgement = self._speaker.judge(_probability(pause.audio))
        pause.wait_s = self._speaker.wait_s(pause.judgement.probability)
        pause.cost_s += time.perf_counter() - began
        pause.due_at = pause.spoke_at + pause.wait_s
        if pause.awaits_audio:
            pause.due_at = max(pause.due_at, pause.asked_at + AUDIO_WITHIN_S)
        if pause.timer:
            pause.timer.cancel()
        loop = asyncio.get_running_loop()
        if pause.due_at <= loop.time():
            self._call(pause)
        else:
            pause.timer = loop.call_at(pause.due_at, self._call, pause)

    def cancel_inference(self, *, timed_out: bool = False) -> None:
        """Speech goes on; with `timed_out` it does not, but nobody waits for the answer any more."""
        now = asyncio.get_running_loop().time()
        pause, over_at = self._pause, self._over_at
        self._close_pause()
        self._over_at = None
        if timed_out:
            return
        if pause is not None:
            pause_s = now - pause.spoke_at
            self._speaker.went_on(pause_s, within_s=pause_s if pause.called else pause.wait_s)
        elif over_at is not None:
            self._speaker.was_cut_off(now - over_at, at=now)

    def flush(self, reason: str | None = None) -> None:
        """The turn is over, or was cleared. A second flush does nothing more."""
        pause = self._pause
        self._close_pause()
        self._audio.flush(reason)
        if pause is not None and pause.called:
            self._over_at = pause.spoke_at
        self._turn_over()

    def push_audio(self, frame: rtc.AudioFrame) -> None:
        self._audio.push_audio(self._room.under(frame))

    def end_input(self) -> None:
        self._ended = True
        self._close_pause()
        self._audio.end_input()

    async def aclose(self) -> None:
        self._ended = True
        self._close_pause()
        self._on_closed(self)
        await self._audio.aclose()

    def _ask(self, pause: _Pause) -> None:
        """Asks what the sound says. The answer may come late or never."""
        try:
            answer = self._audio.predict()
        except Exception as error:
            self._warn(error)
            pause.awaits_audio = False
            return
        answer.add_done_callback(lambda answered: self._answered(pause, answered))

    def _answered(self, pause: _Pause, answer: asyncio.Future[TurnDetectionEvent]) -> None:
        error = None if answer.cancelled() else answer.exception()
        if error is not None:
            self._warn(error)
        pause.awaits_audio = False
        if pause is not self._pause:
            return  # LiveKit's own streams answer 0.0 when they are cancelled
        if error is None and not answer.cancelled():
            pause.audio = answer.result()
        self.reconsider()

    def _warn(self, error: BaseException) -> None:
        if not self._warned:
            self._warned = True
            logger.warning("the audio turn detector failed, words decide without it: %s", type(error).__name__)

    def _call(self, pause: _Pause) -> None:
        pause.called = True
        if not pause.future.done():
            pause.future.set_result(_event(pause, 1.0))
        self._report(pause)

    def _close_pause(self) -> None:
        pause, self._pause = self._pause, None
        if pause is None:
            self._audio.cancel_inference()
            return
        if pause.timer:
            pause.timer.cancel()
        late_s = asyncio.get_running_loop().time() - pause.asked_at
        self._audio.cancel_inference(timed_out=pause.awaits_audio and late_s > self._audio.prediction_timeout)
        if not pause.future.done():
            pause.future.set_result(_event(pause, 0.0))
        if not pause.called:
            self._report(pause)

    def _report(self, pause: _Pause) -> None:
        judged = pause.judgement
        if judged is None:
            return
        self._decided(
            Decision(
                probability=judged.probability,
                audio=judged.audio,
                words=judged.words,
                asked=judged.asked,
                wait_s=pause.wait_s,
                waited_s=asyncio.get_running_loop().time() - pause.spoke_at,
                called=pause.called,
                cost_s=pause.cost_s,
            )
        )


def _probability(event: TurnDetectionEvent | None) -> float | None:
    """What the sound says, None where it is not known.

    LiveKit's local model answers exactly 0 when it fails, and every stream of its answers exactly 1, in no time, when
    there is no model any more.
    """
    if event is None or event.end_of_turn_probability == 0.0:
        return None
    if event.end_of_turn_probability == 1.0 and event.inference_duration is None:
        return None
    return event.end_of_turn_probability


def _event(pause: _Pause, probability: float) -> TurnDetectionEvent:
    ago_s = asyncio.get_running_loop().time() - pause.spoke_at
    return TurnDetectionEvent(
        type="eot_prediction",
        end_of_turn_probability=probability,
        last_speaking_time=time.time() - ago_s,
        inference_duration=pause.audio.inference_duration if pause.audio else None,
        backchannel_probability=pause.audio.backchannel_probability if pause.audio else None,
    )
