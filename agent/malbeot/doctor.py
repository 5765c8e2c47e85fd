"""`malbeot doctor`: each thing a call needs, whether it is there, and what to do where it is not."""

import asyncio
import functools
import os
import platform
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import ModuleType

import psutil

from malbeot import ears
from malbeot.errors import MalbeotError, without_passwords
from malbeot.finding import Finding
from malbeot.livekit_server import unreachable
from malbeot.models import whisper_model
from malbeot.persona_choice import load_all
from malbeot.settings import AUTO, Settings
from malbeot.up import probes
from malbeot.voice_check import voice_server
from malbeot_local import livekit, ollama
from malbeot_local.cache import Cache
from malbeot_local.server import Found

_GB = 1024**3
_DISK_GB = 3.0
_MEMORY_GB = 2.0


async def examine(settings: Settings) -> int:
    """Prints the report; 0 where a call can be made, else 1."""
    checks: list[Callable[[Settings], Awaitable[Finding]]] = [
        _python,
        _memory,
        _disk,
        _personas,
        _page,
        _livekit,
        _recognition,
        _language_model,
    ]
    if settings.tts_provider == "gpt_sovits":
        checks += [functools.partial(_voice_server, url) for url in settings.gpt_sovits_urls]
    else:
        checks.append(_polly)
    findings = await asyncio.gather(*(check(settings) for check in checks))
    for finding in findings:
        mark = "!!" if finding.advice else "ok"
        line = f"{mark}  {finding.what}: {finding.state}" + (f"\n      → {finding.advice}" if finding.advice else "")
        print(without_passwords(line))
    wrong = sum(bool(finding.advice) for finding in findings)
    print("everything a call needs is there" if not wrong else f"{wrong} of {len(findings)} need something")
    return 1 if wrong else 0


async def _python(settings: Settings) -> Finding:
    return Finding("Python", f"{platform.python_version()} on {platform.system()} {platform.machine()}")


async def _memory(settings: Settings) -> Finding:
    free = psutil.virtual_memory().available / _GB
    advice = "" if free >= _MEMORY_GB else f"free at least {_MEMORY_GB:.0f} GB, or choose a smaller OLLAMA_MODEL"
    return Finding("memory", f"{free:.1f} GB free, {os.cpu_count()} cores", advice)


async def _disk(settings: Settings) -> Finding:
    existing = next(path for path in (settings.malbeot_cache, *settings.malbeot_cache.parents) if path.exists())
    free = shutil.disk_usage(existing).free / _GB
    advice = "" if free >= _DISK_GB else f"free at least {_DISK_GB:.0f} GB there, or set MALBEOT_CACHE to another disk"
    return Finding("disk", f"{free:.1f} GB free for {settings.malbeot_cache}", advice)


async def _personas(settings: Settings) -> Finding:
    try:
        personas = load_all(settings)
    except MalbeotError as error:
        return Finding("personas", "broken", str(error))
    return Finding("personas", ", ".join(f"{persona.id} ({persona.language})" for persona in personas.values()))


async def _page(settings: Settings) -> Finding:
    page = Path(__file__).parent / "web" / "static" / "index.html"
    return Finding("caller page", "built") if page.exists() else Finding("caller page", "not built", "run `make page`")


async def _livekit(settings: Settings) -> Finding:
    what = f"LiveKit server at {settings.livekit_url}"
    try:
        reason = await unreachable(settings)
    except MalbeotError as error:
        if not settings.livekit_is_local or settings.livekit_api_key:
            return Finding(what, "cannot be asked", str(error))
        reason = "never started by `malbeot up`, so there are no keys for it"
    if reason is None:
        return Finding(what, "reachable, keys accepted")
    if settings.livekit_is_local and (here := await _server_here(livekit, settings)):
        return Finding(what, f"not running; {here}", "`malbeot up` starts it")
    return Finding(what, reason, "`malbeot up` fetches and starts one" if settings.livekit_is_local else "start it")


async def _recognition(settings: Settings) -> Finding:
    if settings.stt_provider != "whisper":
        return Finding("speech recognition", f"Amazon Transcribe in {settings.aws_region}, not tried")
    if settings.ears_url != AUTO:
        return await _engine(settings)
    from livekit.plugins import whisper

    model = whisper_model(settings)
    try:
        path = await asyncio.to_thread(whisper.locate, model)
        running = await ears.find(settings, address := ears.address_in(settings.malbeot_state))
    except (whisper.ModelError, MalbeotError) as error:
        return Finding("speech recognition", f"Whisper {model}", str(error))
    engine = f"{address} hears with {running}" if running else "`malbeot up` or the worker starts its engine"
    return Finding("speech recognition", f"Whisper {model} in {path}; {engine}")


async def _engine(settings: Settings) -> Finding:
    what = f"speech recognition at {settings.ears_url}"
    try:
        running = await ears.find(settings, settings.ears_url)
    except MalbeotError as error:
        return Finding(what, "an engine that refuses us", str(error))
    return (
        Finding(what, f"Whisper {running} answers") if running else Finding(what, "no answer", ears.missing(settings))
    )


async def _language_model(settings: Settings) -> Finding:
    if settings.llm_provider != "ollama":
        return Finding("language model", f"{settings.llm_provider}, not tried")
    name = settings.chat_model
    what = f"Ollama at {settings.ollama_url}"
    if not await probes.is_ollama(settings.ollama_url):
        here = await _server_here(ollama, settings) or "not installed"
        return Finding(what, f"not running; {here}", "`malbeot up` starts it")
    running = f"version {await probes.ollama_version(settings.ollama_url)} runs"
    if name.removesuffix(":latest") in await probes.ollama_models(settings.ollama_url):
        return Finding(what, f"{running}, model {name} is there")
    return Finding(what, f"{running}, model {name} is missing", f"`malbeot up` fetches it, or `ollama pull {name}`")


async def _server_here(module: ModuleType, settings: Settings) -> str:
    """Which binary `malbeot up` would start: version and path, or nothing."""
    found: Found | None = (await asyncio.to_thread(module.search, Cache(settings.malbeot_cache))).found
    return f"version {found.version} is in {found.path}" if found else ""


async def _voice_server(url: str, settings: Settings) -> Finding:
    return await voice_server(url, Cache(settings.malbeot_cache))


async def _polly(settings: Settings) -> Finding:
    return Finding("voice", f"Amazon Polly in {settings.aws_region}, not tried")
