"""Which texts are fixed."""

from datetime import datetime
from itertools import product
from typing import get_args

from malbeot.persona import Caller, Direction, Persona, render_greeting

_DAY = [datetime(2026, 1, 1, hour) for hour in range(24)]


def greetings(persona: Persona) -> list[str]:
    """The first words to callers without a name, whenever they call. Those with one are kept once they were said."""
    texts = [
        render_greeting(persona, Caller("", direction), moment, again=again)
        for again, direction, moment in product((False, True), get_args(Direction), _DAY)
    ]
    return list(dict.fromkeys(texts))


def phrases(persona: Persona) -> list[str]:
    """What is said exactly as it stands in the persona's file, but for what is switched off there."""
    return list(dict.fromkeys(text for place, text in persona.fixed() if not persona.switched_off(place[0])))
