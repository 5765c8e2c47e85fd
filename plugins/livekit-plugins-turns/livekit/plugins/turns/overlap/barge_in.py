"""Interruptions of a session: what is said over the agent's speech stops it, or is kept from LiveKit."""

import asyncio
import time
from collections.abc import AsyncIterable, AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from livekit import rtc
from livekit.agents import AgentSession, ConversationItemAddedEvent, InterruptionOptions, stt, utils
from livekit.agents.voice import SpeechHandle
from livekit.local_inference import VAD, VAD_WINDOW_SAMPLES

from ..company.aside import Aside
from ..transcripts import saying
from ..words.interjections import Reading, reading
from .dips import Samples, levels_db
from .echo import Echo
from .first_words import FirstWords
from .heard_words import HeardWords
from .hearing import RATE, At16k, UsualLevel, level_db
from .kept_back import KeptBack
from .outputs import Outputs
from .overlap import FAR_DB, SURE, UNKNOWN_DB, VOICED, Overlap, Saying, Verdict
from .playout import Playout
from .spoken import Spoken

_KEPT_S = 3.0
"""Sound that is remembered, to ask what its words are."""
_OVER_S = 0.4
"""Silence that ends what was said before the agent began."""
_NEARLY_S = 0.8
"""Who answers a question waits for its end, or for nearly so."""
_LATE_S = 0.35
"""What is heard so long after the agent fell silent was begun before: both ways through a network."""
_INTERIM_AGE_S = 0.15
"""So old is the sound of an interim when it comes."""
_TEXTS = (
    stt.SpeechEventType.INTERIM_TRANSCRIPT,
    stt.SpeechEventType.PREFLIGHT_TRANSCRIPT,
    stt.SpeechEventType.FINAL_TRANSCRIPT,
)


def interruption_options() -> InterruptionOptions:
    """How a session is to handle interruptions where `BargeIn` decides: sound alone never stops its agent."""
    return InterruptionOptions(
        enabled=True, mode="vad", min_duration=3600.0, min_words=0, resume_false_interruption=True
    )


@dataclass
class Counts:
    """What was decided in a call."""

    stopped: int = 0
    held: int = 0
    went_on: int = 0
    ignored: int = 0
    superseded: int = 0
    """Replies given up before they began, because the caller spoke on."""


class BargeIn:
    """One session's.

    It needs its sound (`hear_audio`) and what is recognised (`gate`), both wrapped around those of an agent's
    `stt_node`, and to be attached once the session has its outputs. `ears` recognises the first words of whoever
    speaks over the agent, sooner than a stream would tell them; without it, sound and the stream alone decide.
    """

    def __init__(
        self,
        *,
        language: str,
        ears: stt.STT[Any] | None = None,
        interrupted: Callable[[], object] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`language`: ISO 639-1, of both. `interrupted` is told of each interruption that is no answer to what the
        agent asks, as `TurnDetector.interrupted` wants to be. `clock` in seconds."""
        self.counts = Counts()
        self._language = language
        self._interrupted = interrupted
        self._clock = clock
        self._session: AgentSession[Any] | None = None
        self._outputs: Outputs | None = None
        self._playout: Playout | None = None
        self._spoken = Spoken(None)
        self._heard_words: HeardWords | None = None
        self._overlap: Overlap | None = None
        self._echo = Echo()
        self._vad = VAD()
        self._sound = np.zeros(0, np.int16)
        self._rest = np.zeros(0, np.int16)
        self._at_16k = At16k()
        self._usual = UsualLevel()
        self._audible_until = -1e9
        self._was_audible = False
        self._their_turn = False
        self._quiet_s = 0.0
        self._over_agent = False
        self._before_reply: SpeechHandle | None = None
        """The reply to a turn that was called and of which nothing was heard when the caller spoke on."""
        self.aside: Aside | None = None
        """What plays beside the agent's speech, and may come back from the caller's loudspeaker."""
        self._passing = False
        self._kept_back = KeptBack()
        self._first_words = FirstWords(ears, self._hear_first_words)
        self._texts_go_on: asyncio.TimerHandle | None = None

    def attach(self, session: AgentSession[Any]) -> None:
        """Takes its place in the outputs of a session that has been started."""
        self._session, self._outputs = session, Outputs(session)
        self._playout, self._spoken = self._outputs.playout, self._outputs.spoken
        if self._playout:
            self._playout.listeners.append(self._on_played)
            self._heard_words = HeardWords(self._spoken, self._playout)
            session.on("conversation_item_added", self._on_item)

    async def aclose(self) -> None:
        """Leaves the session's outputs as they were. What is played is cut short."""
        # Before anything is awaited: what is heard meanwhile must not set off anything any more.
        if self._session and self._heard_words:
            self._session.off("conversation_item_added", self._on_item)
        outputs, self._outputs, self._session, self._playout = self._outputs, None, None, None
        if self._texts_go_on:
            self._texts_go_on.cancel()
        if outputs:
            await outputs.give_back()

    async def hear_audio(self, audio: AsyncIterable[rtc.AudioFrame]) -> AsyncIterator[rtc.AudioFrame]:
        """Passes the caller's sound on, and listens to it while the agent speaks."""
        asking = asyncio.create_task(self._first_words.run(), name="turns.first_words")
        try:
            async for frame in audio:
                self._listen(frame)
                yield frame
        finally:
            await utils.aio.cancel_and_wait(asking)

    async def gate(self, events: AsyncIterable[stt.SpeechEvent]) -> AsyncIterator[stt.SpeechEvent]:
        """Passes on what is recognised, save what was said over the agent's speech and did not stop it."""
        async for event in events:
            if passed := self._judged(event):
                yield passed

    # What is recognised.

    def _judged(self, event: stt.SpeechEvent) -> stt.SpeechEvent | None:
        now = self._clock()
        if event.type is stt.SpeechEventType.START_OF_SPEECH:
            self._over_agent = not self._their_turn and (self._audible or now - self._audible_until < _LATE_S)
            self._before_reply = self._awaited
            self._passing = False
            self._kept_back.begin()
            if self._overlap and self._overlap.over:
                self._overlap = None
            return event
        if event.type not in _TEXTS or not event.alternatives:
            return event
        if self._before_reply:
            self._take_up_again(event)
        heard = event.alternatives[0]
        if not self._over_agent or not heard.text or self._passing:
            return self._kept_back.put_before(event, now)
        if self._overlap is None:
            self._overlap = Overlap(self._language, usual_db=self._usual.db)
        settled = event.type is not stt.SpeechEventType.INTERIM_TRANSCRIPT
        verdict = self._overlap.words(
            now,
            heard.text,
            self._saying(),
            confidence=heard.confidence,
            settled=settled,
            voiced_s=None if settled else self._overlap.voiced_s - _INTERIM_AGE_S,
        )
        self._act(verdict)
        if verdict is Verdict.STOP or (not self._audible and self._is_a_turn(heard.text)):
            self._passing = True
            return self._kept_back.put_before(event, now)
        if event.type is not stt.SpeechEventType.FINAL_TRANSCRIPT:
            return None
        self.counts.ignored += 1
        self._kept_back.keep(heard.text, now)
        return saying(event, "")  # who flushed is told that there is no more to wait for

    @property
    def _awaited(self) -> SpeechHandle | None:
        """The reply to a turn that was called, while nothing of it is heard."""
        if self._session is None or self._session.agent_state != "thinking" or self._audible:
            return None
        speech = self._session.current_speech
        return None if speech is None or speech.interrupted else speech

    def _take_up_again(self, event: stt.SpeechEvent) -> None:
        """Gives up a reply that has not begun, for somebody who speaks on: else it would begin in their next pause.

        What they say is answered as a whole. A word of listening, a noise, a voice from afar or a guess lets it come.
        """
        speech, heard = self._before_reply, event.alternatives[0]
        if speech is None or speech.done() or speech.interrupted or not speech.allow_interruptions:
            return
        said = reading(heard.text, self._language)
        settled = event.type is not stt.SpeechEventType.INTERIM_TRANSCRIPT
        believed = said is Reading.WORDS and (settled or heard.confidence >= SURE)
        if ((believed and not self._may_be_aside) or said is Reading.ORDER) and self._near:
            self._before_reply = None
            self.counts.superseded += 1
            speech.interrupt()

    @property
    def _may_be_aside(self) -> bool:
        return self.aside is not None and self.aside.heard_within(_LATE_S + 1.0)

    @property
    def _near(self) -> bool:
        """Whether the loud half of the last second is as loud as the caller, as far as is known."""
        levels = levels_db(self._sound[-RATE:], RATE)
        least_db = UNKNOWN_DB if self._usual.db is None else self._usual.db - FAR_DB
        return not len(levels) or float(np.percentile(levels, 75)) >= least_db

    def _is_a_turn(self, text: str) -> bool:
        """Whether words that outlasted the agent's speech are the caller's turn."""
        if self._overlap and (not self._overlap.near or self._overlap.repeats_agent):
            return False
        return reading(text, self._language) in (Reading.WORDS, Reading.ORDER)

    # What is heard.

    @property
    def _audible(self) -> bool:
        return self._playout is not None and self._playout.audible

    def _listen(self, frame: rtc.AudioFrame) -> None:
        samples = self._at_16k.samples(frame)
        self._sound = np.concatenate([self._sound, samples])[-round(_KEPT_S * RATE) :]
        audible, now = self._audible, self._clock()
        if audible and not self._was_audible:
            self._their_turn = self._session is not None and self._session.user_state == "speaking"
            self._quiet_s = 0.0
            # What stopped the agent before does not stop its answer, however soon that comes.
            if self._overlap and self._overlap.verdict is Verdict.STOP:
                self._overlap = None
            self._vad.reset()
            self._rest = np.zeros(0, np.int16)
            self._echo.forget()
        if audible:
            self._audible_until = now
        self._was_audible = audible
        if not audible and (self._overlap is None or self._overlap.over):
            if self._session and self._session.user_state == "speaking":
                self._usual.learn(samples)
            return
        self._rest = np.concatenate([self._rest, samples])
        while len(self._rest) >= VAD_WINDOW_SAMPLES:
            window, self._rest = self._rest[:VAD_WINDOW_SAMPLES], self._rest[VAD_WINDOW_SAMPLES:]
            self._hear_window(window, now - len(self._rest) / RATE)

    def _hear_window(self, window: Samples, at_s: float) -> None:
        probability = self._vad.predict(window)
        self._echo.heard(at_s - len(window) / RATE, window, RATE)
        if self._their_turn:
            # Whoever spoke before the agent began goes on with a turn that LiveKit knows of.
            self._quiet_s = 0.0 if probability >= VOICED else self._quiet_s + len(window) / RATE
            self._their_turn = self._quiet_s < _OVER_S
            return
        if self._overlap is None or self._overlap.over:
            if probability < VOICED or not self._audible:
                return
            self._overlap = Overlap(self._language, usual_db=self._usual.db)
        verdict = self._overlap.sound(at_s, probability, level_db(window), echo=self._echo.likeness())
        self._act(verdict)
        if verdict in (Verdict.WAIT, Verdict.HOLD):
            self._first_words.want(self._overlap, self._sound, self._overlap.lasted_s(self._clock()))

    def _on_played(self, piece: rtc.AudioFrame, begins_at: float) -> None:
        samples = np.frombuffer(piece.data, np.int16)[:: piece.num_channels]
        late_s = begins_at - asyncio.get_running_loop().time()
        self._echo.played(self._clock() + late_s, samples, piece.sample_rate)

    def _on_item(self, event: ConversationItemAddedEvent) -> None:
        if self._heard_words:
            self._heard_words.correct(event.item)

    def _hear_first_words(self, overlap: Overlap, heard: stt.SpeechData, voiced_s: float) -> None:
        if overlap is not self._overlap or overlap.verdict is Verdict.STOP or overlap.settled or not self._audible:
            return
        verdict = overlap.words(
            self._clock(), heard.text, self._saying(), confidence=heard.confidence, settled=False, voiced_s=voiced_s
        )
        self._act(verdict)

    # What is done about it.

    def _saying(self) -> Saying:
        left_s = self._playout.remaining_s if self._playout else 0.0
        asked = left_s is not None and left_s <= _NEARLY_S and self._spoken.asks
        return Saying(self._spoken.text, asked)

    def _act(self, verdict: Verdict) -> None:
        if not self._audible or self._playout is None or self._session is None:
            return
        if verdict is Verdict.STOP:
            self._stop(self._session, self._playout)
        elif verdict is Verdict.HOLD and not self._playout.held:
            self.counts.held += 1
            if self._texts_go_on:
                self._texts_go_on.cancel()
            if self._session.output.audio:
                self._session.output.audio.pause()
        elif verdict is Verdict.IGNORE and self._playout.held:
            self.counts.went_on += 1
            again_s = self._playout.go_on()
            # What is said twice was written already.
            self._texts_go_on = asyncio.get_running_loop().call_later(again_s, self._let_texts_go_on)

    def _let_texts_go_on(self) -> None:
        if self._session and self._session.output.audio:
            self._session.output.audio.resume()

    def _stop(self, session: AgentSession[Any], playout: Playout) -> None:
        speech = session.current_speech
        if speech is None or speech.interrupted or not speech.allow_interruptions:
            return
        self.counts.stopped += 1
        if self._texts_go_on:
            self._texts_go_on.cancel()
        self._passing = self._over_agent
        if self._heard_words:
            self._heard_words.stop()
        answers = self._saying().asked
        playout.hold()
        session.interrupt()
        if not answers:
            self._interrupted()
