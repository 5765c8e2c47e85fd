"""Spoken conversation through this machine's microphone and speakers: livekit-agents' own console."""

import asyncio

from malbeot import ears, providers
from malbeot.call import CallRequest
from malbeot.console.needs import require_language_model
from malbeot.errors import MalbeotError
from malbeot.persona import Persona
from malbeot.settings import Settings


def talk(settings: Settings, persona: Persona, request: CallRequest) -> None:
    """Until Ctrl-C. Raises `MalbeotError` where there is no microphone, no speaker or no language model."""
    _require_sound()
    asyncio.run(require_language_model(settings))
    try:
        # livekit-agents' console has no public name in 1.8.
        from livekit.agents.cli import _legacy
    except ImportError:
        raise MalbeotError("this version of livekit-agents has no console: use --text, or install 1.8") from None
    from malbeot.worker import build_server

    providers.register(settings, persona)
    settings = asyncio.run(ears.require(settings))
    server = build_server(settings, ("", ""), request=request)
    _legacy._run_console(
        server=server, input_device=None, output_device=None, mode="audio", record=False, log_level="ERROR"
    )


def _require_sound() -> None:
    instead = "use --text, or --wav QUESTION.wav --out REPLY.wav"
    try:
        import sounddevice
    except OSError:
        raise MalbeotError(
            f"sound needs PortAudio, which is not here: `apt install libportaudio2`, or {instead}"
        ) from None
    for kind, name in (("input", "microphone"), ("output", "speaker")):
        try:
            sounddevice.query_devices(kind=kind)
        except (ValueError, sounddevice.PortAudioError):
            raise MalbeotError(f"this machine has no {name}: connect one, or {instead}") from None
