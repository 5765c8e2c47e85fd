"""`malbeot dev`: the worker, begun anew whenever its code or a prompt changes."""

import asyncio
import sys
from pathlib import Path

import watchfiles

from malbeot.errors import MalbeotError
from malbeot.logs import setup
from malbeot.resources import resource
from malbeot.settings import Settings


def watch(settings: Settings) -> None:
    """Runs the worker in a process of its own until SIGINT, anew after each change of the companion or its prompts."""
    code, prompts = Path(__file__).parent, settings.malbeot_prompts or resource("prompts")
    print(f"watching {code} and {prompts}", flush=True)
    watchfiles.run_process(code, prompts, target=_serve, args=(settings,))


def _serve(settings: Settings) -> None:
    from malbeot.worker import serve

    setup(settings.model_copy(update={"log_level": "DEBUG"}))
    try:
        asyncio.run(serve(settings, dev=True))
    except MalbeotError as error:
        print(f"malbeot: {error}; waiting for a change", file=sys.stderr)
