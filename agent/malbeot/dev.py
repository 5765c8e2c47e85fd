"""`malbeot dev`: the worker, begun anew whenever its code or a prompt changes."""

import asyncio
from pathlib import Path

import watchfiles

from malbeot.logs import setup
from malbeot.resources import resource
from malbeot.settings import Settings


def watch(settings: Settings) -> None:
    """Runs the worker in a process of its own until SIGINT, restarting it after each change of a file it reads."""
    code, prompts = Path(__file__).parent, settings.malbeot_prompts or resource("prompts")
    print(f"watching {code} and {prompts}", flush=True)
    watchfiles.run_process(code, prompts, target=_serve, args=(settings,))


def _serve(settings: Settings) -> None:
    from malbeot.worker import serve

    setup(settings.model_copy(update={"log_level": "DEBUG"}))
    asyncio.run(serve(settings, dev=True))
