"""infra/gpt-sovits: its unit file, its lock and its scripts, each by itself."""

import configparser
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.scripted_machine import FOLDER


def test_the_unit_is_confined_and_starts_what_the_installer_puts_there() -> None:
    unit = configparser.RawConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(FOLDER / "gpt-sovits@.service")
    service = unit["Service"]
    wanted = {
        "User": "gpt-sovits",
        "NoNewPrivileges": "yes",
        "ProtectSystem": "strict",
        "PrivateTmp": "yes",
        "IPAddressAllow": "localhost",
        "IPAddressDeny": "any",
        "Restart": "on-failure",
        "StandardOutput": "null",  # where the server prints what it is given to say
    }
    assert {name: service[name] for name in wanted} == wanted
    assert "-a 127.0.0.1 -p %i" in service["ExecStart"]
    assert service["ExecStart"].startswith("/opt/gpt-sovits/venv/bin/python ")


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here")
def test_systemd_understands_every_line_of_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / "gpt-sovits@9880.service"
    unit.write_text((FOLDER / "gpt-sovits@.service").read_text())
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, timeout=60)
    complaints = [line for line in done.stderr.splitlines() if unit.name in line and "is not executable" not in line]
    assert complaints == []


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="no shellcheck here")
def test_shellcheck_has_nothing_to_say() -> None:
    done = subprocess.run(["shellcheck", str(FOLDER / "install.sh")], capture_output=True, text=True, timeout=60)
    assert done.stdout == ""


def test_the_lock_names_every_package_once_with_hashes_and_no_address() -> None:
    lines = [line for line in (FOLDER / "requirements.lock").read_text().splitlines() if not line.startswith("#")]
    names = [line.split("==")[0] for line in lines if not line.startswith(" ")]
    assert len(names) == len(set(names)) > 100
    assert {"torch", "torchaudio", "fastapi", "transformers"} <= set(names)
    assert all("--hash=sha256:" in line for line in lines if line.startswith(" "))
    assert not any("://" in line for line in lines)


@pytest.mark.parametrize("broken", ["", "ko"])
def test_first_use_names_the_language_that_does_not_work(tmp_path: Path, broken: str) -> None:
    text = tmp_path / "GPT_SoVITS" / "text"
    text.mkdir(parents=True)
    (text / "__init__.py").touch()
    (text / "cleaner.py").write_text(
        "def clean_text(text, language, version):\n"
        f"    if language == {broken!r}: raise LookupError('***\\n  no cmudict\\n***')\n"
        "    return ['a'], None, text\n"
    )
    (text / "LangSegmenter.py").write_text("class LangSegmenter:\n    getTexts = staticmethod(lambda text: [])\n")
    done = subprocess.run(
        [sys.executable, str(FOLDER / "first_use.py")],
        cwd=tmp_path,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == (1 if broken else 0)
    assert done.stderr == ("ko: LookupError: no cmudict\ndoes not work: ko\n" if broken else "")
    assert (tmp_path / "GPT_SoVITS/pretrained_models/fast_langdetect").is_dir()
