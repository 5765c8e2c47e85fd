"""Two stand-ins for all tests here: one with Piper's voice, and one that speaks eSpeak NG alone and does faults."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import numpy as np
import pytest

from support.speech import Speech
from support.standin import Standin, running_standin


@pytest.fixture(scope="session")
def references(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Reference recordings: two that are good, the others not."""
    folder = tmp_path_factory.mktemp("references")
    (folder / "voices").mkdir()
    for name, duration_s in {"voices/june": 5, "voices/dasom": 9.9, "short": 2.9, "long": 10.1}.items():
        Speech(np.zeros(int(16000 * duration_s), np.int16), 16000).to_wav(folder / f"{name}.wav")
    (folder / "notes.wav").write_text("This is no recording.", "utf-8")
    return folder


@pytest.fixture(scope="session")
def standin(references: Path) -> Iterator[Standin]:
    with running_standin("--references", str(references)) as running:
        yield running


@pytest.fixture(scope="session")
def _quick(references: Path) -> Iterator[Standin]:
    weights = [option for name in ("a.ckpt", "a.pth", "b.pth=v4", "c.pth=v2") for option in ("--weights", name)]
    with running_standin("--references", str(references), "--faults", *weights, piper=False) as running:
        yield running


@pytest.fixture
async def quick(_quick: Standin) -> AsyncIterator[Standin]:
    """It begins every test with models that speak and no faults."""
    yield _quick
    await _quick.forget_faults()
    for model, path in (("gpt", "a.ckpt"), ("sovits", "c.pth")):
        assert (await _quick.get(f"/set_{model}_weights", weights_path=path)).status == 200
