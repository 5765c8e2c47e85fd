"""The prompt templates of one folder: read once, rendered in a sandbox, strict about names that are not defined."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from jinja2 import FunctionLoader, StrictUndefined, Template, TemplateError, TemplateSyntaxError, meta, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from malbeot.personas.errors import PersonaError

_TEXT = "<template>"  # the file name that Jinja gives to a template without a file


class TextError(Exception):
    """A mistake in a text that is a template: its line within the text (from 1) and what is wrong."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line
        self.reason = reason


@dataclass(frozen=True)
class Templates:
    """`system.LANGUAGE.j2` makes the system prompt; `time.LANGUAGE.j2` sets the words for the moment of the call."""

    folder: Path
    sources: Mapping[str, str]
    _environment: ImmutableSandboxedEnvironment = field(init=False, repr=False, compare=False)
    _texts: dict[str, Template] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        environment = ImmutableSandboxedEnvironment(
            loader=FunctionLoader(self._load),
            undefined=StrictUndefined,
            autoescape=False,  # prompts and speech, never HTML
            trim_blocks=True,
            lstrip_blocks=True,
        )
        object.__setattr__(self, "_environment", environment)

    def __reduce__(self) -> tuple[type[Templates], tuple[Path, Mapping[str, str]]]:
        return type(self), (self.folder, self.sources)

    @classmethod
    def read(cls, folder: Path) -> Templates:
        """Raises PersonaError where the folder has no templates, or one of them can not be read or is not UTF-8."""
        sources: dict[str, str] = {}
        for path in sorted(folder.glob("*.j2")):
            try:
                sources[path.name] = path.read_text(encoding="utf-8-sig")
            except OSError as e:
                raise PersonaError(path, None, None, f"can not be read: {e.strerror or e}") from e
            except UnicodeDecodeError as e:
                line = e.object.count(b"\n", 0, e.start) + 1
                raise PersonaError(path, line, None, "is not UTF-8 text; save it as UTF-8") from e
        if not sources:
            raise PersonaError(
                folder, None, None, "holds no template; expected system.LANGUAGE.j2 and time.LANGUAGE.j2"
            )
        return cls(folder, sources)

    @property
    def languages(self) -> list[str]:
        """The languages a persona can have: those with both templates."""
        both = [name.split(".")[1] for name in self.sources if name.startswith("system.") and name.count(".") == 2]
        return sorted(language for language in both if f"time.{language}.j2" in self.sources)

    def compile_all(self) -> None:
        """Raises PersonaError for the first template with a syntax error."""
        for name in self.sources:
            try:
                self._environment.get_template(name)
            except TemplateError as e:
                raise self._error(e) from e

    def moment(self, language: str, now: datetime) -> dict[str, Any]:
        """The words that `time.LANGUAGE.j2` sets for `now`. Raises PersonaError."""
        try:
            template = self._environment.get_template(f"time.{language}.j2")
            try:
                module = template.make_module({"now": now})
            except Exception:
                self._environment.handle_exception()  # raises it again, with the template's own lines in its traceback
        except Exception as e:
            raise self._error(e) from e
        return {name: value for name, value in vars(module).items() if not name.startswith("_")}

    def render(self, name: str, variables: Mapping[str, Any]) -> str:
        """A template of the folder. Raises PersonaError that names its file and line."""
        try:
            return str(self._environment.get_template(name).render(variables)).strip()
        except Exception as e:
            raise self._error(e) from e

    def render_text(self, text: str, variables: Mapping[str, Any]) -> str:
        """A persona's text, on one line. Raises TextError. Compiled once: compiling takes about a millisecond."""
        try:
            template = self._texts.get(text)
            if template is None:
                template = self._texts[text] = self._environment.from_string(text)
            return " ".join(template.render(variables).split())
        except TemplateSyntaxError as e:
            raise TextError(e.lineno, f"broken template: {e.message}") from e
        except Exception as e:
            raise TextError(_line_in(e.__traceback__, _TEXT) or 1, f"template can not be rendered: {e}") from e

    def undefined(self, text: str, known: Mapping[str, Any]) -> tuple[str, int] | None:
        """The first variable of `text`, in any branch, that is not in `known`, and its line. Raises TextError."""
        try:
            tree = self._environment.parse(text)
        except TemplateSyntaxError as e:
            raise TextError(e.lineno, f"broken template: {e.message}") from e
        missing = meta.find_undeclared_variables(tree) - known.keys()
        places = [(node.lineno, node.name) for node in tree.find_all(nodes.Name) if node.name in missing]
        return min(((name, line) for line, name in places), key=lambda place: place[1], default=None)

    def _load(self, name: str) -> tuple[str, str, None] | None:
        source = self.sources.get(name)
        return None if source is None else (source, str(self.folder / name), None)

    def _error(self, error: Exception) -> PersonaError:
        path, line = self._place(error)
        kind = "broken template" if isinstance(error, TemplateSyntaxError) else "template can not be rendered"
        message = error.message if isinstance(error, TemplateError) else str(error)
        return PersonaError(path, line, None, f"{kind}: {message or type(error).__name__}")

    def _place(self, error: Exception) -> tuple[Path, int | None]:
        if isinstance(error, TemplateSyntaxError):
            return Path(error.filename or self.folder), error.lineno
        files = {str(self.folder / name) for name in self.sources}
        last: tuple[Path, int | None] = (self.folder, None)
        trace = error.__traceback__
        while trace is not None:
            file = trace.tb_frame.f_code.co_filename
            if file in files:
                last = (Path(file), trace.tb_lineno)
            trace = trace.tb_next
        return last


def _line_in(trace: TracebackType | None, file: str) -> int | None:
    line = None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
