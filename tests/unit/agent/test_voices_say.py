"""`malbeot voices say` and `list` against the real stand-in process."""

import asyncio
import os
import wave
from pathlib import Path

import numpy as np
import pytest
from livekit.plugins import gpt_sovits

from livekit.plugins.gpt_sovits.breaker import State
from malbeot.errors import MalbeotError, SettingsError
from malbeot.voices import listing
from malbeot.voices.saying import say
from malbeot.voices.schema import Voice
from support.command import malbeot
from support.standin import Standin
from support.voices import DASOM, JUNE, NOBODY, WEIGHTS, prompts_with, settings


@pytest.mark.parametrize(
    ("voice", "text"), [("june", "It is three thirty. See you."), ("dasom", "세 시 반이에요. 또 만나요.")]
)
async def test_say_writes_what_callers_hear(
    standin: Standin, tmp_path: Path, capsys: pytest.CaptureFixture[str], voice: str, text: str
) -> None:
    out = tmp_path / "said.wav"
    chosen = settings(prompts_with(tmp_path, JUNE, DASOM), NOBODY, standin.url)
    await say(chosen, voice, text, out=out, language="")
    told = capsys.readouterr().out
    with wave.open(str(out)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (32000, 1, 2)
        duration_s = file.getnframes() / 32000
        assert np.abs(np.frombuffer(file.readframes(file.getnframes()), np.int16)).max() > 1000
    assert 1 < duration_s < 10
    assert told.startswith(f"{out}: {duration_s:.2f} s of sound at 32000 Hz; first byte after ")
    assert told.rstrip().endswith(f"by {standin.url}")
    assert text not in told


async def test_say_speaks_the_language_asked_for(standin: Standin, tmp_path: Path) -> None:
    prompts = prompts_with(tmp_path, JUNE | {"languages": ["en", "ko"]})
    chosen = settings(prompts, standin.url)
    await say(chosen, "june", "안녕하세요.", out=tmp_path / "a.wav", language="ko")
    with pytest.raises(SettingsError, match="--language ja is none that voice june speaks: en, ko"):
        await say(chosen, "june", "こんにちは。", out=tmp_path / "b.wav", language="ja")


@pytest.mark.parametrize(
    ("name", "text", "out", "said"),
    [
        ("jane", "Hello.", "a.wav", "there is no voice jane: there are june"),
        ("june", " \n", "a.wav", "there is nothing to say"),
        ("june", "…!", "a.wav", "nothing that can be spoken"),
        ("june", "Hello.", "gone/a.wav", "there is no folder"),
        ("june", "Hello.", "voices", "it is a folder"),
    ],
)
async def test_say_refuses_in_one_line(
    standin: Standin, tmp_path: Path, name: str, text: str, out: str, said: str
) -> None:
    with pytest.raises(MalbeotError, match=said) as caught:
        await say(settings(prompts_with(tmp_path, JUNE), standin.url), name, text, out=tmp_path / out, language="")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "a.wav").exists()


@pytest.mark.parametrize("changed", [{}, {"ref_audio_path": "short.wav"}])
async def test_say_writes_nothing_where_nobody_speaks(
    standin: Standin, tmp_path: Path, changed: dict[str, object]
) -> None:
    url = standin.url if changed else NOBODY
    chosen = settings(prompts_with(tmp_path, JUNE | changed), url)
    with pytest.raises(MalbeotError, match=r"voice june did not speak: .*`malbeot voices check`"):
        await say(chosen, "june", "Nothing of this is told.", out=tmp_path / "a.wav", language="")
    assert not (tmp_path / "a.wav").exists()


async def test_the_command_reads_standard_input_and_keeps_its_exit_statuses(standin: Standin, tmp_path: Path) -> None:
    prompts = prompts_with(tmp_path, JUNE, DASOM)
    env = {**os.environ, "MALBEOT_PROMPTS": str(prompts), "GPT_SOVITS_URLS": standin.url, "STAND_IN_URL": standin.url}
    said, checked, wrong = await asyncio.gather(
        malbeot("voices", "say", "dasom", "-", "--out", str(tmp_path / "a.wav"), env=env, stdin="안녕하세요."),
        malbeot("voices", "check", env={**env, "GPT_SOVITS_URLS": NOBODY}),
        malbeot("voices", "say", "nobody", "Hello.", env=env),
    )
    assert (said.status, checked.status, wrong.status) == (0, 1, 2)
    assert "first byte after" in said.out
    assert (tmp_path / "a.wav").stat().st_size > 10_000
    assert wrong.complaint == "malbeot: there is no voice nobody: there are dasom, june"


async def test_list_fails_where_every_server_is_down(tmp_path: Path) -> None:
    assert await listing.show(settings(prompts_with(tmp_path, JUNE), NOBODY)) == 1


async def test_list_shows_who_holds_what(standin: Standin, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chosen = settings(prompts_with(tmp_path, JUNE | WEIGHTS, DASOM), standin.url, NOBODY)
    await say(chosen, "june", "Hello there.", out=tmp_path / "june.wav", language="")
    capsys.readouterr()
    assert await listing.show(chosen) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in lines]
    assert rows[0] == ["voice", "languages", "weights", "fallback", "replica", "state", "holds it", "warm"]
    assert rows[1] == ["dasom", "ko", "the server's", "stand-in", standin.url, "up", "no", "no"]
    assert rows[2] == [NOBODY, "down", "-", "-"]
    assert rows[3] == ["june", "en", "a.ckpt + a.pth", "stand-in", standin.url, "up", "yes", "en"]
    assert lines[5].startswith(f"{NOBODY}: cannot connect")
    assert len({line.index(NOBODY) for line in (lines[2], lines[4])}) == 1


@pytest.mark.parametrize(
    ("gpt_weights", "switched", "own", "expected"),
    [
        ("", False, False, "yes"),
        ("", False, True, "unknown"),
        ("", True, False, "no"),
        ("", True, True, "unknown"),
        ("a.ckpt", True, False, "no"),
        ("a.ckpt", True, True, "yes"),
        ("b.ckpt", True, True, "no"),
    ],
)
def test_a_replica_holds_a_voice_if_it_speaks_it_as_it_is(
    gpt_weights: str, switched: bool, own: bool, expected: str
) -> None:
    replica = gpt_sovits.ReplicaStatus(
        url=NOBODY,
        alive=True,
        why_not="",
        gpt_weights=gpt_weights,
        sovits_weights="a.pth" if gpt_weights else "",
        switched=switched,
        warm=(),
        breaker=State.CLOSED,
        busy=False,
    )
    assert listing.holds(replica, Voice.model_validate(JUNE | (WEIGHTS if own else {}))) == expected
