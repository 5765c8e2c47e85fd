"""The installer in infra/gpt-sovits, on a scripted machine."""

from pathlib import Path

import pytest

from support.scripted_machine import FOLDER, LOGGED, STAND_INS, Machine

COMMIT = "48b1a0169a28582a8984402f82cf438d3bfa6aca"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_it_ends_with_a_running_server_of_the_pinned_commit(machine: Machine) -> None:
    run = machine.install()
    assert run.status == 0, run.err
    assert run.last_line == (
        "gpt-sovits: ready: put GPT_SOVITS_URLS=http://127.0.0.1:9880 into Malbeot's .env and ask `malbeot doctor`"
    )
    assert f"fetch -q --depth 1 https://github.com/RVC-Boss/GPT-SoVITS.git {COMMIT}" in run.called
    assert "--require-hashes --no-binary opencc" in run.called
    assert "useradd --system" in run.called
    assert "first_use.py" in run.called
    assert run.called.index("systemctl daemon-reload") < run.called.index("systemctl restart gpt-sovits@9880")
    assert (machine.root / "opt/gpt-sovits/app/.git/HEAD").read_text().strip() == COMMIT
    unit = machine.root / "etc/systemd/system/gpt-sovits@.service"
    assert unit.read_bytes() == (FOLDER / "gpt-sovits@.service").read_bytes()
    assert (machine.root / "var/lib/gpt-sovits/voices").stat().st_mode & 0o7777 == 0o2750
    assert machine.configuration(9880)["version"] == "v2ProPlus"
    assert machine.configuration(9880)["is_half"] is True


def test_a_second_run_does_nothing_twice(machine: Machine) -> None:
    assert machine.install().status == 0
    own = machine.root / "etc/gpt-sovits/9880.yaml"
    own.write_text(own.read_text().replace("device: cuda", "device: cuda:1"))
    before = machine.files
    run = machine.install()
    assert run.status == 0, run.err
    assert machine.files == before
    for once in ("fetch", "uv ", "unzip", "tar ", "huggingface", "useradd", "first_use", "restart", "daemon-reload"):
        assert once not in run.called
    assert "systemctl start gpt-sovits@9880" in run.called
    assert machine.configuration(9880)["device"] == "cuda:1", "the operator's configuration is kept"


def test_a_second_run_needs_no_room_for_what_is_there(machine: Machine) -> None:
    assert machine.install().status == 0
    machine.stand_in("df", "echo Filesystem; echo /dev/x 100000000 1 1000 99% /")
    assert machine.install().status == 0


def test_a_dry_run_shows_the_steps_and_changes_nothing(machine: Machine) -> None:
    machine.stand_in("id", "echo 1000")
    run = machine.install("--dry-run")
    assert run.status == 0, run.err
    assert run.last_line == "gpt-sovits: dry run: nothing is missing, nothing was changed"
    assert machine.files == []
    assert run.called == ""
    for step in ("useradd", COMMIT, "pip sync", "pretrained_models.zip", "first_use.py", "systemctl restart"):
        assert step in run.out, step


@pytest.mark.parametrize(
    ("program", "script", "said"),
    [
        ("nvidia-smi", None, "the NVIDIA driver: nvidia-smi does not answer: install series 525 or newer"),
        ("nvidia-smi", "echo 'NVIDIA-SMI has failed'; exit 9", "the NVIDIA driver: nvidia-smi does not answer"),
        ("nvidia-smi", "echo 'No devices were found'", "the NVIDIA driver: nvidia-smi does not answer"),
        ("nvidia-smi", "echo 470.256.02, 8.6", "a newer NVIDIA driver: 470.256.02 is here, CUDA 12 needs 525"),
        ("nvidia-smi", "echo 570.86.10, 6.1", "a newer GPU: compute capability 6.1 is here, torch needs 7.0"),
        ("df", "echo Filesystem; echo /dev/x 100000000 1 9437184 99% /", "disk: 9 GB are free at "),
        ("uv", None, "uv, which brings Python 3.11: see https://docs.astral.sh/uv/"),
        ("ffmpeg", None, "ffmpeg: `apt-get install ffmpeg`"),
        ("cmake", None, "cmake: `apt-get install cmake`"),
        ("systemctl", None, "systemd: its systemctl is not there"),
        ("uname", "echo Linux aarch64", "Linux on x86-64: this is Linux aarch64"),
    ],
)
@pytest.mark.parametrize("arguments", [[], ["--dry-run"]])
def test_what_is_missing_is_told_before_anything_is_done(
    machine: Machine, program: str, script: str | None, said: str, arguments: list[str]
) -> None:
    if script is None:
        (machine.bin / program).unlink()
    else:
        machine.stand_in(program, script)
    run = machine.install(*arguments)
    assert run.status == 1
    assert f"gpt-sovits: missing: {said}" in run.err
    assert "1 missing, see above; nothing was changed" in run.last_line
    assert machine.files == []
    assert run.called == ""


@pytest.mark.parametrize("arguments", [[], ["--dry-run"]])
def test_a_systemd_that_does_not_run_is_told_before_anything_is_done(machine: Machine, arguments: list[str]) -> None:
    machine.systemd.rmdir()
    run = machine.install(*arguments)
    assert run.status == 1
    assert run.err.startswith("gpt-sovits: missing: systemd: it is installed but does not run")
    assert machine.files == []
    assert run.called == ""


def test_a_dry_run_ends_with_what_is_missing(machine: Machine) -> None:
    for program in ("git", "make"):
        (machine.bin / program).unlink()
    missing = ["gpt-sovits: missing: git: `apt-get install git`", "gpt-sovits: missing: make: `apt-get install make`"]
    run = machine.install("--dry-run")
    last = "gpt-sovits: dry run: 2 missing, see above; nothing was changed"
    assert run.err.splitlines() == [*missing, *missing, last]


def test_everything_missing_is_told_at_once(machine: Machine) -> None:
    for program in ("nvidia-smi", "git", "make"):
        (machine.bin / program).unlink()
    run = machine.install()
    assert [line.split(":")[2].strip() for line in run.err.splitlines()[:3]] == ["git", "make", "the NVIDIA driver"]
    assert run.last_line == "gpt-sovits: not installed: 3 missing, see above; nothing was changed"


def test_another_commit_than_the_pinned_one_is_not_installed(machine: Machine) -> None:
    machine.stand_in("git", STAND_INS["git"].replace('echo "$6"', "echo 0000000000000000000000000000000000000000"))
    run = machine.install()
    assert run.status == 1
    assert f"is not at {COMMIT} after fetching it" in run.last_line
    assert "uv " not in run.called
    assert "systemctl" not in run.called


def test_an_older_pin_is_moved_and_the_server_restarted(machine: Machine) -> None:
    assert machine.install().status == 0
    (machine.root / "opt/gpt-sovits/app/.git/HEAD").write_text("0" * 40)
    run = machine.install()
    assert run.status == 0, run.err
    assert "fetch -q --depth 1" in run.called
    assert "uv " not in run.called, "the same lock, the same environment"
    assert "systemctl restart gpt-sovits@9880" in run.called


def test_programs_changed_by_hand_are_not_overwritten(machine: Machine) -> None:
    assert machine.install().status == 0
    (machine.root / "opt/gpt-sovits/app/.git/changed").touch()
    (machine.root / "opt/gpt-sovits/app/.git/HEAD").write_text("0" * 40)
    run = machine.install()
    assert run.status == 1
    assert "were changed by hand" in run.last_line
    assert "checkout" not in run.called


def test_after_an_interruption_the_next_run_goes_on_and_restarts(machine: Machine) -> None:
    machine.stand_in("curl", LOGGED + "exit 18")
    interrupted = machine.install()
    assert interrupted.status == 18
    assert "systemctl" not in interrupted.called
    machine.stand_in("curl", STAND_INS["curl"])
    run = machine.install()
    assert run.status == 0, run.err
    assert "fetch" not in run.called
    assert "uv " not in run.called
    assert "first_use.py" in run.called
    assert "systemctl restart gpt-sovits@9880" in run.called


def test_an_archive_brought_by_hand_is_used(machine: Machine) -> None:
    archives = machine.root / "opt/gpt-sovits/archives"
    archives.mkdir(parents=True)
    (archives / "pretrained_models.zip").write_text("brought")
    run = machine.install()
    assert run.status == 0, run.err
    assert "pretrained_models.zip.part" not in run.called
    assert not (archives / "pretrained_models.zip").exists()
    assert (archives / "pretrained_models.zip.done").read_text().endswith("  pretrained_models.zip\n")


def test_weights_that_did_not_come_are_named(machine: Machine) -> None:
    machine.stand_in("unzip", STAND_INS["unzip"].replace("v2Pro/s2Gv2ProPlus.pth", ""))
    run = machine.install()
    assert run.status == 1
    assert "v2Pro/s2Gv2ProPlus.pth is not among the weights that came" in run.last_line
    assert "systemctl" not in run.called


@pytest.mark.parametrize("version", ["v1", "v2", "v2Pro", "v2ProPlus", "v3", "v4"])
def test_each_model_version_is_configured_with_weights_that_are_there(machine: Machine, version: str) -> None:
    run = machine.install("--model-version", version, "--fp32")
    assert run.status == 0, run.err
    chosen = machine.configuration(9880)
    assert chosen["version"] == version
    assert chosen["is_half"] is False
    for name in ("t2s_weights_path", "vits_weights_path"):
        assert (machine.root / "opt/gpt-sovits/app" / str(chosen[name])).is_file()


def test_replicas_have_a_port_and_a_configuration_each(machine: Machine) -> None:
    run = machine.install("--replicas", "3")
    assert run.status == 0, run.err
    assert "GPT_SOVITS_URLS=http://127.0.0.1:9880,http://127.0.0.1:9881,http://127.0.0.1:9882 " in run.last_line
    for port in (9880, 9881, 9882):
        assert machine.configuration(port)["device"] == "cuda"
        assert f"systemctl enable -q gpt-sovits@{port}" in run.called


def test_a_server_that_loads_for_a_while_is_waited_for(machine: Machine) -> None:
    loading = 'echo >>"$MACHINE/asked"; [ "$(wc -l <"$MACHINE/asked")" -gt 3 ] || { printf 000; exit 7; }; printf 500'
    machine.stand_in("curl", STAND_INS["curl"].replace("printf 500", loading))
    assert machine.install().status == 0
    assert (machine.folder / "asked").read_text().count("\n") == 4


@pytest.mark.parametrize("answer", ["{ printf 000; exit 7; }", "printf 404", "printf 502"])
def test_a_server_that_does_not_answer_as_api_v2_is_no_success(machine: Machine, answer: str) -> None:
    machine.stand_in("curl", STAND_INS["curl"].replace("printf 500", answer))
    run = machine.install()
    assert run.status == 1
    assert run.last_line.startswith("gpt-sovits: gpt-sovits@9880 is installed but does not answer after 180 s")


VERSIONS = "--model-version takes one of v1, v2, v2Pro, v2ProPlus, v3, v4"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--model-version", "v9"], f"{VERSIONS}, not v9"),
        (["--model-version"], f"{VERSIONS}, and none is given"),
        (["--replicas", "0"], "--replicas takes a number from 1 to 99, not 0"),
        (["--replicas", "x"], "--replicas takes a number from 1 to 99, not x"),
        (["--replicas"], "--replicas takes a number from 1 to 99, and none is given"),
        (
            ["--dry-run", "--nonsense"],
            "unknown argument '--nonsense': "
            "allowed are --dry-run, --model-version VERSION, --fp32, --replicas N and --help",
        ),
    ],
)
def test_a_wrong_argument_is_named_in_one_line(machine: Machine, arguments: list[str], said: str) -> None:
    run = machine.install(*arguments)
    assert run.status == 2
    assert run.err == f"gpt-sovits: {said}\n"
    assert run.out == run.called == ""
    assert machine.files == []


def test_help_is_no_mistake(machine: Machine) -> None:
    run = machine.install("--help")
    assert run.status == 0
    assert run.err == run.called == ""
    lines = run.out.splitlines()
    assert lines[0].startswith("install.sh [--dry-run]")
    assert lines[-1].startswith("    --help ")
    assert machine.files == []


def test_a_plain_user_becomes_root_with_the_same_arguments_and_path(machine: Machine) -> None:
    machine.stand_in("id", "echo 1000")
    run = machine.install("--model-version", "v4", "--fp32")
    assert run.status == 0, run.err
    assert run.called == f"sudo env PATH={machine.bin} bash {FOLDER}/install.sh --model-version v4 --fp32\n"
    (machine.bin / "sudo").unlink()
    without = machine.install()
    assert without.status == 1
    assert "run this as root" in without.last_line
