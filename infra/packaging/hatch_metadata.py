"""Adds the dependencies that live in this repository.

In a checkout they are folders beside `pyproject.toml`, so that `pip install .` needs no registry
for them and cannot be given a stranger's package of the same name. An sdist carries no such
folders: a wheel built from it asks for the published version, which is the same as this one.
"""

import tomllib
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface


class LocalDependencies(MetadataHookInterface):
    PLUGIN_NAME = "custom"

    def update(self, metadata: dict[str, Any]) -> None:
        root = Path(self.root)
        with (root / "pyproject.toml").open("rb") as file:
            wanted = tomllib.load(file)["tool"]["malbeot"]["dependencies"]
        dependencies = list(wanted["registry"])
        for name, folder in wanted["local"].items():
            path = root / folder
            if (path / "pyproject.toml").is_file():
                dependencies.append(f"{name} @ {path.as_uri()}")
            else:
                dependencies.append(f"{name}=={metadata['version']}")
        metadata["dependencies"] = dependencies
