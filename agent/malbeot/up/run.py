"""Starts everything a call needs on this machine, watches it, and stops it with one Ctrl-C."""

import asyncio
import contextlib
import signal
import sys
import time
from collections import defaultdict, deque
from collections.abc import Mapping
from pathlib import Path

from livekit.plugins import whisper

from malbeot.errors import MalbeotError
from malbeot.livekit_server import unreachable
from malbeot.models import whisper_model
from malbeot.settings import EMBEDDED, EMBEDDED_CHAT_MODEL, Settings
from malbeot.up import probes, services
from malbeot.up.process import Process, Service
from malbeot.waiting import until
from malbeot_local import models, ollama
from malbeot_local.cache import Cache

_RESTARTS = 3
_RESTARTS_WITHIN_S = 60.0
# A machine that is switched off does not wait for its caller to say goodbye.
_CHILD_SETTINGS = {"WORKER_DRAIN_S": "1", "PYTHONUNBUFFERED": "1"}


class Up:
    """The processes of one `malbeot up`."""

    def __init__(self, settings: Settings, env: Mapping[str, str], *, show_logs: bool) -> None:
        self._settings = settings
        self._env = {**env, **_CHILD_SETTINGS}
        self._logs = None if show_logs else settings.malbeot_state / "logs"
        self._processes: list[Process] = []
        self._ended: dict[asyncio.Task[int], Process] = {}
        self._deaths: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=_RESTARTS))

    async def start(self) -> None:
        """Starts what is missing, each as early as it can. Raises `MalbeotError` or `LocalError`."""
        settings = self._settings
        try:
            settings.malbeot_state.mkdir(parents=True, exist_ok=True, mode=0o700)
            if self._logs:
                self._logs.mkdir(exist_ok=True)
        except OSError as error:
            raise MalbeotError(
                f"cannot write to {settings.malbeot_state}: {error.strerror}; set MALBEOT_STATE to a folder you own"
            ) from None
        parts = (self._livekit(), self._hearing(), self._thinking(), self._voice(), self._web())
        tasks = [asyncio.create_task(part) for part in parts]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        await self._start(services.worker_service(settings, self._env, settings.malbeot_state / "ready"))

    async def watch(self) -> None:
        """Starts again what ends. Raises `MalbeotError` for a process that keeps ending."""
        while True:
            await asyncio.wait(self._ended, return_when=asyncio.FIRST_COMPLETED)
            for task in [task for task in self._ended if task.done()]:
                process = self._ended.pop(task)
                deaths = self._deaths[process.service.name]
                deaths.append(time.monotonic())
                why = f"{process.service.name} stopped (exit status {task.result()}): {process.last_words()}"
                if len(deaths) == _RESTARTS and deaths[-1] - deaths[0] < _RESTARTS_WITHIN_S:
                    raise MalbeotError(f"{why}; that was the third time within a minute, so everything stops")
                say(f"{why}; starting it again")
                await process.stop()
                await self._ready(process)

    async def stop(self) -> None:
        """Stops everything, last started first."""
        for task in self._ended:
            task.cancel()
        await asyncio.gather(*self._ended, return_exceptions=True)
        for process in reversed(self._processes):
            await process.stop()

    async def _livekit(self) -> None:
        settings = self._settings
        if not settings.livekit_is_local:
            if reason := await unreachable(settings):
                raise MalbeotError(f"LiveKit server at {settings.livekit_url} does not answer: {reason}")
            say(f"LiveKit server is at {settings.livekit_url}")
            return
        binary = await services.find_livekit(settings, say)
        await self._start(services.livekit_service(settings, binary, self._env))

    async def _hearing(self) -> None:
        settings = self._settings
        model = whisper_model(settings)
        if settings.stt_provider != "whisper" or isinstance(model, Path):
            return
        try:
            await asyncio.to_thread(whisper.locate, model)
        except whisper.ModelError:
            say(f"fetching Whisper {model}, once")
            command = [sys.executable, "-m", "livekit.plugins.whisper", "download", model]
            process = await asyncio.create_subprocess_exec(*command, env=dict(self._env))
            try:
                status = await process.wait()
            finally:
                if process.returncode is None:
                    process.terminate()
                    await process.wait()
            if status:
                raise MalbeotError(f"Whisper {model} could not be fetched; its reason is above") from None

    async def _thinking(self) -> None:
        settings = self._settings
        if settings.llm_provider != "ollama":
            return
        if await probes.is_ollama(settings.ollama_url):
            say(f"Ollama is running already at {settings.ollama_url}")
        else:
            binary = await services.find_ollama(settings, say)
            await self._start(services.ollama_service(settings, binary, self._env))
        if settings.ollama_model == EMBEDDED:
            gguf = models.smollm2(Cache(settings.malbeot_cache))
            await ollama.create_model(settings.ollama_url, gguf, EMBEDDED_CHAT_MODEL)
        else:
            await ollama.pull(settings.ollama_url, settings.ollama_model, say)

    async def _voice(self) -> None:
        settings = self._settings
        if settings.tts_provider != "gpt_sovits":
            return
        if await probes.is_voice_server(settings.gpt_sovits_url):
            say(f"a voice server is running already at {settings.gpt_sovits_url}")
        else:
            await self._start(services.stand_in_service(settings, self._env))

    async def _web(self) -> None:
        await self._start(services.web_service(self._settings, self._env))

    async def _start(self, service: Service) -> None:
        log = self._logs / f"{service.log_name}.log" if self._logs else None
        if log:
            log.write_bytes(b"")
        process = Process(service, log)
        self._processes.append(process)
        await self._ready(process)

    async def _ready(self, process: Process) -> None:
        took_s = await process.start()
        say(f"{process.service.name} is ready: {process.service.address} ({took_s:.1f} s)")
        task = asyncio.create_task(process.wait(), name=process.service.name)
        self._ended[task] = process


async def run(settings: Settings, env: Mapping[str, str], *, show_logs: bool = False) -> None:
    """Runs until SIGINT or SIGTERM. `env` is what the processes inherit. Raises `MalbeotError` or `LocalError`."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    up = Up(settings, env, show_logs=show_logs)
    try:
        if await until(stop, up.start()):
            say(f"call here: {services.page_address(settings)}   (Ctrl-C stops everything)")
            await until(stop, up.watch())
    finally:
        say("stopping")
        await up.stop()
        say("everything is stopped")


def say(line: str) -> None:
    """One line for the person at the terminal."""
    with contextlib.suppress(BrokenPipeError):
        print(line, flush=True)
