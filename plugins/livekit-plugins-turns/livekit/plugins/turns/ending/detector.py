"""LiveKit's turn detector, made of sound, words, what was asked and how somebody usually pauses."""

import asyncio
import math
from typing import Any, Literal

from livekit import rtc
from livekit.agents import (
    AgentSession,
    AgentStateChangedEvent,
    ConversationItemAddedEvent,
    UserInputTranscribedEvent,
    inference,
    llm,
)
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, APIConnectOptions
from livekit.agents.voice.turn import _StreamingTurnDetector

from ..words.asked import Asked
from .heard import Judgement
from .pace import Pace
from .speaker import Speaker
from .stream import TurnDetectorStream
from .wait import LONGEST_S, SHORTEST_S, Costs


class TurnDetector(rtc.EventEmitter[Literal["decided"]]):
    """Calls the end of a turn after a wait of its own: a `turn_detection` for one `AgentSession`.

        detector = turns.TurnDetector(language="ko")
        session = AgentSession(
            turn_handling={"turn_detection": detector, "endpointing": {"min_delay": 0.15, "max_delay": 3.0}}, ...
        )
        detector.attach(session)

    `audio`: what judges by sound, LiveKit's offline model unless another streaming detector is given. `language`: an
    ISO 639-1 code; without one, that of the transcripts. For Korean call `turns.load("ko")` in a thread before: until
    that is done its words do not count. `costs`: what the two mistakes cost. `pace`: how this person pauses, if that
    is known from before; `detector.pace` is what was learnt since. Waits are from `shortest_s` to `longest_s`, counted
    from the last speech; LiveKit acts on one only when its voice activity detector has heard enough silence to end the
    speech, 0.25 s at least. ValueError for waits that are none.

    Emits "decided" with a `Decision` once a pause.
    """

    def __init__(
        self,
        *,
        audio: _StreamingTurnDetector | None = None,
        language: str = "",
        costs: Costs | None = None,
        pace: Pace | None = None,
        shortest_s: float = SHORTEST_S,
        longest_s: float = LONGEST_S,
    ) -> None:
        super().__init__()
        # Without a version LiveKit's looks for a cloud in its dev mode.
        self._audio = audio or inference.TurnDetector(version="v1-mini")
        self._given_language = language
        self._speaker = Speaker(
            language=language,
            pace=pace or Pace(),
            costs=costs or Costs(),
            shortest_s=shortest_s,
            longest_s=longest_s,
        )
        self._streams: list[TurnDetectorStream] = []
        self._session: AgentSession[Any] | None = None

    @property
    def model(self) -> str:
        return self._audio.model

    @property
    def provider(self) -> str:
        return self._audio.provider

    @property
    def pace(self) -> Pace:
        """How this person pauses, as far as it was learnt."""
        return self._speaker.pace

    @property
    def probability(self) -> float | None:
        """That the turn is over, as judged in the pause that runs; None while somebody speaks or nobody has."""
        return next((stream.probability for stream in self._streams if stream.probability is not None), None)

    @property
    def due_in_s(self) -> float:
        """Seconds until the turn is called if nothing more is heard; 0 once it is called.

        Where no pause runs yet it is the whole wait that the words alone would give.
        """
        due = [stream.due_in_s for stream in self._streams if stream.due_in_s is not None]
        return min(due) if due else self._speaker.wait_s(self.judge().probability)

    @property
    def language(self) -> str:
        """The language that was given, or that of the last transcript; "" before there is one."""
        return self._speaker.heard.language

    @property
    def asked(self) -> Asked:
        """What the turn answers."""
        return self._speaker.heard.asked

    @property
    def finals(self) -> str:
        """Final transcripts of this turn, from an attached session: what goes before a segment's words in `hear`."""
        return self._speaker.heard.finals

    def stream(self, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS) -> TurnDetectorStream:
        stream = TurnDetectorStream(
            speaker=self._speaker,
            audio=self._audio.stream(conn_options=conn_options),
            decided=lambda decision: self.emit("decided", decision),
            turn_over=self._turn_over,
            closed=self._closed,
        )
        self._streams.append(stream)
        return stream

    def hear(self, text: str, *, settled: bool) -> None:
        """The turn's words so far are `text`, earlier finals included; `settled`: they are all words that were said.

        An open pause is judged anew, and its turn may be called before this returns. Words that have settled stay
        settled when they are heard again unsettled, as those of a preflight transcript are by the session's event.
        """
        if self._speaker.heard.hear(text, settled=settled):
            self._reconsider()

    def answering(self, agent_words: str) -> None:
        """The agent said `agent_words` last: what is said now answers them."""
        self._speaker.heard.answering(agent_words)
        self._reconsider()

    def interrupted(self) -> None:
        """The agent fell silent for what was said over it, which answers no question: `BargeIn` tells.

        Who was that quick to speak has gone on with the turn before: the pause in between is learnt.
        """
        self._speaker.interrupted()

    def judge(self, audio: float | None = None) -> Judgement:
        """Whether the turn is over by its words so far, and by its sound where that says `audio`."""
        return self._speaker.judge(audio)

    def finished(self, text: str) -> float:
        """The probability, by the words alone, that a turn that says `text` is over; 0.5 where they tell nothing."""
        return self._speaker.heard.finished(text)

    def attach(self, session: AgentSession[Any]) -> None:
        """Takes words, language and what was asked from the session's events. One session at a time."""
        self.detach()
        self._session = session
        session.on("user_input_transcribed", self._on_transcribed)
        session.on("conversation_item_added", self._on_item_added)
        session.on("agent_state_changed", self._on_agent_state)

    def detach(self) -> None:
        """Lets go of the session, if there is one."""
        if self._session is None:
            return
        self._session.off("user_input_transcribed", self._on_transcribed)
        self._session.off("conversation_item_added", self._on_item_added)
        self._session.off("agent_state_changed", self._on_agent_state)
        self._session, self._speaker.agent_heard_at = None, -math.inf

    def _on_transcribed(self, event: UserInputTranscribedEvent) -> None:
        if event.language and not self._given_language:
            self._speaker.heard.speaks(event.language)
        heard = self._speaker.heard
        if not event.is_final:
            news = heard.hear_interim(event.transcript)
        else:
            news = bool(event.transcript) and heard.close_segment(event.transcript)
        if news:
            self._reconsider()

    def _on_item_added(self, event: ConversationItemAddedEvent) -> None:
        if isinstance(event.item, llm.ChatMessage) and event.item.role == "assistant" and event.item.text_content:
            self.answering(event.item.text_content)

    def _on_agent_state(self, event: AgentStateChangedEvent) -> None:
        if event.new_state == "speaking":
            self._speaker.agent_heard_at = min(self._speaker.agent_heard_at, asyncio.get_running_loop().time())

    def _reconsider(self) -> None:
        for stream in self._streams:
            stream.reconsider()

    def _turn_over(self) -> None:
        self._speaker.over(agent_heard_at=-math.inf if self._session is None else math.inf)

    def _closed(self, stream: TurnDetectorStream) -> None:
        if stream in self._streams:
            self._streams.remove(stream)
