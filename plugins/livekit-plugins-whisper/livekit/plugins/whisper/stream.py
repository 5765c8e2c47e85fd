"""LiveKit's stream of one call: carries audio to `Hearing`, its questions to the engine, and what is said back."""

import asyncio
from typing import TYPE_CHECKING

from livekit import rtc
from livekit.agents import APIConnectOptions, LanguageCode, stt, utils
from livekit.agents.types import NOT_GIVEN, TimedString
from livekit.agents.utils import aio

from .audio import downmixed, mono
from .client import Client
from .errors import BusyError, ReplacedError, livekit_errors
from .hearing import Hearing
from .log import logger
from .metrics import DROPPED
from .options import StreamOptions
from .protocol import SAMPLE_RATE, Kind, Question
from .said import Said
from .segment import Ask
from .voice import VoiceActivity

if TYPE_CHECKING:
    from .stt import STT

_ASK_AGAIN_S = 0.1
_NO_AUDIO_S = 1.0
"""When no audio comes any more, as after a lost connection, the segment is over."""


STABLE_TEXT = "stable_text"
"""In `SpeechData.metadata` of each transcript: the beginning of its text that will hardly change any more."""
SUPPOSED_TEXT = "supposed_text"
"""In the same place: its text and the words behind it that are not sure enough to be shown."""


class RecognizeStream(stt.RecognizeStream):
    """Recognises one call's audio as it comes."""

    def __init__(self, *, stt: "STT", opts: StreamOptions, conn_options: APIConnectOptions, hearing: Hearing) -> None:
        super().__init__(stt=stt, conn_options=conn_options, sample_rate=SAMPLE_RATE)
        self._whisper = stt
        self._opts = opts
        self._hearing = hearing
        self._offset_s: float | None = None
        self._begin_s = hearing.end / SAMPLE_RATE
        self._voice = VoiceActivity(begin=hearing.end)
        self._call = utils.shortuuid("call_")
        self._request_id = utils.shortuuid("stt_")
        self._ended = False

    @property
    def opts(self) -> StreamOptions:
        return self._opts

    def update_options(self, opts: StreamOptions) -> None:
        """Holds from the next question on."""
        self._opts = opts

    def belongs_to(self, stt: "STT") -> bool:
        """Whether this STT made it."""
        return self._whisper is stt

    def left_over(self) -> Hearing | None:
        """What this stream could not finish, where it has failed for good."""
        if not self._task.done() or self._task.cancelled() or self._task.exception() is None:
            return None
        while not self._input_ch.empty():
            self._hear(self._input_ch.recv_nowait())
        return self._hearing

    async def _run(self) -> None:
        # A retry enters here again, with the audio that is not final yet still in `hearing`, whose clock runs on;
        # LiveKit adds the time so far to the offset then, which holds for plugins that begin at zero.
        if self._offset_s is None:
            self._offset_s = self.start_time_offset
        self._hearing.start_again()
        client: Client | None = None
        connecting = asyncio.create_task(self._whisper._connect(self._conn_options), name="whisper.connect")
        reading: asyncio.Task[rtc.AudioFrame | stt.RecognizeStream._FlushSentinel] | None = None
        asking: set[asyncio.Task[None]] = set()
        try:
            while not self._ended or self._hearing.unfinished:
                if reading is None and not self._ended:
                    reading = asyncio.create_task(self._input_ch.recv(), name="whisper.read")
                if client is None and connecting.done():
                    client = connecting.result()
                if client:
                    asking |= {asyncio.create_task(self._ask(client, ask)) for ask in self._hearing.due()}
                waiting = asking | ({reading} if reading else set()) | (set() if client else {connecting})
                done, _ = await asyncio.wait(waiting, timeout=_NO_AUDIO_S, return_when=asyncio.FIRST_COMPLETED)
                if not done and self._hearing.speaking:
                    self._send(self._hearing.flush())
                if reading in done:
                    self._take(reading)
                    reading = None
                for answered in done & asking:
                    asking.discard(answered)
                    answered.result()
        finally:
            tasks = [connecting, *asking, *([reading] if reading else [])]
            for task in tasks:
                task.cancel()
            try:
                await asyncio.gather(*tasks, return_exceptions=True)
            finally:
                if not connecting.cancelled() and connecting.exception() is None:
                    await connecting.result().aclose()

    def _take(self, reading: "asyncio.Task[rtc.AudioFrame | stt.RecognizeStream._FlushSentinel]") -> None:
        try:
            item = reading.result()
        except aio.ChanClosed:
            self._ended = True
            if self._hearing.speaking:
                self._send(self._hearing.flush())
            return
        self._send(self._hear(item))

    def _hear(self, item: "rtc.AudioFrame | stt.RecognizeStream._FlushSentinel") -> list[Said]:
        if not isinstance(item, rtc.AudioFrame):
            return self._hearing.flush()
        samples = mono(item)
        return self._hearing.push(samples, self._voice.push(samples))

    def push_frame(self, frame: rtc.AudioFrame) -> None:
        """Takes audio of any rate, mono or stereo."""
        super().push_frame(downmixed(frame))

    async def _ask(self, client: Client, ask: Ask) -> None:
        opts = self._opts
        prompt = opts.prompt(answers=not ask.segment.shortened, before=ask.before)
        try:
            with livekit_errors():
                question = Question(
                    call=self._call,
                    kind=ask.kind,
                    language=opts.language.language if opts.language else ask.segment.language,
                    prompt=prompt,
                    speech_end_s=max(0, ask.speech_end - ask.begin) / SAMPLE_RATE,
                    word_times=ask.word_times,
                )
                try:
                    heard = await client.recognise(question, ask.samples, timeout_s=self._conn_options.timeout)
                except BusyError:
                    await asyncio.sleep(_ASK_AGAIN_S)
                    return
                except ReplacedError:
                    return
                except TimeoutError:
                    if ask.kind is not Kind.INTERIM:
                        raise
                    return  # the engine lives, and has more urgent things to do
        finally:
            self._hearing.withdraw(ask)
        self._send(self._hearing.answer(ask, heard, prompt=prompt))

    def _send(self, said: list[Said]) -> None:
        for one in said:
            if one.dropped:
                DROPPED.labels(one.dropped.value).inc()
                logger.debug("a text that nobody seems to have said is dropped", extra={"reason": one.dropped.value})
            elif one.type is stt.SpeechEventType.RECOGNITION_USAGE:
                usage = stt.RecognitionUsage(audio_duration=one.audio_s)
                self._emit(stt.SpeechEvent(type=one.type, request_id=self._request_id, recognition_usage=usage))
                self._request_id = utils.shortuuid("stt_")
            elif one.type in (stt.SpeechEventType.START_OF_SPEECH, stt.SpeechEventType.END_OF_SPEECH):
                self._emit(stt.SpeechEvent(type=one.type, request_id=self._request_id))
            else:
                self._emit(self._transcript(one))
                if one.type is stt.SpeechEventType.FINAL_TRANSCRIPT and not one.text:
                    self._request_id = utils.shortuuid("stt_")

    def _emit(self, event: stt.SpeechEvent) -> None:
        self._event_ch.send_nowait(event)

    def _transcript(self, said: Said) -> stt.SpeechEvent:
        offset_s = self._offset_s or 0.0
        shift_s = offset_s - self._begin_s
        words = [
            TimedString(
                text=word.text.strip(),
                start_time=max(0.0, (word.start_s or 0.0) + shift_s),
                end_time=max(0.0, (word.end_s or 0.0) + shift_s),
                confidence=NOT_GIVEN if word.probability is None else word.probability,
                start_time_offset=offset_s,
            )
            for word in said.words
        ]
        language = said.language if said.language not in ("", "und") else ""
        data = stt.SpeechData(
            language=LanguageCode(language) if language else self._opts.language or LanguageCode("und"),
            text=said.text,
            start_time=max(0.0, said.start_s + shift_s),
            end_time=max(0.0, said.end_s + shift_s),
            confidence=said.confidence,
            words=words or None,
            metadata={STABLE_TEXT: said.stable, SUPPOSED_TEXT: said.supposed},
        )
        return stt.SpeechEvent(type=said.type, request_id=self._request_id, alternatives=[data])
