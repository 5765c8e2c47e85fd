"""The one error of a persona, a voice or a template."""

from __future__ import annotations

from pathlib import Path


class PersonaError(Exception):
    """A persona, a voice or a template that can not be used. Its text is one line: `file:line: field: what is wrong`.

    `line` counts from 1 and is None where the mistake has no line (an empty folder, a file that can not be read);
    `field` is a dotted path ("speed", "examples.2.caller") and is None where the mistake is in no field.
    """

    def __init__(self, path: Path, line: int | None, field: str | None, reason: str) -> None:
        self.path = path
        self.line = line
        self.field = field
        self.reason = " ".join(reason.split())
        place = str(path) if line is None else f"{path}:{line}"
        super().__init__(": ".join(part for part in (place, field, self.reason) if part))

    def __reduce__(self) -> tuple[type[PersonaError], tuple[Path, int | None, str | None, str]]:
        return type(self), (self.path, self.line, self.field, self.reason)
