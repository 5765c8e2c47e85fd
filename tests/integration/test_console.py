"""`malbeot console`: typed, and by WAV files."""

import wave
from pathlib import Path

import numpy as np
import pytest

from support.command import malbeot
from support.recognise import recognise, word_error_rate
from support.speech import Speech, english
from support.stack import Stack, free_port


async def test_typed_conversation(stack: Stack) -> None:
    result = await malbeot("console", "--text", env=stack.environment, stdin="Hello, how are you?\n")
    assert result.status == 0, result.err
    lines = result.out.strip().splitlines()
    assert lines[0].startswith("June: ")
    assert lines[1] == "you: Hello, how are you?"
    assert lines[2].startswith("June: ")
    assert len(lines[2]) > len("June: ")


@pytest.mark.parametrize("whose", ["the stack's", "auto"])
async def test_question_and_reply_as_files(stack: Stack, tmp_path: Path, whose: str) -> None:
    env = stack.environment | ({"EARS_URL": "auto"} if whose == "auto" else {})
    question, reply = tmp_path / "question.wav", tmp_path / "reply.wav"
    english("What is your favourite colour?").to_wav(question)
    result = await malbeot("console", "--wav", str(question), "--out", str(reply), env=env)
    assert result.status == 0, result.err
    lines = result.out.strip().splitlines()
    assert lines[1].startswith("you: ")
    said = " ".join(lines[2:]).removeprefix("June: ")
    with wave.open(str(reply)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
        understood = recognise(samples, file.getframerate(), "en")
    assert word_error_rate(said, understood) <= 0.3, (said, understood)


async def test_a_file_with_pauses_is_heard_to_its_end(stack: Stack, tmp_path: Path) -> None:
    question, reply = tmp_path / "question.wav", tmp_path / "reply.wav"
    first, second = english("What is your favourite colour?"), english("And do you like bread in the morning?")
    pause = np.zeros(4 * first.rate, np.int16)
    Speech(np.concatenate([first.samples, pause, second.samples]), first.rate).to_wav(question)
    result = await malbeot("console", "--wav", str(question), "--out", str(reply), env=stack.environment)
    assert result.status == 0, result.err
    lines = result.out.strip().splitlines()
    asked = " ".join(line for line in lines if line.startswith("you: ")).lower()
    assert "favo" in asked, lines
    assert "morning" in asked, lines
    assert not lines[-1].startswith("you: "), lines


async def test_a_reply_without_a_voice_is_a_failure(stack: Stack, tmp_path: Path) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    env = {**stack.environment, "GPT_SOVITS_URLS": nobody, "STAND_IN_URL": nobody}
    question, reply = tmp_path / "question.wav", tmp_path / "reply.wav"
    english("What is your favourite colour?").to_wav(question)
    result = await malbeot("console", "--wav", str(question), "--out", str(reply), env=env)
    assert result.status == 1
    assert nobody in result.complaint
    assert reply.exists()


async def test_silence_is_told(stack: Stack, tmp_path: Path) -> None:
    question = tmp_path / "silence.wav"
    with wave.open(str(question), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(b"\0" * 32000)
    env = {**stack.environment}
    result = await malbeot("console", "--wav", str(question), "--out", str(tmp_path / "reply.wav"), env=env)
    assert result.status == 1
    assert "nothing was understood" in result.complaint
