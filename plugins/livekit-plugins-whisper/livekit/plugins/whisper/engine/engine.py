"""The model at work: takes questions, answers them in batches."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from ..errors import ModelError
from ..protocol import SAMPLE_RATE, Heard, Question, Samples
from .decoder import Decoder
from .loading import MOST_WORKERS, Loaded
from .metrics import Metrics
from .scheduler import Busy, Scheduler

_PLACES = 64
_OUT_OF_MEMORY = ("out of memory", "ALLOC_FAILED")
_MOST_AT_ONCE = {"cpu": 2, "cuda": 16}


@dataclass(eq=False)
class _Ask:
    """A question between its arrival and its answer."""

    question: Question
    samples: Samples
    answer: asyncio.Future[Heard]
    arrived: float = field(default_factory=time.monotonic)

    @property
    def audio_s(self) -> float:
        return len(self.samples) / SAMPLE_RATE


class Replaced(Exception):
    """A newer question of the same call took the place of this interim one."""


class Engine:
    """The model at work: takes questions, answers them in batches."""

    def __init__(self, models: Iterator[Loaded]) -> None:
        """Loads the first of `models`; the others are for when memory runs out. Blocks. Raises `ModelError`."""
        self._models = models
        self.loaded = next(models)
        self.metrics = Metrics()
        self._decoder = Decoder(self.loaded.whisper, on_batch=self.metrics.batch_size.observe)
        self._times_loaded = 1
        self._scheduler: Scheduler[_Ask] = Scheduler(places=_PLACES, on_replaced=self._replaced)
        self._arrived = asyncio.Condition()
        self._loading = asyncio.Lock()
        self.languages = self._decoder.languages
        self._busy = 0
        self._using = 0
        self._unused = asyncio.Event()
        self.failed = ""
        """Why nothing can be recognised any more; empty while it can."""
        self.broken = asyncio.Event()
        """Is set when that has happened."""

    @contextlib.asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Answers questions for as long as it is entered."""
        # A lighter model may work on more batches at once than this one.
        most = max(MOST_WORKERS, self.loaded.workers)
        with ThreadPoolExecutor(most, thread_name_prefix="whisper") as executor:
            workers = [asyncio.create_task(self._work(executor)) for _ in range(most)]
            try:
                yield
            finally:
                for worker in workers:
                    worker.cancel()
                await asyncio.gather(*workers, return_exceptions=True)

    def describe(self) -> str:
        """What it hears with, for people."""
        return f"{self.loaded.name} on {self.loaded.device} as {self.loaded.compute_type}"

    async def ask(self, question: Question, samples: Samples) -> Heard:
        """The answer. Raises `Busy`, `Replaced`, or what the recognition raised."""
        ask = _Ask(question, samples, asyncio.get_running_loop().create_future())
        async with self._arrived:
            try:
                self._scheduler.add(question.call, question.kind, ask)
            except Busy:
                self.metrics.dropped.labels("busy").inc()
                raise
            self.metrics.waiting.set(len(self._scheduler))
            self._arrived.notify()
        try:
            return await ask.answer
        except asyncio.CancelledError:
            self._scheduler.discard(ask)
            self.metrics.waiting.set(len(self._scheduler))
            self.metrics.dropped.labels("gone").inc()
            raise

    def _replaced(self, ask: _Ask) -> None:
        self.metrics.dropped.labels("replaced").inc()
        if not ask.answer.done():
            ask.answer.set_exception(Replaced())

    async def _work(self, executor: ThreadPoolExecutor) -> None:
        while True:
            async with self._arrived:
                await self._arrived.wait_for(lambda: len(self._scheduler) and self._busy < self.loaded.workers)
                self._busy += 1
                # What waits is shared out between the workers before it is put together.
                share = -(-len(self._scheduler) // self.loaded.workers)
                batch = self._scheduler.take(min(share, _MOST_AT_ONCE.get(self.loaded.device, 1)))
                self.metrics.waiting.set(len(self._scheduler))
            try:
                await self._recognise(executor, [ask for ask in batch if not ask.answer.done()])
            finally:
                self._busy -= 1
            async with self._arrived:
                self._arrived.notify()

    async def _recognise(self, executor: ThreadPoolExecutor, batch: list[_Ask]) -> None:
        if not batch:
            return
        began = time.monotonic()
        kind = batch[0].question.kind.name.lower()
        for ask in batch:
            self.metrics.queue_wait_s.labels(kind).observe(began - ask.arrived)
        try:
            heard = await self._in_thread(executor, batch)
        except Exception as error:
            self.metrics.dropped.labels("failed").inc(len(batch))
            for ask in batch:
                if not ask.answer.done():
                    ask.answer.set_exception(error)
            return
        took = time.monotonic() - began
        audio_s = sum(ask.audio_s for ask in batch)
        self.metrics.work_s.labels(kind).observe(took)
        self.metrics.audio_s.labels(kind).inc(audio_s)
        self.metrics.audio_rate.set(audio_s / max(took, 1e-6))
        for ask, said in zip(batch, heard, strict=True):
            if not ask.answer.done():
                ask.answer.set_result(said)

    async def _in_thread(self, executor: ThreadPoolExecutor, batch: list[_Ask]) -> list[Heard]:
        loop = asyncio.get_running_loop()
        questions = [(ask.question, ask.samples) for ask in batch]
        while True:
            async with self._loading:
                if self.failed:
                    raise ModelError(self.failed)
                loaded = self._times_loaded
                self._using += 1
                self._unused.clear()
            try:
                return await loop.run_in_executor(executor, self._decoder.recognise, questions)
            except (RuntimeError, MemoryError) as error:
                if not isinstance(error, MemoryError) and not any(words in str(error) for words in _OUT_OF_MEMORY):
                    raise
            finally:
                self._using -= 1
                if not self._using:
                    self._unused.set()
            async with self._loading:
                if loaded == self._times_loaded and not self.failed:
                    await self._unused.wait()
                    try:
                        await loop.run_in_executor(executor, self._load_lighter)
                    finally:
                        if self.failed:
                            self.broken.set()

    def _load_lighter(self) -> None:
        # The old model must be gone before the next is loaded: there is no memory for both.
        self.loaded = replace(self.loaded, whisper=None)
        del self._decoder
        try:
            self.loaded = next(self._models)
            self._decoder = Decoder(self.loaded.whisper, on_batch=self.metrics.batch_size.observe)
        except Exception as error:
            self.failed = str(error) or type(error).__name__
            raise
        self._times_loaded += 1
