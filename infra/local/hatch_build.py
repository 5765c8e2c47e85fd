"""Puts the lock files that are read at run time into the package.

They lie in `infra/locks` of a checkout and in `locks` of an sdist. An editable install reads them
from the checkout.
"""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

LOCKS = ("embedded-models.txt", "go.txt")


class Locks(BuildHookInterface):
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        root = Path(self.root)
        source = root / "locks" if (root / "locks").is_dir() else root.parent / "locks"
        target = "locks" if self.target_name == "sdist" else "malbeot_local/data"
        build_data["force_include"] |= {str(source / name): f"{target}/{name}" for name in LOCKS}
