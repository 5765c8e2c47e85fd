"""The engine that hears: Whisper in a process of its own, which all calls share.

EARS_URL says where it listens. With `auto` it listens on a socket in MALBEOT_STATE where `malbeot up`
or `malbeot ears` runs it; a worker or console without them finds or starts one by itself.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import NoReturn

import aiohttp
from pydantic import BaseModel, ValidationError

from malbeot.errors import MalbeotError, SettingsError
from malbeot.models import whisper_model
from malbeot.settings import AUTO, Settings, engine_address

_VARIABLE = "WHISPER_ENGINE_TOKEN"
_TIMEOUT = aiohttp.ClientTimeout(total=2)
_REFUSED = 401


class Engine(BaseModel):
    """What an engine says of itself."""

    model: str
    device: str
    compute_type: str

    def __str__(self) -> str:
        return f"{self.model} on {self.device} as {self.compute_type}"


def address_in(folder: Path) -> str:
    """Where an engine listens whose socket lies in `folder`. Raises `SettingsError` where that is too deep."""
    try:
        return engine_address(f"unix:{folder / 'ears.sock'}")
    except ValueError as error:
        raise SettingsError(f"the socket {folder / 'ears.sock'} {error}: set MALBEOT_STATE to a shorter path") from None


def command(settings: Settings, address: str) -> list[str]:
    """What runs an engine on `address`, with `environment`."""
    serve = [sys.executable, "-m", "livekit.plugins.whisper", "serve", str(whisper_model(settings))]
    how = ["--device", settings.whisper_device, "--compute-type", settings.whisper_compute_type]
    return [*serve, "--address", address, *how]


def environment(settings: Settings, env: Mapping[str, str]) -> dict[str, str]:
    """`env` as an engine wants it. The token is in here, for a command line is everyone's to read."""
    from livekit.plugins import whisper

    chosen = {**env, **whisper.ENGINE_ENVIRONMENT}
    chosen.pop(_VARIABLE, None)
    return chosen | ({_VARIABLE: token} if (token := token_of(settings)) else {})


def become_engine(settings: Settings, env: Mapping[str, str]) -> NoReturn:
    """Replaces this process by an engine on EARS_URL. Raises `MalbeotError`."""
    address = settings.ears_url
    if address == AUTO:
        try:
            settings.malbeot_state.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise MalbeotError(
                f"cannot write to {settings.malbeot_state}: {error.strerror}; set MALBEOT_STATE to a folder you own"
            ) from None
        address = address_in(settings.malbeot_state)
    os.execve(sys.executable, command(settings, address), environment(settings, env))


def token_of(settings: Settings) -> str | None:
    """EARS_TOKEN in plain text."""
    return settings.ears_token.get_secret_value() if settings.ears_token else None


async def find(settings: Settings, address: str) -> Engine | None:
    """What hears at `address`, or None where no engine answers. Raises `MalbeotError` where it wants another token."""
    from livekit.plugins import whisper

    where, token = whisper.Address.parse(address), token_of(settings)
    connector = aiohttp.UnixConnector(str(where.path)) if where.path else aiohttp.TCPConnector()
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        async with (
            aiohttp.ClientSession(connector=connector, headers=headers, timeout=_TIMEOUT) as session,
            session.get(f"{where.url}/health") as response,
        ):
            status, about = response.status, await response.content.read(1 << 16)
    except (aiohttp.ClientError, TimeoutError, OSError):
        return None
    if status == _REFUSED:
        raise MalbeotError(f"the Whisper engine at {address} wants another token: set EARS_TOKEN to the one it has")
    try:
        return Engine.model_validate_json(about)
    except ValidationError:
        return None


def hold(settings: Settings) -> None:
    """With EARS_URL=auto finds or starts the engine, and keeps it until this process ends.

    Blocks: milliseconds where there is one, else while the model is loaded. Raises `MalbeotError`.
    """
    if settings.stt_provider != "whisper" or settings.ears_url != AUTO:
        return
    from livekit.plugins import whisper

    model, device, compute_type = whisper_model(settings), settings.whisper_device, settings.whisper_compute_type
    try:
        whisper.prewarm(model, device=device, compute_type=compute_type)
    except whisper.EngineError as error:
        raise MalbeotError(str(error)) from None


async def require(settings: Settings) -> Settings:
    """The settings with the engine and the model that calls hear with. Raises `MalbeotError` where none can be had.

    With EARS_URL=auto that is the engine in MALBEOT_STATE where one runs, else one that is found or
    started. What calls get names the model: only here CTranslate2 is asked whether there is a GPU.
    """
    if settings.stt_provider != "whisper":
        return settings
    import_module("livekit.plugins.whisper")  # a plugin registers itself on the main thread alone, which is here
    if settings.ears_url == AUTO and (address := await _in_state(settings)):
        return settings.model_copy(update={"ears_url": address})
    if settings.ears_url == AUTO:
        chosen = settings.model_copy(update={"whisper_model": str(whisper_model(settings))})
        await asyncio.to_thread(hold, chosen)
        return chosen
    if await find(settings, settings.ears_url) is None:
        raise MalbeotError(missing(settings))
    return settings


async def _in_state(settings: Settings) -> str | None:
    """The engine that `malbeot ears` runs on this machine, if it does."""
    with contextlib.suppress(SettingsError):
        address = address_in(settings.malbeot_state)
        return address if await find(settings, address) else None
    return None


def missing(settings: Settings) -> str:
    """What to say where EARS_URL leads to no engine."""
    return f"no Whisper engine answers at {settings.ears_url}: start one there with `malbeot ears`, or mend EARS_URL"
