"""When the companion speaks, listens and falls silent: one call's turn taking, put together.

Deciding is the plugin's (`livekit.plugins.turns`); here it gets the persona's words, the settings' weights and what
is known of the caller.
"""

import asyncio
from collections.abc import AsyncIterable
from typing import Any, TypeVar

from livekit import rtc
from livekit.agents import Agent, AgentStateChangedEvent, TurnHandlingOptions, llm, stt, utils
from livekit.plugins import turns

from malbeot.clips.fixed import FixedSpeech, Voice
from malbeot.log import logger
from malbeot.persona import Persona
from malbeot.providers import create_stt, keeps_prompts_warm
from malbeot.settings import Settings
from malbeot.turn_taking import paces
from malbeot.turn_taking.company import Company
from malbeot.turn_taking.courtesy import Courtesy
from malbeot.turn_taking.reading_ahead import read

Chunk = TypeVar("Chunk")


class TurnTaking:
    """One call's."""

    def __init__(
        self,
        settings: Settings,
        persona: Persona,
        fixed: FixedSpeech,
        ears: stt.STT[Any] | None,
        *,
        call: str,
        caller: str,
        pace: turns.Pace,
    ) -> None:
        """`fixed` speaks what is kept in clips; `ears` is None where the conversation is typed.

        `call` names it on this machine; `pace` is how `caller` pauses, and what is learnt of it is kept.
        """
        self._state = settings.malbeot_state
        self._caller = caller
        self._courtesy = Courtesy(settings.malbeot_state / "waiting", call)
        self._limits = turns.Limits(tries=settings.speculation_tries, wasted=settings.speculation_waste)
        self._detector = turns.TurnDetector(
            language=persona.language,
            costs=turns.Costs(cut_in=settings.turn_cut_in_cost, late=settings.turn_late_cost),
            pace=pace,
        )
        self._early = turns.EarlyAnswers(
            self._detector,
            limits=self._limits,
            read_ahead=self._read_ahead if keeps_prompts_warm(settings) and self._limits.tries else None,
            busy=self._courtesy.others_wait,
        )
        # One of its own, whose failures are not the conversation's. One far away would be asked too often, and late.
        near = settings.stt_provider == "whisper" and ears is not None
        self._first_words = create_stt(settings, persona) if near else None
        self._barge_in = turns.BargeIn(
            language=persona.language, ears=self._first_words, interrupted=self._detector.interrupted
        )
        self._company = Company(persona, fixed, self._detector)
        self._agent: Agent | None = None
        self._keeping: asyncio.Task[None] | None = None

    def options(self) -> TurnHandlingOptions:
        """How the session is to handle turns so that these parts decide."""
        return TurnHandlingOptions(
            turn_detection=self._detector,
            endpointing={"min_delay": turns.SHORTEST_S, "max_delay": turns.LONGEST_S},
            interruption=turns.interruption_options(),
            preemptive_generation=turns.preemptive_options(self._limits),
        )

    def attach(self, agent: Agent) -> None:
        """Takes part in the session of `agent`, which has started and has said nothing yet."""
        self._agent = agent
        self._detector.attach(agent.session)
        self._early.attach(agent.session)
        self._barge_in.attach(agent.session)
        self._company.attach(agent.session)
        self._barge_in.aside = self._company.aside
        # Here and in `aclose` alone: LiveKit waits for a call's entry point, and for what begins a call, to end first.
        self._keeping = asyncio.create_task(self._company.run(agent.session), name="company")
        agent.session.on("agent_state_changed", self._on_agent_state)

    async def aclose(self) -> None:
        """The call is over: keeps what was learnt of the caller."""
        if self._agent is None:
            return
        self._agent.session.off("agent_state_changed", self._on_agent_state)
        self._agent = None
        if self._keeping:
            await utils.aio.cancel_and_wait(self._keeping)
        self._courtesy.over()
        await self._barge_in.aclose()
        if self._first_words:
            await self._first_words.aclose()
        self._detector.detach()
        self._early.detach()
        logger.info("how the turns went", extra=self.figures())
        await asyncio.to_thread(paces.keep, self._state, self._caller, self._detector.pace)

    def figures(self) -> dict[str, float]:
        """What was counted in this call. Times are in seconds; no word of what was said.

        `used`: on answers of which the caller heard something. `extra`: on the others, and, of the language model,
        what it read ahead, which `read_ahead_s` tells again by itself.
        """
        work, overlaps = self._early.speculation, self._barge_in.counts
        return {
            "begun_early": work.begun,
            "model_used_s": round(work.model.used_s, 3),
            "model_extra_s": round(work.model.wasted_s + work.read_s, 3),
            "voice_used_s": round(work.voice.used_s, 3),
            "voice_extra_s": round(work.voice.wasted_s, 3),
            "read_ahead_s": round(work.read_s, 3),
            "interrupted": overlaps.stopped,
            "held": overlaps.held,
            "went_on": overlaps.went_on,
            "listened": overlaps.ignored,
            "superseded": overlaps.superseded,
        }

    def listen(self, audio: AsyncIterable[rtc.AudioFrame]) -> AsyncIterable[rtc.AudioFrame]:
        """The caller's sound, as recognition is to have it."""
        return self._barge_in.hear_audio(audio)

    def hear(self, events: AsyncIterable[stt.SpeechEvent]) -> AsyncIterable[stt.SpeechEvent]:
        """What recognition says, as LiveKit is to act on it."""
        return self._early.gate(self._barge_in.gate(events))

    def hold(self, answer: AsyncIterable[Chunk], context: llm.ChatContext) -> AsyncIterable[Chunk]:
        """An answer, as it is to be spoken."""
        return self._early.hold(answer, context)

    def speak(self, text: AsyncIterable[str], voice: Voice) -> AsyncIterable[rtc.AudioFrame]:
        """What `voice` makes of a text, counted where that is an answer."""
        return self._early.speak(text, voice)

    async def _read_ahead(self, words: str) -> None:
        if self._agent:
            await read(self._agent, words)

    def _on_agent_state(self, event: AgentStateChangedEvent) -> None:
        if event.new_state == "thinking":
            self._courtesy.wait()
        else:
            self._courtesy.over()
