"""Starts everything a call needs on this machine, watches it, and stops it with one Ctrl-C."""

import asyncio
import contextlib
import shutil
import signal
import sys
import tempfile
import time
from collections import defaultdict, deque
from collections.abc import Mapping
from pathlib import Path

from livekit.plugins import whisper

from malbeot import ears
from malbeot.errors import MalbeotError, SettingsError, without_passwords
from malbeot.keys import ensure_keys
from malbeot.livekit_server import unreachable
from malbeot.models import whisper_model
from malbeot.persona_choice import load_all
from malbeot.settings import AUTO, EMBEDDED, Settings, is_local
from malbeot.up import probes, services
from malbeot.up.probes import VoiceKind
from malbeot.up.process import Process, Service
from malbeot.waiting import until
from malbeot_local import livekit, models, ollama
from malbeot_local.cache import Cache

_LOOK_EVERY_S = 2.0
_RESTARTS = 3
_RESTARTS_WITHIN_S = 60.0
# A machine that is switched off does not wait for its caller to say goodbye.
_CHILD_SETTINGS = {"WORKER_DRAIN_S": "1", "PYTHONUNBUFFERED": "1"}


class Up:
    """The processes of one `malbeot up`."""

    def __init__(self, settings: Settings, env: Mapping[str, str], *, show_logs: bool) -> None:
        self._settings = settings
        self._env = {**env, **_CHILD_SETTINGS}
        self._cache = Cache(settings.malbeot_cache)
        self._logs = None if show_logs else settings.malbeot_state / "logs"
        self._short_folder: Path | None = None
        """Has the engine's socket where MALBEOT_STATE is too deep for one."""
        self._ready_folder: Path | None = None
        self._processes: list[Process] = []
        self._ended: dict[asyncio.Task[int], Process] = {}
        self._deaths: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=_RESTARTS))

    async def start(self) -> None:
        """Starts what is missing, each as early as it can. Raises `MalbeotError` or `LocalError`."""
        settings = self._settings
        try:
            settings.malbeot_state.mkdir(parents=True, exist_ok=True, mode=0o700)
            settings.malbeot_state.chmod(0o700)
            if self._logs:
                self._logs.mkdir(exist_ok=True)
        except OSError as error:
            raise MalbeotError(
                f"cannot write to {settings.malbeot_state}: {error.strerror}; set MALBEOT_STATE to a folder you own"
            ) from None
        if settings.livekit_is_local and not settings.livekit_api_key:
            ensure_keys(settings.malbeot_state)
        if EMBEDDED in (settings.whisper_model, settings.ollama_model):
            await models.ensure(self._cache, say)
        parts = (self._livekit(), self._hearing(), self._thinking(), self._voice(), self._web())
        tasks = [asyncio.create_task(part) for part in parts]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        say("the companion loads its models")
        # Its own: another `malbeot up` that cannot start beside this one takes nothing of it away.
        self._ready_folder = Path(tempfile.mkdtemp(prefix="malbeot-ready-"))
        await self._start(services.worker_service(settings, self._env, self._ready_folder))

    async def watch(self) -> None:
        """Starts again what ends or hangs. Raises `MalbeotError` for a process that keeps ending."""
        while True:
            await asyncio.wait(self._ended, timeout=_LOOK_EVERY_S, return_when=asyncio.FIRST_COMPLETED)
            for process in self._ended.values():
                await process.end_if_it_hangs()
            for task in [task for task in self._ended if task.done()]:
                process = self._ended.pop(task)
                deaths = self._deaths[process.service.name]
                deaths.append(time.monotonic())
                ended = "did not answer and was ended" if process.hung else f"stopped (exit status {task.result()})"
                why = f"{process.service.name} {ended}: {process.last_words()}"
                if len(deaths) == _RESTARTS and deaths[-1] - deaths[0] < _RESTARTS_WITHIN_S:
                    raise MalbeotError(f"{why}; that was the third time within a minute, so everything stops")
                say(f"{why}; starting it again")
                await process.stop()
                await self._ready(process)

    async def stop(self) -> None:
        """Stops what was started, last started first."""
        if self._processes:
            say("stopping")
        for task in self._ended:
            task.cancel()
        await asyncio.gather(*self._ended, return_exceptions=True)
        for process in reversed(self._processes):
            await process.stop()
        for folder in filter(None, (self._ready_folder, self._short_folder)):
            shutil.rmtree(folder, ignore_errors=True)
        if self._processes:
            say("all that was started here is stopped")

    async def _livekit(self) -> None:
        settings = self._settings
        if not settings.livekit_is_local:
            if reason := await unreachable(settings):
                raise MalbeotError(f"LiveKit server at {settings.livekit_url} does not answer: {reason}")
            say(f"LiveKit server is at {settings.livekit_url}")
            return
        binary = await livekit.ensure(self._cache, say)
        await self._start(services.livekit_service(settings, binary, self._env))

    async def _hearing(self) -> None:
        settings = self._settings
        if settings.stt_provider != "whisper":
            return
        if settings.ears_url != AUTO:
            await ears.require(settings)
            say(f"a Whisper engine is running already at {settings.ears_url}")
            return
        address = self._ears_address()
        if running := await ears.find(settings, address):
            say(f"a Whisper engine is running already at {address}: {running}")
        else:
            await self._fetch_whisper()
            await self._start(services.ears_service(settings, self._env, address))
        self._env["EARS_URL"] = address

    def _ears_address(self) -> str:
        try:
            return ears.address_in(self._settings.malbeot_state)
        except SettingsError:
            self._short_folder = Path(tempfile.mkdtemp(prefix="malbeot-"))
            return ears.address_in(self._short_folder)

    async def _fetch_whisper(self) -> None:
        model = whisper_model(self._settings)
        if isinstance(model, Path):
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
        elif is_local(settings.ollama_url):
            binary = await ollama.ensure(self._cache, say)
            await self._start(services.ollama_service(settings, binary, self._env))
        else:
            raise MalbeotError(f"Ollama at {settings.ollama_url} does not answer: start it there, or mend OLLAMA_URL")
        if settings.ollama_model == EMBEDDED:
            await ollama.create_model(settings.ollama_url, models.smollm2(self._cache))
        elif settings.chat_model.removesuffix(":latest") not in await probes.ollama_models(settings.ollama_url):
            await ollama.pull(settings.ollama_url, settings.chat_model, say)

    async def _voice(self) -> None:
        settings = self._settings
        if settings.tts_provider != "gpt_sovits":
            return
        urls = settings.gpt_sovits_urls
        answers = await asyncio.gather(*(probes.voice_answer(url) for url in urls))
        speaking = [(answer.kind, url) for answer, url in zip(answers, urls, strict=True) if answer.speaks]
        for kind, url in speaking:
            say(f"{kind.value} is running already at {url}")
        if not speaking:
            await self._voice_alone()
        elif any(kind is VoiceKind.API_V2 for kind, _ in speaking):
            await self._fallback_voice()
        else:
            self._env["STAND_IN_URL"] = speaking[0][1]

    async def _voice_alone(self) -> None:
        """The stand-in where no voice server answers. It is then no fallback besides."""
        settings = self._settings
        url = settings.gpt_sovits_urls[0]
        if not is_local(url):
            say(f"no GPT-SoVITS answers at {', '.join(settings.gpt_sovits_urls)}: the stand-in voice speaks instead")
            url = settings.stand_in_url
            _require_local(url)
            settings = settings.model_copy(update={"gpt_sovits_urls": (url,)})
            self._env["GPT_SOVITS_URLS"] = url
        self._env["STAND_IN_URL"] = url
        await self._start(services.stand_in_service(settings, self._env, url))

    async def _fallback_voice(self) -> None:
        """The stand-in beside a GPT-SoVITS, for the voices that fall back on it."""
        settings = self._settings
        if all(persona.spoken_by.fallback != "stand-in" for persona in load_all(settings).values()):
            return
        url = settings.stand_in_url
        if name := await probes.voice_server(url):
            say(f"{name} is running already at {url}, as the fallback")
        else:
            _require_local(url)
            await self._start(services.stand_in_service(settings, self._env, url))

    async def _web(self) -> None:
        await self._start(services.web_service(self._settings, self._env))

    async def _start(self, service: Service) -> None:
        log = self._logs / f"{service.log_name}.log" if self._logs else None
        if log and log.exists():
            log.replace(log.with_suffix(".log.1"))  # what the run before this one said
        process = Process(service, log)
        self._processes.append(process)
        await self._ready(process)

    async def _ready(self, process: Process) -> None:
        took_s = await process.start()
        say(f"{process.service.name} is ready: {process.service.address} ({took_s:.1f} s)")
        task = asyncio.create_task(process.wait(), name=process.service.name)
        self._ended[task] = process


def _require_local(stand_in_url: str) -> None:
    if not is_local(stand_in_url):
        raise MalbeotError(
            f"the stand-in voice at {stand_in_url} does not answer: start it there, or mend STAND_IN_URL"
        )


async def run(settings: Settings, env: Mapping[str, str], *, show_logs: bool = False) -> None:
    """Runs until SIGINT or SIGTERM. `env` is what the processes inherit. Raises `MalbeotError` or `LocalError`."""
    load_all(settings)  # a mistake there is told before anything starts
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
        await up.stop()


def say(line: str) -> None:
    """One line for the person at the terminal."""
    with contextlib.suppress(BrokenPipeError):
        print(without_passwords(line), flush=True)
