"""A stand-in voice server for the tests of voices."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from support.speech import Speech
from support.standin import Standin, running_standin


@pytest.fixture
def own_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test finds out about a replica is nothing to the next."""
    (tmp_path / "run").mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))


@pytest.fixture(scope="session")
def references(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Reference recordings: two that are good, one too short and one too long."""
    folder = tmp_path_factory.mktemp("references")
    (folder / "voices").mkdir()
    for name, duration_s in {"voices/june": 5, "voices/dasom": 9, "short": 2, "long": 11}.items():
        Speech(np.zeros(16000 * duration_s, np.int16), 16000).to_wav(folder / f"{name}.wav")
    return folder


@pytest.fixture(scope="session")
def _standin(references: Path) -> Iterator[Standin]:
    weights = [option for path in ("a.ckpt", "a.pth") for option in ("--weights", path)]
    with running_standin("--references", str(references), "--faults", *weights, piper=False) as running:
        yield running


@pytest.fixture
async def standin(_standin: Standin, own_locks: None) -> Standin:
    """It speaks with eSpeak NG alone, accepts the weights a.ckpt and a.pth, and begins every test without faults."""
    await _standin.forget_faults()
    return _standin
