"""`malbeot console`: talk with the companion at the terminal, without LiveKit server."""

import asyncio
import sys
from pathlib import Path

from malbeot.call import MAX_NAME, CallRequest
from malbeot.errors import SettingsError
from malbeot.logs import setup
from malbeot.persona_choice import choose_persona, load_all
from malbeot.providers import load
from malbeot.settings import Settings


def talk(settings: Settings, *, text: bool, files: tuple[Path, Path] | None, persona: str, name: str) -> None:
    """Runs until the person ends it, or until the reply to a file is written. Raises `MalbeotError`."""
    from malbeot.console import by_ear, by_file, by_text, wav
    from malbeot.console.needs import require_language_model

    setup(settings.model_copy(update={"log_level": "ERROR"} if settings.log_level == "INFO" else {}))
    personas = load_all(settings)
    if persona and persona not in personas:
        raise SettingsError(f"--persona {persona} is nobody: there are {', '.join(sorted(personas))}")
    if len(name) > MAX_NAME:
        raise SettingsError(f"--name is longer than {MAX_NAME} letters: give a shorter one")
    request = CallRequest(persona=persona, name=name)
    chosen = choose_persona(personas, request, settings)
    request = request.model_copy(update={"persona": chosen.id, "language": chosen.language})
    if not files and not text:
        by_ear.talk(settings, chosen, request)
        return
    question = wav.read(files[0]) if files else None
    if files:
        wav.require_writable(files[1])
    asyncio.run(require_language_model(settings))
    say("loading models …")
    loaded = load(settings, hearing=not text)
    if files and question:
        asyncio.run(by_file.talk(settings, chosen, request, loaded, question=question, reply=files[1]))
    else:
        asyncio.run(by_text.talk(settings, chosen, request, loaded))


def say(line: str) -> None:
    """One line on standard error, so that standard output holds the conversation alone."""
    print(line, file=sys.stderr, flush=True)
