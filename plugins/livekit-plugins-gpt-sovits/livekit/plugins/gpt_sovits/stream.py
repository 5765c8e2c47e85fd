"""LiveKit's two ways to speak: text as it is written, and a text that is there."""

import asyncio
from typing import TYPE_CHECKING

from livekit.agents import APIConnectOptions, tts, utils
from livekit.agents.utils import aio

from .clauses import Clause, ClauseCutter
from .reading import Reading

if TYPE_CHECKING:
    from .tts import TTS, Options


class SynthesizeStream(tts.SynthesizeStream):
    """One reply, spoken while it is written."""

    def __init__(self, *, tts: "TTS", options: "Options", conn_options: APIConnectOptions) -> None:
        super().__init__(tts=tts, conn_options=conn_options)
        self._gpt_sovits = tts
        self._options = options

    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        output_emitter.initialize(
            request_id=utils.shortuuid(),
            sample_rate=self._gpt_sovits.sample_rate,
            num_channels=1,
            mime_type="audio/pcm",
            stream=True,
        )
        clauses = aio.Chan[Clause]()
        cutting = asyncio.create_task(self._cut(clauses), name="gpt_sovits.cut")
        reading: Reading | None = None
        try:
            async for clause in clauses:
                if reading is None:  # a stream that is given no text has no segment
                    self._mark_started()
                    output_emitter.start_segment(segment_id=utils.shortuuid())
                    reading = self._gpt_sovits._reading(output_emitter, self._options, self._conn_options, live=True)
                await reading.say(clause)
            await cutting
            if reading is not None:
                reading.end()
        finally:
            await aio.cancel_and_wait(cutting)

    async def _cut(self, clauses: aio.Chan[Clause]) -> None:
        cutter = ClauseCutter()
        wrote = False
        try:
            async for text in self._input_ch:
                # The session ends the input where it means a flush: what follows one has no segment of its own.
                for clause in cutter.flush() if isinstance(text, self._FlushSentinel) else cutter.push(text):
                    clauses.send_nowait(clause)
                    wrote = True
            if not wrote and self._pushed_text.strip():
                clauses.send_nowait(Clause(text="", pause_s=0.0))
        finally:
            clauses.close()


class ChunkedStream(tts.ChunkedStream):
    """One text. Sound is given as it arrives, at the TTS's rate whatever the server's is."""

    def __init__(self, *, tts: "TTS", input_text: str, options: "Options", conn_options: APIConnectOptions) -> None:
        super().__init__(tts=tts, input_text=input_text, conn_options=conn_options)
        self._gpt_sovits = tts
        self._options = options

    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        output_emitter.initialize(
            request_id=utils.shortuuid(),
            sample_rate=self._gpt_sovits.sample_rate,
            num_channels=1,
            mime_type="audio/pcm",
        )
        if not self._input_text.strip():
            return
        cutter = ClauseCutter()
        reading = self._gpt_sovits._reading(output_emitter, self._options, self._conn_options, live=False)
        for clause in [*cutter.push(self._input_text), *cutter.flush()]:
            await reading.say(clause)
        reading.end()
