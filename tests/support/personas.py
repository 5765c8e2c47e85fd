"""The personas that ship, changed for a test."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from malbeot.resources import resource

BRIEFLY = dict.fromkeys(("inbound", "outbound"), "{{ hello }}{% if person %}, {{ person }}{% endif %}.")
"""June's greeting in tests, most of which wait for its end: a second instead of five."""


def prompts_with(folder: Path, personas: Mapping[str, Mapping[str, Any]]) -> Path:
    """A folder for MALBEOT_PROMPTS with the personas that ship, and for each id a June with other values.

    June greets briefly.
    """
    prompts = _copied(folder, briefly=True)
    june = yaml.safe_load((prompts / "personas" / "en.yaml").read_text())
    for name, values in personas.items():
        text = yaml.safe_dump({**june, **values, "id": name}, allow_unicode=True)
        (prompts / "personas" / f"{name}.yaml").write_text(text)
    return prompts


def reserved_prompts(folder: Path, *, briefly: bool = True) -> Path:
    """A folder for MALBEOT_PROMPTS with the personas that ship, who say nothing but greetings, answers and phrases.

    `briefly`: so greets June.
    """
    prompts = _copied(folder, briefly=briefly)
    for path in (prompts / "personas").glob("*.yaml"):
        persona = yaml.safe_load(path.read_text())
        kept = {name: value for name, value in persona.items() if name not in ("silence", "nods", "thoughts")}
        path.write_text(yaml.safe_dump(kept, allow_unicode=True))
    return prompts


def _copied(folder: Path, *, briefly: bool) -> Path:
    prompts = folder / "prompts"
    shutil.copytree(resource("prompts"), prompts)
    if briefly:
        path = prompts / "personas" / "en.yaml"
        june = yaml.safe_load(path.read_text())
        path.write_text(yaml.safe_dump({**june, "greeting": BRIEFLY}, allow_unicode=True))
    return prompts
