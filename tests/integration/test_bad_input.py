"""Mistakes and missing things, told in one line."""

import shutil
import socket
from pathlib import Path

import pytest

from malbeot.settings import Settings
from malbeot_local import models
from malbeot_local.cache import Cache
from support.command import line_with, malbeot, running
from support.speech import english
from support.stack import running_stack, stack_environment

ROOT = Path(__file__).parents[2]


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return stack_environment(tmp_path / "state")


async def test_worker_waits_for_livekit_and_says_so(tmp_path: Path) -> None:
    async with running_stack(tmp_path, roles=()) as stack, running("start", env=stack.environment) as worker:
        line = await line_with(worker.stderr, "waiting for it", 60)
        assert f"{stack.livekit_url} does not answer" in line
        await stack.start("livekit")
        await line_with(worker.stderr, "registered worker", 60)
        worker.terminate()
        await line_with(worker.stderr, "shutting down worker", 30)
        assert await worker.wait() == 0


async def test_wrong_api_secret(tmp_path: Path) -> None:
    async with running_stack(tmp_path, roles=("livekit",)) as stack:
        wrong = {"LIVEKIT_API_KEY": stack.api_key, "LIVEKIT_API_SECRET": "x" * 40}
        result = await malbeot("start", env={**stack.environment, **wrong})
    assert result.status == 2
    assert "refuses our keys" in result.complaint
    assert "x" * 40 not in result.out + result.err


async def test_missing_whisper_model(env: dict[str, str], tmp_path: Path) -> None:
    result = await malbeot("start", env={**env, **keys(), "WHISPER_MODEL": str(tmp_path / "nothing")})
    assert result.status == 1
    assert str(tmp_path / "nothing") in result.complaint


async def test_corrupt_whisper_model(env: dict[str, str], tmp_path: Path) -> None:
    cache = Cache(Settings(_env_file=None).malbeot_cache)
    broken = tmp_path / "model"
    shutil.copytree(models.whisper_base(cache), broken)
    (broken / "model.bin").write_bytes(b"not a model")
    result = await malbeot("start", env={**env, **keys(), "WHISPER_MODEL": str(broken)})
    assert result.status == 1
    assert str(broken) in result.complaint


async def test_port_taken(env: dict[str, str]) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", int(env["WEB_PORT"])))
        holder.listen()
        result = await malbeot("up", "--embedded", env=env)
    assert result.status == 1
    assert f"port {env['WEB_PORT']}" in result.complaint
    assert "WEB_PORT" in result.complaint
    assert result.out.strip().endswith("all that was started here is stopped")


async def test_broken_persona(env: dict[str, str], tmp_path: Path) -> None:
    prompts = tmp_path / "prompts"
    shutil.copytree(ROOT / "prompts", prompts)
    persona = prompts / "personas" / "en.yaml"
    text = persona.read_text(encoding="utf-8")
    persona.write_text(text.replace("name: June", "nmae: June"), encoding="utf-8")
    line = next(number for number, line in enumerate(text.splitlines(), 1) if line == "name: June")
    for command in ("prompts", "start", "up"):
        result = await malbeot(command, env={**env, **keys(), "MALBEOT_PROMPTS": str(prompts)})
        assert result.status == 2
        assert f"en.yaml:{line}" in result.complaint
        assert "nmae" in result.complaint


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"MALBEOT_PERSONA": "nobody"}, "MALBEOT_PERSONA=nobody is no persona: there are en, ko"),
        ({"MALBEOT_PROMPTS": "/nowhere"}, "/nowhere"),
    ],
)
async def test_up_starts_nothing_where_nobody_could_answer(
    env: dict[str, str], setting: dict[str, str], said: str
) -> None:
    result = await malbeot("up", "--embedded", env={**env, **setting})
    assert (result.status, result.out) == (2, "")
    assert said in result.complaint


async def test_no_microphone(env: dict[str, str]) -> None:
    result = await malbeot("console", env=env)
    assert result.status == 1
    assert "--text" in result.complaint


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("fly",), "No such command 'fly'"),
        (("up", "--fast"), "No such option"),
        (("console", "--wav", "a.wav"), "--wav and --out belong together"),
        (("console", "--wav", "a.wav", "--out", "b.wav"), "cannot read a.wav"),
        (("console", "--text", "--wav", "a.wav"), "--text excludes --wav and --out"),
        (("ears", "--address", "foo"), "Invalid value for '--address': must be auto, unix:/PATH or tcp://HOST:PORT"),
        (("voices", "say"), "see `malbeot voices say --help`"),
    ],
)
async def test_wrong_arguments(env: dict[str, str], arguments: tuple[str, ...], said: str) -> None:
    result = await malbeot(*arguments, env=env)
    assert result.status == 2
    assert said in result.complaint


async def test_a_group_without_a_command_shows_its_help(env: dict[str, str]) -> None:
    result = await malbeot("voices", env=env)
    assert result.status == 2
    assert result.err.startswith("Usage: malbeot voices [OPTIONS] COMMAND")


async def test_a_reply_that_cannot_be_written_is_told_first(env: dict[str, str], tmp_path: Path) -> None:
    question = english("Hello.").to_wav(tmp_path / "question.wav")
    result = await malbeot("console", "--wav", str(question), "--out", str(tmp_path / "none" / "a.wav"), env=env)
    assert result.status == 2
    assert result.err.startswith("malbeot: cannot write")
    assert "its folder does not exist" in result.complaint


@pytest.mark.parametrize("how", ["text", "wav"])
async def test_no_language_model_for_a_conversation(env: dict[str, str], tmp_path: Path, how: str) -> None:
    question = english("Hello.").to_wav(tmp_path / "question.wav")
    files = ("--wav", str(question), "--out", str(tmp_path / "reply.wav"))
    result = await malbeot("console", *(("--text",) if how == "text" else files), env=env, stdin="Hello!\n")
    assert (result.status, result.out) == (1, "")
    assert result.err.strip() == (
        f"malbeot: the language model is missing: no Ollama answers at {env['OLLAMA_URL']}; "
        "`malbeot up --embedded` starts it"
    )


async def test_wrong_setting(env: dict[str, str]) -> None:
    result = await malbeot("doctor", env={**env, "LLM_PROVIDER": "oracle"})
    assert result.status == 2
    assert result.complaint.startswith("malbeot: LLM_PROVIDER=oracle is wrong")


async def test_nobody_of_that_name_and_a_name_too_long(env: dict[str, str]) -> None:
    result = await malbeot("console", "--text", "--persona", "nobody", env=env)
    assert (result.status, "there are en, ko" in result.complaint) == (2, True)
    result = await malbeot("console", "--text", "--name", "x" * 41, env=env)
    assert (result.status, "longer than 40" in result.complaint) == (2, True)


async def test_password_in_an_address_is_not_shown(env: dict[str, str]) -> None:
    for url in ("ftp://user:hunter2@host", "http://user:hunter2@127.0.0.1:1"):
        result = await malbeot("doctor", env={**env, "OLLAMA_URL": url})
        assert "hunter2" not in result.out + result.err


async def test_doctor_says_what_to_do_where_nothing_runs(env: dict[str, str], tmp_path: Path) -> None:
    result = await malbeot("doctor", env={**env, "WHISPER_MODEL": str(tmp_path / "none")})
    assert result.status == 1
    for words in ("!!  LiveKit server", "!!  speech recognition", "!!  Ollama", "!!  voice server", "→ `malbeot up`"):
        assert words in result.out, result.out


async def test_no_keys_for_a_server_elsewhere(env: dict[str, str]) -> None:
    result = await malbeot("start", env={**env, "LIVEKIT_URL": "wss://livekit.example"})
    assert result.status == 2
    assert "LIVEKIT_API_KEY and LIVEKIT_API_SECRET are missing" in result.complaint


def keys() -> dict[str, str]:
    return {"LIVEKIT_API_KEY": "key", "LIVEKIT_API_SECRET": "s" * 40}
