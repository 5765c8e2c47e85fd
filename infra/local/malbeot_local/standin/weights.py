"""Which weights are loaded. The stand-in has none: it remembers the paths, and what GPT-SoVITS makes of a wrong one."""

import json
import time
from collections.abc import Mapping
from pathlib import Path

from ..errors import LocalError
from .versions import VERSIONS, ModelVersion


class WeightsError(LocalError):
    """Weights that cannot be loaded."""


class Weights:
    """The two models of a server, shared by all its callers.

    A wrong path is remembered before it is found to be wrong. The old weights speak on, but whoever loads anew, after
    a failure of the model or a restart, meets the wrong path: a failure leaves no model, a restart the version's own.
    """

    def __init__(
        self, version: ModelVersion, *, pretend: Mapping[str, str | None], config: Path | None, load_s: float
    ) -> None:
        """`pretend`: paths taken for weights although no file is there, with the version that a SoVITS one switches to.

        `config`: where the paths are kept over restarts. `load_s`: how long each of the two takes to load; it blocks.
        Raises LocalError when `config` cannot be read.
        """
        self._pretend = pretend
        self._config = config
        self._load_s = load_s
        saved = _read(config)
        self.version = VERSIONS.get(saved.get("version", ""), version)
        self._gpt_path = self._known(saved.get("gpt"), self.version.gpt_weights)
        self._sovits_path = self._known(saved.get("sovits"), self.version.sovits_weights)
        self.gpt: str | None = None
        """The loaded GPT weights; None is no model."""
        self.sovits: str | None = None
        self.reload()

    def set_gpt(self, path: str) -> None:
        """Raises WeightsError."""
        self._gpt_path = path
        self._save()
        self._load(path)
        self.gpt = path

    def set_sovits(self, path: str) -> None:
        """Raises WeightsError. Unlike a wrong GPT path, a wrong one is not saved."""
        self._sovits_path = path
        self._load(path)
        self.version = VERSIONS.get(self._pretend.get(path) or "", self.version)
        self.sovits = path
        self._save()

    def reload(self) -> None:
        """What follows a failure of the model: both are dropped and loaded anew. Raises WeightsError."""
        self.gpt = self.sovits = None
        self.set_gpt(self._gpt_path)
        self.set_sovits(self._sovits_path)

    def _load(self, path: str) -> None:
        if not self._exists(path):
            raise WeightsError(f"[Errno 2] No such file or directory: '{path}'")
        time.sleep(self._load_s)

    def _exists(self, path: str) -> bool:
        own = (self.version.gpt_weights, self.version.sovits_weights)
        return path in own or path in self._pretend or Path(path).is_file()

    def _known(self, path: str | None, otherwise: str) -> str:
        return path if path and self._exists(path) else otherwise

    def _save(self) -> None:
        if self._config is None:
            return
        content = {"version": self.version.name, "gpt": self._gpt_path, "sovits": self._sovits_path}
        try:
            self._config.write_text(json.dumps(content), encoding="utf-8")
        except OSError as error:
            raise LocalError(f"cannot write {self._config}: {error.strerror}; give --config another path") from error


def _read(config: Path | None) -> dict[str, str]:
    if config is None or not config.exists():
        return {}
    try:
        saved = json.loads(config.read_text(encoding="utf-8"))
        return {name: str(value) for name, value in saved.items()}
    except (OSError, ValueError, AttributeError) as error:
        raise LocalError(f"cannot read {config}: it is no configuration of the stand-in; delete it") from error
