"""A reply read aloud, clause by clause: the next is asked for while this one plays, and pauses are a speaker's."""

import asyncio
from contextlib import aclosing

from livekit.agents import APIError, tts

from .clauses import Clause
from .pauses import LEAD_S, PauseShaper
from .speaker import Speaker
from .spoken import spoken

AHEAD_S = 10.0
"""No clause is asked for while so much sound waits to be played: a reply of any length takes the memory of so much,
and who interrupts wastes no more."""
_UNSPEAKABLE_S = 0.1


class Reading:
    """Where one reply's sound goes, and how far it has been played if nobody has stopped it."""

    def __init__(
        self, emitter: tts.AudioEmitter, speaker: Speaker, *, sample_rate: int, language: str, live: bool
    ) -> None:
        """`live`: it is heard as it is given. No more than needed is made ahead, and a wait is part of a pause."""
        self._emitter = emitter
        self._speaker = speaker
        self._sample_rate = sample_rate
        self._language = language
        self._live = live
        self._played_at: float | None = None
        """When everything given so far will have been played, in the loop's time; None before anything was."""
        self._pause_s = 0.0
        """What belongs between the clause said last and the next."""

    async def say(self, clause: Clause) -> None:
        """Returns when all of its sound is given, which is before it is played.

        Raises `APIError`; it is not retryable once something of the reply was given.
        """
        text = spoken(clause.text, self._language)
        if not any(character.isalnum() for character in text):
            return
        if self._live:
            await asyncio.sleep(self._ahead_s() - AHEAD_S)
        shaper = PauseShaper(self._sample_rate, first=self._played_at is None)
        try:
            async with aclosing(self._speaker.say(text)) as pieces:
                async for piece in pieces:
                    if sound := shaper.feed(piece):
                        self._pause()
                        self._give(sound)
        except APIError as error:
            if self._played_at is not None:
                error.retryable = False
                # What it has not passed on by then, the framework throws away: up to a fifth of a second.
                self._emitter.flush()
                await asyncio.sleep(0)
            raise
        self._pause_s = clause.pause_s

    def end(self) -> None:
        """Where no clause had anything to say, a moment of silence stands for them."""
        if self._played_at is None:
            # The framework takes a reply without sound for a failure.
            self._give(bytes(2 * int(self._sample_rate * _UNSPEAKABLE_S)))

    def _pause(self) -> None:
        """The silence before the clause that begins now, less its own, and what has passed with nothing to play."""
        waited_s = max(0.0, -self._ahead_s()) if self._live else 0.0
        silent = round(max(0.0, self._pause_s - LEAD_S - waited_s) * self._sample_rate)
        self._pause_s = 0.0
        if silent:
            self._give(bytes(2 * silent))

    def _give(self, pcm: bytes) -> None:
        self._emitter.push(pcm)
        now = asyncio.get_running_loop().time()
        self._played_at = max(self._played_at or now, now) + len(pcm) / 2 / self._sample_rate

    def _ahead_s(self) -> float:
        return self._played_at - asyncio.get_running_loop().time() if self._played_at is not None else 0.0
