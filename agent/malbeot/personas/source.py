"""YAML with line numbers: they come from the node tree, so that an error in a field can name its line."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from malbeot.personas.errors import PersonaError

Place = tuple[str | int, ...]


class _Loader(yaml.SafeLoader):
    """YAML's safe loader, to which a date is plain text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def dotted(place: Iterable[str | int]) -> str:
    """A place as people read it; list items count from 1: ("examples", 0, "caller") is "examples.1.caller"."""
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in place)


class Source:
    """One file: its values, and the line of each."""

    def __init__(self, path: Path, root: yaml.Node, data: dict[str, Any]) -> None:
        self.path = path
        self.data = data
        self._root = root

    @classmethod
    def read(cls, path: Path) -> Source:
        """Raises PersonaError for a file that is unreadable, not UTF-8, not YAML, or no mapping with unique keys."""
        loader = None
        try:
            text = path.read_text(encoding="utf-8-sig")
            loader = _Loader(text)
            root = loader.get_single_node()
            if root is None:
                raise PersonaError(path, None, None, "the file is empty; it begins with 'id:'")
            _refuse_duplicates(path, root)
            data = loader.construct_document(root)
        except OSError as e:
            raise PersonaError(path, None, None, f"can not be read: {e.strerror or e}") from e
        except UnicodeDecodeError as e:
            line = e.object.count(b"\n", 0, e.start) + 1
            raise PersonaError(path, line, None, "is not UTF-8 text; save it as UTF-8") from e
        except yaml.reader.ReaderError as e:
            line = text.count("\n", 0, e.position) + 1
            raise PersonaError(path, line, None, f"holds a character that YAML forbids ({e.reason})") from e
        except yaml.MarkedYAMLError as e:
            mark = e.problem_mark or e.context_mark
            reason = ", ".join(part for part in (e.context, e.problem) if part)
            raise PersonaError(path, mark.line + 1 if mark else None, None, f"is not YAML: {reason}") from e
        except (ValueError, RecursionError) as e:
            raise PersonaError(path, None, None, f"holds a value that YAML can not read: {e}") from e
        finally:
            if loader is not None:
                loader.dispose()
        if not isinstance(data, dict):
            raise PersonaError(path, root.start_mark.line + 1, None, "must be a mapping of fields such as 'id: en'")
        return cls(path, root, data)

    def line(self, place: Place) -> int:
        """The line of the field at `place`, or of the nearest one around it that the file has."""
        key, value = self._find(place)
        return (key or value).start_mark.line + 1

    def text_line(self, place: Place, line: int) -> int:
        """The file's line that holds line `line` (from 1) of the text at `place`; where YAML folds lines, its first."""
        _, value = self._find(place)
        first = value.start_mark.line + 1
        return first + line if isinstance(value, yaml.ScalarNode) and value.style == "|" else first

    def error(self, place: Place, reason: str) -> PersonaError:
        return PersonaError(self.path, self.line(place), dotted(place), reason)

    def _find(self, place: Place) -> tuple[yaml.Node | None, yaml.Node]:
        key: yaml.Node | None = None
        value = self._root
        for part in place:
            if isinstance(value, yaml.MappingNode):
                pair = next(((k, v) for k, v in reversed(value.value) if k.value == part), None)
                if pair is None:
                    break
                key, value = pair
            elif isinstance(value, yaml.SequenceNode) and isinstance(part, int) and part < len(value.value):
                key, value = None, value.value[part]
            else:
                break
        return key, value


def _refuse_duplicates(path: Path, root: yaml.Node) -> None:
    """YAML's own reader keeps the last of two equal keys and says nothing."""
    seen: set[int] = set()
    stack: list[tuple[Place, yaml.Node]] = [((), root)]
    while stack:
        place, node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            stack += [((*place, i), item) for i, item in enumerate(node.value)]
        elif isinstance(node, yaml.MappingNode):
            first: dict[str, int] = {}
            for key, value in node.value:
                if not isinstance(key, yaml.ScalarNode):
                    continue
                line = key.start_mark.line + 1
                if key.value in first and key.value != "<<":
                    reason = f"stands twice, first in line {first[key.value]}; remove one"
                    raise PersonaError(path, line, dotted((*place, key.value)), reason)
                first[key.value] = line
                stack.append(((*place, key.value), value))


def unsayable(text: str) -> str | None:
    """What in `text` a voice can not say, in words; None where it is fit for the ear."""
    if "\n" in text:
        return "a line break"
    for char in text:
        if char in "*_#`~|<>{}[]\\/@^=+&•–—":
            return f"the sign {char!r}"
        if unicodedata.category(char) in {"So", "Sk", "Cf", "Cc", "Co"}:
            return f"the symbol U+{ord(char):04X}"
    return None
