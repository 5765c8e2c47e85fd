"""What `malbeot up` runs, and with which commands."""

import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from malbeot import ears
from malbeot.errors import MalbeotError
from malbeot.keys import write_keys
from malbeot.resources import resource
from malbeot.settings import Settings
from malbeot.up import probes
from malbeot.up.ports import require_free
from malbeot.up.process import Service
from malbeot_local import models, ollama
from malbeot_local.cache import Cache

_NICE = "5"
"""A third of the processor's time, against one that wants it too."""


def _port(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or (443 if parts.scheme in ("https", "wss") else 80)


def livekit_service(settings: Settings, binary: Path, env: Mapping[str, str]) -> Service:
    """LiveKit server with `livekit.yaml`, on LIVEKIT_URL's port and, for media, the one two above it (UDP)."""
    port = _port(settings.livekit_url)
    for number, udp in ((port, False), (port + 2, True)):
        require_free("127.0.0.1", number, what="LiveKit server", setting="LIVEKIT_URL", udp=udp)
    config = yaml.safe_load(resource("livekit.yaml").read_text(encoding="utf-8"))
    config["port"] = port
    config["rtc"]["udp_port"] = port + 2
    path = settings.malbeot_state / "livekit.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    # The operator's own keys, where set, else the ones made for this machine.
    keys = write_keys(settings.malbeot_state / "livekit.run.keys", *settings.livekit_keys)
    return Service(
        name="LiveKit server",
        log_name="livekit",
        command=[str(binary), "--config", str(path), "--key-file", str(keys)],
        env=env,
        address=settings.livekit_url,
        ready=probes.answers(f"http://127.0.0.1:{port}"),
    )


def ears_service(settings: Settings, env: Mapping[str, str], address: str) -> Service:
    """The Whisper engine of all calls, on `address`."""

    async def answers() -> bool:
        return await ears.find(settings, address) is not None

    return Service(
        name="Whisper engine",
        log_name="ears",
        command=ears.command(settings, address),
        env=ears.environment(settings, env),
        address=address,
        ready=answers,
        ready_within_s=300,
        hangs_after_s=6,
    )


def ollama_service(settings: Settings, binary: Path, env: Mapping[str, str]) -> Service:
    """Ollama on OLLAMA_URL, its models in our cache."""
    host = f"127.0.0.1:{_port(settings.ollama_url)}"
    require_free("127.0.0.1", _port(settings.ollama_url), what="Ollama", setting="OLLAMA_URL")
    return Service(
        name="Ollama",
        log_name="ollama",
        # Where it shares the processors with recognition and voice these come first: what it writes can wait for them.
        command=["nice", "-n", _NICE, str(binary), "serve"],
        env={**env, **ollama.environment(Cache(settings.malbeot_cache).ollama, host)},
        address=settings.ollama_url,
        ready=lambda: probes.is_ollama(settings.ollama_url),
    )


def stand_in_service(settings: Settings, env: Mapping[str, str], url: str) -> Service:
    """The stand-in voice, on the port of `url`. It speaks with the embedded Piper voice and eSpeak NG.

    `url` is the first of GPT_SOVITS_URLS where nobody else speaks, and STAND_IN_URL where it is the fallback.
    """
    alone = url in settings.gpt_sovits_urls
    port = _port(url)
    setting = "GPT_SOVITS_URLS" if alone else "STAND_IN_URL"
    require_free("127.0.0.1", port, what="the stand-in voice", setting=setting)
    voice = models.piper_joe(Cache(settings.malbeot_cache))
    if alone and not voice.exists():
        raise MalbeotError(
            f"no GPT-SoVITS answers at {', '.join(settings.gpt_sovits_urls)}, and the stand-in's voice is not in "
            f"{voice.parent}: start GPT-SoVITS, mend GPT_SOVITS_URLS, or run `malbeot up --embedded` once, which "
            "fetches it"
        )
    command = [sys.executable, "-m", "malbeot_local.standin", "--host", "127.0.0.1", "--port", str(port)]
    # A fallback that is seldom heard may speak with eSpeak NG alone.
    piper = ["--piper-voice", str(voice)] if voice.exists() else []
    return Service(
        name=f"stand-in voice ({'Piper and ' if piper else ''}eSpeak NG, no GPT-SoVITS)",
        log_name="voice" if alone else "fallback",
        command=[*command, *piper],
        env=env,
        address=url,
        ready=lambda: _answers_as_voice(url),
    )


def worker_service(settings: Settings, env: Mapping[str, str], ready_dir: Path) -> Service:
    """The worker, ready once it is registered and one call process is warm."""
    ready_dir.mkdir(parents=True, exist_ok=True)
    files = [ready_dir / "registered"]
    if settings.worker_idle_processes:
        files.append(ready_dir / "warm")
    for file in files:
        file.unlink(missing_ok=True)
    return Service(
        name="the companion",
        log_name="worker",
        command=[sys.executable, "-m", "malbeot", "start", "--ready-dir", str(ready_dir)],
        env=env,
        address="answers calls",
        ready=probes.files_exist(*files),
        ready_within_s=300,
    )


def page_address(settings: Settings) -> str:
    """Where a browser on this machine finds the caller page."""
    host = "127.0.0.1" if settings.web_host in ("0.0.0.0", "::") else settings.web_host
    scheme = "https" if settings.web_tls_cert else "http"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{settings.web_port}"


def web_service(settings: Settings, env: Mapping[str, str]) -> Service:
    """The caller page."""
    require_free(settings.web_host, settings.web_port, what="the caller page", setting="WEB_PORT")
    address = page_address(settings)
    return Service(
        name="caller page",
        log_name="web",
        command=[sys.executable, "-m", "malbeot", "web"],
        env=env,
        address=address,
        # Its certificate is for the name that callers use, not for this address.
        ready=probes.answers(f"{address}/health", verify=False),
    )


async def _answers_as_voice(url: str) -> bool:
    return bool(await probes.voice_server(url))
