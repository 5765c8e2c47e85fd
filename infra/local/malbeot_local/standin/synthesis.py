"""One synthesis at a time, in a worker thread, given up when the caller leaves."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Generator

import numpy as np
from fastapi.concurrency import run_in_threadpool

from .audio import OUTPUT_RATE, Samples, silence
from .engine import Engine, Voice
from .request import SpeechRequest
from .text import clean, fragments

logger = logging.getLogger("malbeot.standin")


class SynthesisError(Exception):
    """Speech that cannot be made, or made to its end."""


class Synthesis:
    """The engine behind the server, and whose turn it is."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._turn = asyncio.Lock()
        self._stopping = False

    def stop(self) -> None:
        """Ends the running synthesis after its current piece, and every later one at once."""
        self._stopping = True

    def voice_for(self, request: SpeechRequest) -> Voice:
        return self.engine.voice_for(request.text, request.text_lang.lower())[0]

    async def stream(self, request: SpeechRequest) -> AsyncGenerator[Samples, None]:
        """Mono int16 at OUTPUT_RATE, in pieces: by fragment in modes 0 and 1, by sentence in modes 2 and 3.

        Waits for its turn first. Close the generator to give up: a piece in the making is finished (at most 200
        characters), the rest is not begun, and the next caller's turn comes. Raises SynthesisError.
        """
        if failure := request.failure():
            raise SynthesisError(failure)
        if request.is_silent:
            return
        arrived = time.monotonic()
        first: float | None = None
        samples = 0
        async with self._turn:
            begun = time.monotonic()
            pieces = self._pieces(request)
            try:
                # Not abandoned on cancellation: the thread is done with the engine before the turn passes on.
                while (piece := await run_in_threadpool(next, pieces, None)) is not None:
                    if self._stopping:
                        raise SynthesisError("the server is stopping")
                    first = first or time.monotonic()
                    samples += len(piece)
                    yield piece
            finally:
                pieces.close()
                logger.info(
                    "spoke %d characters (%s, %s, mode %d): %.2f s in %.3f s, first piece after %.3f s, waited %.3f s",
                    len(request.text),
                    request.text_lang,
                    self.voice_for(request).name,
                    request.mode,
                    samples / OUTPUT_RATE,
                    time.monotonic() - begun,
                    (first or time.monotonic()) - begun,
                    begun - arrived,
                )

    def _pieces(self, request: SpeechRequest) -> Generator[Samples, None, None]:
        _, language = self.engine.voice_for(request.text, request.text_lang)
        for fragment in fragments(clean(request.text), request.text_split_method):
            pieces = self.engine.speak(fragment, text_lang=language, speed=request.speed_factor)
            if request.mode == 1:
                yield np.concatenate(list(pieces))
            else:
                yield from pieces
            if request.fragment_interval > 0:
                yield silence(request.fragment_interval)
