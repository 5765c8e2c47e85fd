"""`malbeot voices check` against the real stand-in process: every mistake is found, and told in one line."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from malbeot.voices import checking
from support.standin import Standin, running_standin
from support.voice_server import Exchange, voice_server
from support.voices import DASOM, JUNE, NOBODY, WEIGHTS, prompts_with, settings

Check = Callable[..., Awaitable[tuple[int, list[str]]]]
pytestmark = pytest.mark.usefixtures("own_locks")


@pytest.fixture
def check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Check:
    """`check(url, …, voices)` gives the exit status and the report's lines."""

    async def run(urls: list[str], *voices: dict[str, object], load: bool = False, **chosen: object):  # type: ignore[no-untyped-def]
        status = await checking.check(settings(prompts_with(tmp_path, *voices), *urls, **chosen), load=load)
        return status, capsys.readouterr().out.splitlines()

    return run


async def test_good_voices_are_good(standin: Standin, check: Check) -> None:
    status, lines = await check([standin.url], JUNE, DASOM)
    assert status == 0
    assert lines == [
        f"ok  voice dasom on {standin.url}: speaks ko at 32000 Hz",
        f"ok  voice june on {standin.url}: speaks en at 32000 Hz",
        "no problem was found",
    ]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"ref_audio_path": "gone.wav"}, "the recording gone.wav is not on the server → put it there"),
        ({"ref_audio_path": "short.wav"}, "the recording short.wav is not 3 to 10 s long → take one"),
        ({"ref_audio_path": "long.wav"}, "the recording long.wav is not 3 to 10 s long → take one"),
        ({"ref_audio_path": "/gone/june.wav"}, "/gone/june.wav is not there → put it there, or mend ref_audio_path"),
        ({"aux_ref_audio_paths": ["/gone/a.wav"]}, "/gone/a.wav is not there → put it there, or mend aux_ref_audio"),
        ({"model_version": "v4"}, "its model is v2, not v4 → name the voice's weights, or mend model_version"),
    ],
)
async def test_a_problem_is_one_line_with_what_to_do(
    standin: Standin, check: Check, changed: dict[str, object], said: str
) -> None:
    status, lines = await check([standin.url], JUNE | changed, DASOM)
    assert status == 1
    wrong = [line for line in lines if line.startswith("!!")]
    assert len(wrong) == 1
    assert wrong[0].startswith(f"!!  voice june on {standin.url}: {said}")
    assert lines[-1] == "1 problem"


async def test_a_recording_on_this_machine_is_measured(standin: Standin, check: Check, references: Path) -> None:
    _, lines = await check([standin.url], JUNE | {"ref_audio_path": str(references / "short.wav")})
    assert "short.wav is 2.0 s long → take a recording of 3 to 10 s" in lines[0]


async def test_a_language_that_the_model_lacks_is_found(references: Path, check: Check) -> None:
    with running_standin("--references", str(references), "--model-version", "v1", piper=False) as old:
        status, lines = await check([old.url], JUNE, DASOM)
    assert status == 1
    assert lines[0].startswith(f"!!  voice dasom on {old.url}: its model, version v1, has no ko → load weights of v2")
    assert lines[1].startswith("ok  voice june")


async def test_a_model_of_another_rate_is_found(references: Path, check: Check) -> None:
    with running_standin("--references", str(references), "--model-version", "v4", piper=False) as new:
        _, lines = await check([new.url], JUNE)
        assert lines[0].endswith("it speaks at 48000 Hz, not 32000 → add 'model_version: v4' to the voice")
        assert (await check([new.url], JUNE | {"model_version": "v4"}))[0] == 0


async def test_weights_are_loaded_only_when_asked_for(standin: Standin, check: Check) -> None:
    status, lines = await check([standin.url], JUNE | WEIGHTS)
    assert (status, lines[0][:2]) == (0, "--")
    assert "not tried" in lines[0]
    assert (await check([standin.url], JUNE | WEIGHTS, load=True))[1][0].startswith("ok  voice june")
    # From now on it is known that they are there.
    assert (await check([standin.url], JUNE | WEIGHTS))[1][0].startswith("ok  voice june")


async def test_weights_that_do_not_load_are_told(references: Path, check: Check) -> None:
    with running_standin("--references", str(references), piper=False) as running:
        status, lines = await check(
            [running.url], JUNE | {"gpt_weights": "gone.ckpt", "sovits_weights": "gone.pth"}, load=True
        )
    assert status == 1
    assert "its weights do not load" in lines[0]
    assert "gone.ckpt" in lines[0]
    assert "it keeps the last path it was told" in lines[0]


async def test_a_path_of_weights_that_is_seen_to_be_wrong_is_never_sent(check: Check) -> None:
    async def refuse(exchange: Exchange) -> None:
        lacking = "text_lang=none" in exchange.path or not exchange.path.count("?")
        body = b'{"message": "text_lang: none is not supported in version v2"}' if lacking else b"{}"
        await exchange.reply(body, status="400 Bad Request", content_type="application/json")

    async with voice_server(refuse) as server:
        wrong = JUNE | {"gpt_weights": "/gone/a.ckpt", "sovits_weights": "/gone/a.pth", "fallback": "none"}
        status, lines = await check([server.url], wrong, load=True)
        assert not [path for path in server.paths if "weights" in path]
    assert status == 1
    assert [line.split(": ")[1] for line in lines[:2]] == [
        "/gone/a.ckpt is not there → put it there, or mend gpt_weights",
        "/gone/a.pth is not there → put it there, or mend sovits_weights",
    ]


async def test_voices_with_and_without_weights_do_not_share_a_replica(standin: Standin, check: Check) -> None:
    status, lines = await check([standin.url], JUNE | WEIGHTS, DASOM, load=True)
    assert status == 1
    assert any("june with weights of their own beside dasom without" in line for line in lines)
    assert any(line.startswith(f"--  voice june on {standin.url}: not tried") for line in lines)


async def test_a_server_that_is_down_is_told_once(standin: Standin, check: Check) -> None:
    status, lines = await check([standin.url, NOBODY], JUNE, DASOM)
    assert status == 1
    assert [line[:2] for line in lines] == ["ok", "ok", "!!", "1 "]
    assert f"voice server at {NOBODY}: does not answer" in lines[2]


async def test_a_fallback_that_does_not_answer_is_told(check: Check) -> None:
    _, lines = await check([NOBODY], JUNE, DASOM | {"fallback": "none"}, stand_in_url=f"{NOBODY}1")
    assert f"!!  fallback of june: the stand-in does not answer at {NOBODY}1 → `malbeot up` starts it" in lines[1]


async def test_a_broken_file_hides_no_other_voice(standin: Standin, check: Check, tmp_path: Path) -> None:
    status, lines = await check([standin.url], JUNE | {"fallback": "siri"}, DASOM)
    assert status == 1
    assert f"{tmp_path / 'voices' / 'june.yaml'}:1: fallback: must be one of 'stand-in', 'polly' or 'none'" in lines[0]
    assert lines[1].startswith("ok  voice dasom")


@pytest.mark.parametrize(
    ("fault", "values", "said"), [("refuse", {"status": 503}, "answered 503"), ("zeros", {}, "16000 Hz mark")]
)
async def test_a_server_that_fails_is_told(
    standin: Standin, check: Check, fault: str, values: dict[str, object], said: str
) -> None:
    await standin.plan("none", requests=4)  # the questions that make no sound
    await standin.plan(fault, **values)
    status, lines = await check([standin.url], JUNE)
    assert status == 1
    assert said in lines[0]
