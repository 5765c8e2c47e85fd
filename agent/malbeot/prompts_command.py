"""`malbeot prompts`: checks every persona and scenario, and prints what the language model is told."""

import sys
from collections.abc import Iterator
from datetime import datetime

from malbeot.errors import SettingsError
from malbeot.persona import Caller, Persona, check, render_greeting, render_system
from malbeot.persona_choice import all_scenarios, load_all, prompts_folder
from malbeot.settings import Settings


def show(settings: Settings, only: str, scenario: str = "") -> None:
    """Prints the prompts, with `scenario` those of the personas that speak its language.

    Raises `SettingsError` naming file, line and field of a mistake.
    """
    personas, scenarios = load_all(settings), all_scenarios(settings)
    if only and only not in personas:
        raise SettingsError(f"there is no persona {only}: there are {', '.join(sorted(personas))}")
    if scenario and scenario not in scenarios:
        raise SettingsError(f"there is no scenario {scenario}: there are {', '.join(scenarios) or 'none'}")
    chosen = scenarios.get(scenario)
    language = chosen.language if chosen and not only else None
    told = chosen.scenario if chosen else None
    now = datetime.now().astimezone()
    for finding in check(prompts_folder(settings)):
        print(finding, file=sys.stderr)
    for persona in personas.values():
        if only in ("", persona.id) and language in (None, persona.language):
            print(f"=== {persona.id}: {persona.name} ({persona.language})")
            print(render_system(persona, Caller(name="", direction="inbound"), now, told))
            for direction in ("inbound", "outbound"):
                print(f"--- {direction}: {render_greeting(persona, Caller(name='', direction=direction), now)}")
            if persona.greeting.again:
                inbound = Caller(name="", direction="inbound")
                print(f"--- again: {render_greeting(persona, inbound, now, again=True)}")
            print(*_company(persona), sep="\n")
    if not scenario and not only:
        for found in scenarios.values():
            print(f"=== scenario {found.id}: {found.title}")


def _company(persona: Persona) -> Iterator[str]:
    """What is done when nobody speaks, while the caller tells and before a late answer, and with which words."""
    if (silence := persona.silence) and silence.enabled:
        times = ", ".join(f"{time:g}" for time in silence.ask_after_s) or "never"
        end = f"the call ends after {silence.goodbye_after_s:g} s" if silence.goodbye_after_s else "no end"
        yield f"--- silence: asked after {times} s, {end}: {' | '.join(silence.asks)}"
    else:
        yield "--- silence: nothing is asked"
    yield f"--- nods: {' | '.join(persona.nods.words) if persona.nods and persona.nods.enabled else 'none'}"
    if (thoughts := persona.thoughts) and thoughts.enabled:
        yield f"--- thoughts, after {thoughts.after_s:g} s: {' | '.join(thoughts.words)}"
    else:
        yield "--- thoughts: none"
