"""Keeps the caller company: asks who falls silent, listens aloud, thinks aloud, each as the persona has it."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable

from livekit import rtc
from livekit.agents import AgentSession

from livekit.plugins.turns import Aside, Asking, Foresight, Nodding, Schedule, Thinking
from malbeot.clips.fixed import FixedSpeech
from malbeot.log import logger
from malbeot.persona import Persona
from malbeot.turn_taking.call_limits import CallLimits


class Company:
    """One call's. `attach` comes before the greeting, `run` runs until the session closes, or is cancelled."""

    def __init__(self, persona: Persona, fixed: FixedSpeech, foresight: Foresight | None = None) -> None:
        """`foresight` knows how likely it is that the caller goes on."""
        self._persona = persona
        self._fixed = fixed
        self._foresight = foresight
        self.aside: Aside | None = None
        """What plays nods and thoughts, once attached."""
        self._limits: CallLimits | None = None
        self._in_a_room = False

    def attach(self, session: AgentSession[None]) -> None:
        """Goes between the voice and the room, after whatever else does. At a console nothing is done.

        The minutes that a call may last are counted from here.
        """
        with contextlib.suppress(RuntimeError):
            self._in_a_room = bool(session.room_io)
        if self._in_a_room:
            self.aside = Aside.within(session)
            self._limits = self._call_limits()

    async def run(self, session: AgentSession[None]) -> None:
        """Does it all until then. A part that fails is over, and is logged; the others go on."""
        if not self._in_a_room:
            return
        # The end of a call comes first: it waits for no clip.
        async with asyncio.TaskGroup() as parts:
            if self._limits:
                parts.create_task(self._guarded("call limits", self._limits.run, session), name="call limits")
            parts.create_task(self._guarded("asking", self._ask, session), name="asking")
            parts.create_task(self._guarded("nodding", self._nod, session), name="nodding")
            parts.create_task(self._guarded("thinking", self._think, session), name="thinking")

    async def _guarded(
        self, name: str, part: Callable[[AgentSession[None]], Awaitable[None]], session: AgentSession[None]
    ) -> None:
        try:
            await part(session)
        except Exception:
            logger.exception("%s of persona %s has failed and is over in this call", name, self._persona.id)

    async def _ask(self, session: AgentSession[None]) -> None:
        if asking := self._asking():
            await asking.run(session)

    async def _nod(self, session: AgentSession[None]) -> None:
        if nodding := await self._nodding():
            await nodding.run(session)

    async def _think(self, session: AgentSession[None]) -> None:
        if thinking := await self._thinking():
            await thinking.run(session)

    def _asking(self) -> Asking | None:
        silence = self._persona.silence
        if not silence or not silence.enabled:
            return None
        schedule = Schedule(silence.ask_after_s, silence.ends_after_s, silence.hold_s)
        goodbye, language = self._persona.phrases.goodbye, self._persona.language
        return Asking(schedule, asks=silence.asks, goodbye=goodbye, language=language)

    def _call_limits(self) -> CallLimits | None:
        limits = self._persona.limits
        if not limits:
            return None
        return CallLimits(
            minutes=limits.minutes,
            turns=limits.turns,
            warn_before_minutes=limits.warn_before_minutes,
            almost_over=limits.almost_over,
            goodbye=self._persona.phrases.goodbye,
        )

    async def _nodding(self) -> Nodding | None:
        nods = self._persona.nods
        if not self.aside or not nods or not nods.enabled or not (sounds := await self._sounds("nods", nods.words)):
            return None
        return Nodding(sounds, self.aside, language=self._persona.language, foresight=self._foresight)

    async def _thinking(self) -> Thinking | None:
        words = self._persona.thoughts
        if not self.aside or not words or not words.enabled:
            return None
        sounds = await self._sounds("thoughts", words.words)
        return Thinking(sounds, self.aside, due_s=words.after_s) if sounds else None

    async def _sounds(self, part: str, words: Iterable[str]) -> dict[str, rtc.AudioFrame]:
        """What the voice has made of the words; empty where that is less than two of them."""
        clips = {word: clip for word in words if (clip := await self._fixed.clip(word))}
        if len(clips) < 2:
            logger.warning("persona %s has no clips of its %s: they are not said", self._persona.id, part)
            return {}
        return {
            word: rtc.AudioFrame(clip.samples.tobytes(), clip.rate, 1, len(clip.samples))
            for word, clip in clips.items()
        }
