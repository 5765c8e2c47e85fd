"""What GPT-SoVITS does with a request whose parameters are right, from its checks to its ways of failing."""

import asyncio
import logging
import threading
import time
from collections.abc import AsyncGenerator, Generator, Iterator
from contextlib import nullcontext
from dataclasses import dataclass

from fastapi.concurrency import run_in_threadpool

from ..errors import LocalError
from .audio import FAILURE_RATE_HZ, TOKEN_S, Samples, joined, silence, stream_pieces
from .engine import Engine, Voice
from .references import BadReference, References
from .request import SpeechRequest
from .text import NothingToSayError, sentences, without_repeats
from .versions import ModelVersion
from .weights import Weights

logger = logging.getLogger("malbeot.standin")

_HEADER_BYTES = 44
_BATCH_INTERVAL_RATE_HZ = 32000  # modes 0 and 1 count the interval at the model's own rate, not the vocoder's
_STOP_POLL_S = 0.05


class SynthesisError(Exception):
    """Speech that cannot be made, or not to its end. `shown` is what a client is told; it may be empty."""

    def __init__(self, reason: str, *, shown: str | None = None) -> None:
        super().__init__(reason)
        self.shown = reason if shown is None else shown


class ModelError(Exception):
    """A failure of the model itself: it is dressed up as a second of zeros."""


Sound = tuple[int, Samples]
"""Rate in Hz, mono samples."""


@dataclass(eq=False)
class _Run:
    """A request that is being spoken, or waits for its turn."""

    request: SpeechRequest
    version: ModelVersion
    mode: int
    """As spoken: the versions with a vocoder know modes 0 and 1 only."""
    fail_after_bytes: int | None
    broken: bool = False
    """Another request took the model away."""
    sent_bytes: int = _HEADER_BYTES
    samples: int = 0


class Synthesis:
    """The engine behind the server, and whose turn it is."""

    def __init__(self, engine: Engine, weights: Weights, references: References, *, cold_s: float) -> None:
        """`cold_s`: what the first request in each language takes longer, as GPT-SoVITS' does."""
        self.engine = engine
        self.weights = weights
        self.references = references
        self._cold_s = cold_s
        self._warm: set[str] = set()
        self._turn = asyncio.Lock()
        self._speaking = threading.Lock()  # mode 0 does not wait for its turn
        self._streams: set[_Run] = set()
        self._stopping = False

    def stop(self) -> None:
        """Ends the running synthesis after its current piece, and every later one at once."""
        self._stopping = True

    def voice_for(self, request: SpeechRequest) -> Voice:
        return self.engine.voice_for(request.text, request.text_lang.lower())[0]

    def whole(self, request: SpeechRequest, *, fail_after_bytes: int | None) -> Sound:
        """Mode 0. Blocks, and is meant to be called on the event loop: GPT-SoVITS blocks its whole server so.

        A failure of the model is a second of zeros at 16 kHz. Raises SynthesisError.
        """
        begun = time.monotonic()
        run = self._new_run(request, fail_after_bytes)
        sounds = self._run(run, self._prepared(run))
        try:
            return next(sounds)
        finally:
            sounds.close()  # before what follows the zeros: mode 0 loads nothing anew
            self._log(run, begun, begun, begun)

    async def stream(self, request: SpeechRequest, *, fail_after_bytes: int | None) -> AsyncGenerator[Sound, None]:
        """Modes 1 to 3, in pieces. Waits for its turn before it speaks.

        Close the generator to give up: a piece in the making is finished (at most 200 characters), the rest is not
        begun, and the next caller's turn comes. After `fail_after_bytes` bytes the model fails. Raises SynthesisError.
        """
        arrived = time.monotonic()
        run = self._new_run(request, fail_after_bytes)
        self._set_panel(run)
        self._streams.add(run)
        try:
            parts = await run_in_threadpool(self._prepared, run)
            # What fails without speaking does so beside another's speech.
            async with nullcontext() if _dooms(request) else self._turn:
                begun, first = time.monotonic(), 0.0
                sounds = self._run(run, parts)
                try:
                    # Not abandoned on cancellation: the thread is done with the engine before the turn passes on.
                    while (sound := await run_in_threadpool(next, sounds, None)) is not None:
                        first = first or time.monotonic()
                        yield sound
                finally:
                    sounds.close()
                    self._log(run, arrived, begun, first or time.monotonic())
        finally:
            self._streams.discard(run)

    def _new_run(self, request: SpeechRequest, fail_after_bytes: int | None) -> _Run:
        version = self.weights.version
        return _Run(request, version, min(request.mode, 1) if version.has_vocoder else request.mode, fail_after_bytes)

    def _set_panel(self, run: _Run) -> None:
        """The way of inference is set for the whole server: a stream of another kind beside this one breaks both."""
        for other in self._streams:
            if (other.mode == 1) != (run.mode == 1):
                other.broken = run.broken = True

    def _run(self, run: _Run, parts: list[str]) -> Generator[Sound, None, None]:
        """The sounds of a request. A failure of the model is zeros, then the models are loaded anew, then an error."""
        try:
            yield from self._spoken(run, parts)
        except SynthesisError:
            raise
        except Exception as error:  # whatever the model raises
            # An engine's own errors may quote what is said.
            reason = str(error) if isinstance(error, ModelError | LocalError) else type(error).__name__
            logger.warning("the model fails: %s", reason)
            yield FAILURE_RATE_HZ, silence(1.0, FAILURE_RATE_HZ)
            for other in tuple(self._streams):
                other.broken = True
            try:
                self.weights.reload()
            except LocalError as lost:
                raise SynthesisError(f"no model is left: {lost}") from lost
            raise SynthesisError(f"the model failed: {reason}") from error

    def _prepared(self, run: _Run) -> list[str]:
        """The sentences to speak. Raises SynthesisError for what GPT-SoVITS finds wrong before it speaks."""
        request, version = run.request, run.version
        if self.weights.gpt is None:
            raise SynthesisError("'NoneType' object has no attribute 'model'")
        if request.text_lang not in version.languages:
            raise SynthesisError("text_lang has capitals", shown="")
        if request.prompt_text and request.prompt_lang not in version.languages:
            raise SynthesisError("prompt_lang has capitals", shown="")
        if version.has_vocoder and not request.prompt_text:
            raise SynthesisError("prompt_text cannot be empty when using SoVITS_V3")
        try:
            self._refer(request.ref_audio_path)
            for path in request.aux_ref_audio_paths or ():
                self.references.add(path)
        except BadReference as error:
            raise SynthesisError("the reference audio cannot be used", shown=str(error)) from error
        if request.prompt_text and not request.prompt_text.strip("\n"):
            raise SynthesisError("string index out of range")
        if request.batch_size < 1:
            raise SynthesisError("integer modulo by zero")
        text = request.text if run.mode else without_repeats(request.text)
        try:
            return sentences(text, request.text_lang, request.text_split_method)
        except NothingToSayError as error:
            raise SynthesisError("the text has nothing to say") from error

    def _refer(self, path: str) -> None:
        if path == self.references.current:
            return
        if self.weights.sovits is None:
            raise SynthesisError("'NoneType' object has no attribute 'extract_latent'")
        self.references.use(path)

    def _spoken(self, run: _Run, parts: list[str]) -> Iterator[Sound]:
        request, rate_hz = run.request, run.version.rate_hz
        if not parts:
            if not run.mode:
                yield FAILURE_RATE_HZ, silence(1.0, FAILURE_RATE_HZ)
            return
        if _dooms(request):
            raise ModelError(f"top_k is {request.top_k}, speed_factor {request.speed_factor}: both must be above 0")
        self._warm_up(request)
        pieces = self._in_one(run, parts) if run.mode == 0 else self._in_pieces(run, parts)
        for piece in pieces:
            if run.fail_after_bytes is not None and run.sent_bytes + piece.nbytes >= run.fail_after_bytes:
                left = max(0, run.fail_after_bytes - run.sent_bytes) // 2
                if run.mode and left:
                    yield rate_hz, piece[:left]
                raise ModelError("told to fail")
            run.sent_bytes += piece.nbytes
            run.samples += len(piece)
            yield rate_hz, piece

    def _in_one(self, run: _Run, parts: list[str]) -> Iterator[Samples]:
        interval = self._interval(run.request, _BATCH_INTERVAL_RATE_HZ)
        yield joined(piece for part in parts for piece in (*self._voiced(run, part), interval))

    def _in_pieces(self, run: _Run, parts: list[str]) -> Iterator[Samples]:
        request, rate_hz = run.request, run.version.rate_hz
        for at in range(0, len(parts), request.batch_size):
            batch = parts[at : at + request.batch_size]
            if run.mode == 1:
                interval = self._interval(request, _BATCH_INTERVAL_RATE_HZ)
                yield joined(piece for part in batch for piece in (*self._voiced(run, part), interval))
                continue
            least = max(1, request.min_chunk_length)
            first = max(1, least - request.overlap_length)
            for sound in self._voiced(run, batch[0]):  # the others of its batch are lost
                yield from stream_pieces(
                    sound,
                    token=TOKEN_S * rate_hz / request.speed_factor,
                    first=first,
                    least=least,
                    at_pauses=run.mode == 2,
                )
                first = least
            yield silence(request.fragment_interval, rate_hz)

    def _interval(self, request: SpeechRequest, rate_hz: int) -> Samples:
        return silence(request.fragment_interval if request.fragment_interval > 0 else 0, rate_hz)

    def _voiced(self, run: _Run, part: str) -> Iterator[Samples]:
        """One sentence from the engine, in its own pieces."""
        request = run.request
        _, language = self.engine.voice_for(request.text, request.text_lang)
        pieces = self.engine.speak(
            part,
            text_lang=language,
            rate_hz=run.version.rate_hz,
            speed=request.speed_factor,
            seeded=request.seed != -1,
        )
        while True:
            if run.broken:
                raise ModelError("another request took the model away")
            if self.weights.gpt is None or self.weights.sovits is None:
                raise ModelError("'NoneType' object is not callable")
            with self._speaking:
                piece = next(pieces, None)
            if self._stopping:
                raise SynthesisError("the server is stopping")
            if piece is None:
                return
            yield piece

    def _warm_up(self, request: SpeechRequest) -> None:
        """Blocks for `cold_s` at the first text in a language."""
        if request.text_lang not in self._warm:
            self._warm.add(request.text_lang)
            until = time.monotonic() + self._cold_s
            while time.monotonic() < until and not self._stopping:
                time.sleep(_STOP_POLL_S)

    def _log(self, run: _Run, arrived: float, begun: float, first: float) -> None:
        logger.info(
            "spoke %d characters (%s, %s, mode %d): %.2f s in %.3f s, first piece after %.3f s, waited %.3f s",
            len(run.request.text),
            run.request.text_lang,
            self.voice_for(run.request).name,
            run.request.mode,
            run.samples / run.version.rate_hz,
            time.monotonic() - begun,
            first - begun,
            begun - arrived,
        )


def _dooms(request: SpeechRequest) -> bool:
    """Values that pass for parameters and that the model fails on."""
    return request.top_k < 1 or not request.speed_factor > 0
