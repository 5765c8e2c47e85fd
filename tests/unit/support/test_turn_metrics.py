"""A turn's stages from what the worker wrote."""

import json
from pathlib import Path
from typing import Any

import pytest

from bench.turn_metrics import Message, Stages, read, stages, work

ASKED, HEARD = 1000.0, 1003.0


def user(ended: float, *, room: str = "call-1", **metrics: float) -> Message:
    return Message(room, ended + 1.5, "user", {"stopped_speaking_at": ended, **metrics})


def assistant(began: float, **metrics: float) -> Message:
    return Message("call-1", began + 5, "assistant", {"started_speaking_at": began, **metrics})


def test_stages_count_from_the_last_speech_sample() -> None:
    found = stages(
        [
            assistant(980.0, tts_node_ttfb=0.2),
            user(999.9, transcription_delay=1.0, end_of_turn_delay=1.2),
            assistant(1002.8, llm_node_ttft=0.5),
            user(1020.0, transcription_delay=9.0),
            assistant(1024.0, llm_node_ttft=9.0),
        ],
        asked_at=ASKED,
        heard_at=HEARD,
    )
    assert found == Stages(
        final_text_s=pytest.approx(0.9),
        turn_called_s=pytest.approx(1.1),
        first_token_s=pytest.approx(1.4),
        first_audio_s=pytest.approx(2.8),
    )


def test_of_two_user_messages_the_last_before_the_answer_counts() -> None:
    messages = [user(999.0, transcription_delay=0.1), user(1000.0, transcription_delay=0.7)]
    assert stages(messages, asked_at=ASKED, heard_at=HEARD).final_text_s == pytest.approx(0.7)


def test_what_the_worker_did_not_tell_is_none() -> None:
    assert stages([], asked_at=ASKED, heard_at=HEARD) == Stages()
    assert stages([Message("call-1", 1001.0, "user", {})], asked_at=ASKED, heard_at=HEARD) == Stages()


def test_a_rooms_messages_are_read_from_the_workers_lines(tmp_path: Path) -> None:
    path = tmp_path / "turns.jsonl"
    assert read(path, "call-1") == []
    lines: list[dict[str, Any]] = [
        {"room": "call-1", "at": 1.0, "role": "user", "metrics": {"transcription_delay": 0.5}},
        {"room": "call-2", "at": 2.0, "role": "user", "metrics": {}},
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert read(path, "call-1") == [Message("call-1", 1.0, "user", {"transcription_delay": 0.5})]


def test_the_work_of_all_calls_is_summed_up_and_measured_by_what_was_of_use() -> None:
    figures = {
        "begun_early": 2,
        "model_used_s": 1.0,
        "model_extra_s": 1.5,
        "voice_used_s": 3.0,
        "voice_extra_s": 0.5,
        "read_ahead_s": 0.5,
    }
    calls = [Message("a", 1.0, "call", figures), Message("b", 2.0, "call", figures), Message("b", 1.5, "user", {})]
    assert work(calls) == {
        "begun_early": 4,
        "used_s": 8.0,
        "extra_s": 4.0,
        "read_ahead_s": 1.0,
        "share": pytest.approx(1.5),
        "model_share": pytest.approx(2.5),
        "voice_share": pytest.approx(7 / 6),
    }


def test_without_answers_no_share_of_work_is_told() -> None:
    assert work([])["share"] is None
