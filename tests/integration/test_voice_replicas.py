"""A voice server dies in the middle of a sentence: the caller hears it to its end, by another or by the substitute."""

import time
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import pytest

from malbeot import persona
from malbeot.clips.rendering import speaker_of
from malbeot.clips.store import ClipStore
from malbeot.persona_choice import load_all
from support.caller import Caller, call_token
from support.personas import reserved_prompts
from support.recognise import recognise, word_error_rate
from support.stack import Stack, free_port, running_stack
from support.standin import Standin, running_standin

NAME = "Margaret"
FIRST_WORDS_BYTES = 30_000
"""0.5 s at 32 kHz: within the first words of any clause."""


async def greeting_is_made_anew(stack: Stack) -> None:
    """Not played from its clip."""
    june = load_all(stack.settings)["en"]
    now = datetime.now().astimezone()
    text = persona.render_greeting(june, persona.Caller(NAME, "inbound"), now)
    ClipStore(stack.settings, june, speaker=await speaker_of(stack.settings))._path(text).unlink(missing_ok=True)


async def greeting(stack: Stack) -> tuple[str, str]:
    """What the companion says first, by its captions and as it is heard."""
    token, _ = call_token(stack.api_key, stack.api_secret, name=NAME, language="en")
    async with Caller(url=stack.livekit_url, token=token) as caller:
        await caller.agent_joined(timeout_s=30)
        await caller.wait_for_voice(timeout_s=30)
        await caller.wait_for_silence(2.0, timeout_s=40)
        heard = recognise(caller.heard.samples(caller.connected_at, time.monotonic()), caller.heard.rate, "en")
        return caller.captions_of("companion"), heard


@pytest.mark.parametrize("substitute", [False, True], ids=["another replica", "the substitute"])
async def test_a_sentence_that_breaks_off_is_said_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, substitute: bool
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))  # what is known of replicas is this test's alone
    with ExitStack() as servers:
        replicas: list[Standin] = [
            servers.enter_context(running_standin("--faults")) for _ in range(1 if substitute else 2)
        ]
        env = {"GPT_SOVITS_URLS": ",".join(replica.url for replica in replicas)}
        # A greeting of several clauses.
        env["MALBEOT_PROMPTS"] = str(reserved_prompts(tmp_path, briefly=False))
        env["STAND_IN_URL"] = f"http://127.0.0.1:{free_port()}" if substitute else replicas[0].url
        roles = ("livekit", "ears", "ollama", *(("fallback",) if substitute else ()), "worker")
        async with running_stack(tmp_path, roles=roles, env=env) as stack:
            await greeting_is_made_anew(stack)
            # It is asked for the first clause or for the second: the one that spoke longest ago is.
            await replicas[0].plan("die", after_bytes=FIRST_WORDS_BYTES)
            said, heard = await greeting(stack)
        assert NAME in said
        assert word_error_rate(said, heard) <= 0.3, (said, heard)
        assert replicas[0].process.poll() is not None, "it did not die: nothing was shown"


async def test_a_greeting_that_was_said_before_is_heard_although_no_voice_server_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with running_standin() as replica:
        env = {"GPT_SOVITS_URLS": replica.url, "STAND_IN_URL": replica.url}
        async with running_stack(tmp_path, roles=("livekit", "ears", "ollama", "worker"), env=env) as stack:
            await greeting_is_made_anew(stack)
            spoken, _ = await greeting(stack)
            replica.process.kill()
            replica.process.wait()
            said, heard = await greeting(stack)
    assert NAME in said
    assert said == spoken
    assert word_error_rate(said, heard) <= 0.3, (said, heard)
