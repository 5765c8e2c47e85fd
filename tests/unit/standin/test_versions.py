"""The stand-in speaks as the model version does that it is told to stand in for."""

from collections.abc import Iterator
from pathlib import Path

import aiohttp
import numpy as np
import pytest

from support.standin import Standin, running_standin


@pytest.fixture(scope="module", params=[("--rate", "24000"), ("--rate", "48000"), ("--model-version", "v1")])
def other(request: pytest.FixtureRequest, references: Path) -> Iterator[Standin]:
    with running_standin("--references", str(references), *request.param, piper=False) as running:
        yield running


async def test_rate_languages_and_modes_are_the_versions(other: Standin) -> None:
    version = (await other.get("/")).json["version"]
    rate_hz, has_vocoder = {"v1": (32000, False), "v3": (24000, True), "v4": (48000, True)}[version]
    text = "The kitchen light is still on today. Your sister will visit us on Sunday."
    sound = await other.tts(text=text, prompt_text="Hello.")
    assert sound.rate_hz == rate_hz
    assert 3 < len(sound.samples) / rate_hz < 6
    assert np.abs(sound.samples).max() > 3000

    paused = await other.tts(text=text, prompt_text="Hello.", fragment_interval=0.3)
    assert len(paused.samples) - len(sound.samples) == 2 * 9600  # at 32000 Hz whatever the rate

    if has_vocoder:
        assert sound.body == (await other.tts(text=text, prompt_text="Hello.", streaming_mode=1)).body
        reply = await other.tts(streaming_mode=0)
        exception = "prompt_text cannot be empty when using SoVITS_V3"
        assert (reply.status, reply.json) == (400, {"message": "tts failed", "Exception": exception})
        with pytest.raises(aiohttp.ClientPayloadError):
            await other.tts()

    korean = await other.tts(text="안녕하세요.", text_lang="ko", prompt_text="Hello.")
    if version == "v1":
        assert (korean.status, korean.json) == (400, {"message": "text_lang: ko is not supported in version v1"})
    else:
        assert korean.samples.any()
