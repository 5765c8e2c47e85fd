"""The real servers of one test, from LiveKit to the page, started as `malbeot up` starts them."""

import asyncio
import os
import random
import signal
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import psutil

from malbeot import ears
from malbeot.keys import ensure_keys
from malbeot.settings import EMBEDDED_SETTINGS, Settings
from malbeot.up import services
from malbeot.up.process import Process, Service
from malbeot_local import livekit, models, ollama
from malbeot_local.cache import Cache
from support.personas import reserved_prompts

ROLES = ("livekit", "ears", "ollama", "voice", "web", "worker")


def free_port(count: int = 1) -> int:
    """The first of `count` ports in a row that nobody has on loopback, TCP and UDP."""
    while True:
        first = random.randrange(20000, 32000)
        if all(_is_free(port) for port in range(first, first + count)):
            return first


def _is_free(port: int) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True


def stack_environment(state_dir: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Settings for servers of their own: free ports, the embedded models, state in `state_dir`."""
    first = free_port(3)
    voice = f"http://127.0.0.1:{free_port()}"
    return {
        "LIVEKIT_URL": f"ws://127.0.0.1:{first}",
        "OLLAMA_URL": f"http://127.0.0.1:{free_port()}",
        "GPT_SOVITS_URLS": voice,
        # The stand-in speaks alone, as in the demo, unless `extra` has another address for the fallback.
        "STAND_IN_URL": voice,
        "WEB_PORT": str(free_port()),
        "MALBEOT_STATE": str(state_dir),
        "METRICS_FILE": str(state_dir / "turns.jsonl"),
        "WORKER_DRAIN_S": "1",
        "PYTHONUNBUFFERED": "1",
        **EMBEDDED_SETTINGS,
        "OLLAMA_NUM_PREDICT": "40",
        **(extra or {}),
    }


class Stack:
    """Which servers run, where, and the means to stop and start each by its role (`ROLES`, and "fallback")."""

    def __init__(self, state_dir: Path, extra: Mapping[str, str] | None) -> None:
        chosen = stack_environment(state_dir, extra)
        if "MALBEOT_PROMPTS" not in chosen:
            # Callers of a test may be silent for as long as it takes, and every voice they hear is an answer.
            chosen["MALBEOT_PROMPTS"] = str(reserved_prompts(state_dir))
        self.environment = {**os.environ, **chosen}
        fields = {name.lower(): value for name, value in chosen.items() if name.lower() in Settings.model_fields}
        self.settings = Settings(_env_file=None, **fields)  # type: ignore[call-arg, arg-type]
        self.state_dir = state_dir
        self.log_dir = state_dir / "logs"
        self.log_dir.mkdir(parents=True, exist_ok=True)
        self.api_key, self.api_secret = ensure_keys(state_dir)
        self.livekit_url = self.settings.livekit_url
        self.ollama_url = self.settings.ollama_url
        self.voice_url = self.settings.gpt_sovits_urls[0]
        self.web_url = services.page_address(self.settings)
        assert self.settings.metrics_file
        self.metrics_file = self.settings.metrics_file
        self._processes: dict[str, Process] = {}

    @property
    def pids(self) -> dict[str, list[int]]:
        """Every running process by role, its children included."""
        found: dict[str, list[int]] = {}
        for role, process in self._processes.items():
            try:
                parent = psutil.Process(process.pid)
                found[role] = [parent.pid, *(child.pid for child in parent.children(recursive=True))]
            except psutil.NoSuchProcess:
                found[role] = []
        return found

    def log(self, role: str) -> str:
        return (self.log_dir / f"{role}.log").read_text(errors="replace")

    async def start(self, *roles: str) -> None:
        for role in roles:
            if role == "ears":
                # Who starts after them hears with them; without them a worker finds or starts its own.
                self.environment["EARS_URL"] = ears.address_in(self.state_dir)
            process = Process(self._service(role), self.log_dir / f"{role}.log")
            self._processes[role] = process
            await process.start()
            if role == "ollama":
                gguf = models.smollm2(Cache(self.settings.malbeot_cache))
                await ollama.create_model(self.ollama_url, gguf)

    async def stop(self, *roles: str) -> None:
        for role in roles:
            if process := self._processes.pop(role, None):
                await process.stop()

    def kill(self, role: str) -> None:
        """Ends it as a crash would."""
        os.killpg(self._processes[role].pid, signal.SIGKILL)

    @contextmanager
    def frozen(self, role: str) -> Iterator[None]:
        """Holds it still, as a server that accepts and never answers."""
        group = self._processes[role].pid
        os.killpg(group, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(group, signal.SIGCONT)

    async def stop_all(self) -> None:
        await self.stop(*reversed(self._processes))

    def _service(self, role: str) -> Service:
        cache, env = Cache(self.settings.malbeot_cache), self.environment
        match role:
            case "livekit":
                binary = _found(livekit.find(cache), "LiveKit server")
                return services.livekit_service(self.settings, binary, env)
            case "ears":
                return services.ears_service(self.settings, env, env["EARS_URL"])
            case "ollama":
                return services.ollama_service(self.settings, _found(ollama.find(cache), "Ollama"), env)
            case "voice":
                return services.stand_in_service(self.settings, env, self.voice_url)
            case "fallback":
                return services.stand_in_service(self.settings, env, self.settings.stand_in_url)
            case "web":
                return services.web_service(self.settings, env)
            case _:
                return services.worker_service(self.settings, env, self.state_dir / "ready")


def _found(binary: Path | None, what: str) -> Path:
    assert binary, f"{what} is not in the cache: run `make servers`"
    return binary


@asynccontextmanager
async def running_stack(
    state_dir: Path, *, roles: tuple[str, ...] = ROLES, env: Mapping[str, str] | None = None
) -> AsyncIterator[Stack]:
    """The servers named by `roles`, ready; stopped afterwards, whatever happened."""
    stack = Stack(state_dir, env)
    try:
        await asyncio.wait_for(stack.start(*roles), 240)
        yield stack
    finally:
        await stack.stop_all()
