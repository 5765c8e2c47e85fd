"""The first words of whoever speaks over the agent, asked for sooner than a recogniser's stream would tell them."""

import asyncio
from collections.abc import Callable
from typing import Any

from livekit import rtc
from livekit.agents import APIConnectOptions, stt

from ..log import logger
from .dips import Samples
from .hearing import RATE
from .overlap import FIRST_WORDS_S, Overlap

BEFORE_S = 0.25
"""Sound before the first voice that is recognised with it."""
AGAIN_S = 0.12
"""So much more voice is worth asking again."""
MOST = 6
"""How often it is asked about one stretch of sound."""
_ONCE = APIConnectOptions(max_retry=0, timeout=1.5)

Tell = Callable[[Overlap, stt.SpeechData, float], None]


class FirstWords:
    """One session's. One request runs at a time, in `run`; what comes meanwhile is part of the next."""

    def __init__(self, ears: stt.STT[Any] | None, tell: Tell) -> None:
        """`tell` is given what was heard, and from how many seconds of voice. Without `ears` nothing is asked."""
        self._ears = ears
        self._tell = tell
        self._overlap: Overlap | None = None
        self._asked = 0
        self._asked_at_s = 0.0
        self._wanted: tuple[Overlap, Samples, float] | None = None
        self._news = asyncio.Event()

    def want(self, overlap: Overlap, sound: Samples, lasted_s: float) -> None:
        """Asks about `overlap`, which has lasted for `lasted_s`, if it is time. `sound`, at `RATE`, was heard last."""
        if overlap is not self._overlap:
            self._overlap, self._asked, self._asked_at_s = overlap, 0, 0.0
        due_s = FIRST_WORDS_S if not self._asked else self._asked_at_s + AGAIN_S
        if self._ears is None or self._wanted or self._asked >= MOST or overlap.voiced_s < due_s:
            return
        self._asked += 1
        self._asked_at_s = overlap.voiced_s
        self._wanted = (overlap, sound[-round((lasted_s + BEFORE_S) * RATE) :], overlap.voiced_s)
        self._news.set()

    async def run(self) -> None:
        """Asks for what is wanted, until it is cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            if not self._wanted:
                continue
            overlap, sound, voiced_s = self._wanted
            try:
                heard = await self._recognised(sound)
            finally:
                self._wanted = None
            if heard and heard.text:
                self._tell(overlap, heard, voiced_s)

    async def _recognised(self, sound: Samples) -> stt.SpeechData | None:
        assert self._ears is not None
        frame = rtc.AudioFrame(sound.tobytes(), RATE, 1, len(sound))
        try:
            event = await self._ears.recognize(frame, conn_options=_ONCE)
        except Exception as error:
            logger.debug("the first words were not recognised: %s", type(error).__name__)
            return None
        return event.alternatives[0] if event.alternatives else None
