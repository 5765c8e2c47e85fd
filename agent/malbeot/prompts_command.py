"""`malbeot prompts`: checks every persona and prints what the language model is told."""

import sys
from datetime import datetime

from malbeot.errors import SettingsError
from malbeot.persona import Caller, check, render_greeting, render_system
from malbeot.persona_choice import load_all, prompts_folder
from malbeot.settings import Settings


def show(settings: Settings, only: str) -> None:
    """Prints the prompts. Raises `SettingsError` naming file, line and field of a mistake."""
    personas = load_all(settings)
    if only and only not in personas:
        raise SettingsError(f"there is no persona {only}: there are {', '.join(sorted(personas))}")
    now = datetime.now().astimezone()
    for finding in check(prompts_folder(settings)):
        print(finding, file=sys.stderr)
    for persona in personas.values():
        if only in ("", persona.id):
            print(f"=== {persona.id}: {persona.name} ({persona.language})")
            print(render_system(persona, Caller(name="", direction="inbound"), now))
            for direction in ("inbound", "outbound"):
                print(f"--- {direction}: {render_greeting(persona, Caller(name='', direction=direction), now)}")
