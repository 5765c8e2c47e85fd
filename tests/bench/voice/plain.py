"""livekit-agents' StreamAdapter around a plain client of the voice server: what one has without the plugin.

One POST a sentence, raw samples straight into the framework. `streaming` plays them as they come (streaming mode 3);
else they are played when all of them are there (mode 0), as most examples do.
"""

from typing import Any

import aiohttp
from livekit.agents import DEFAULT_API_CONNECT_OPTIONS, APIConnectionError, APIConnectOptions, tts, utils

from bench.voice.sound import RATE


class Plain(tts.TTS[Any]):
    """One request a text. `fields` go with each."""

    def __init__(self, url: str, fields: dict[str, Any], *, session: aiohttp.ClientSession, streaming: bool) -> None:
        super().__init__(capabilities=tts.TTSCapabilities(streaming=False), sample_rate=RATE, num_channels=1)
        self.url, self.session, self.streaming = url, session, streaming
        self.fields = {**fields, "media_type": "raw", "streaming_mode": 3 if streaming else 0}
        self.asked: list[str] = []
        """The texts so far."""

    def synthesize(self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS) -> "_PlainSpeech":
        return _PlainSpeech(tts=self, input_text=text, conn_options=conn_options)


class _PlainSpeech(tts.ChunkedStream):
    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        plain = self._tts
        assert isinstance(plain, Plain)
        plain.asked.append(self._input_text)
        output_emitter.initialize(request_id=utils.shortuuid(), sample_rate=RATE, num_channels=1, mime_type="audio/pcm")
        async with plain.session.post(f"{plain.url}/tts", json={**plain.fields, "text": self._input_text}) as response:
            if response.status != 200:
                raise APIConnectionError(f"the voice server answered {response.status}")
            if not plain.streaming:
                output_emitter.push(await response.read())
                return
            async for data in response.content.iter_any():
                output_emitter.push(data)


def adapted(plain: Plain) -> tts.StreamAdapter:
    """As AgentSession wraps a TTS that does not stream, with its default sentence tokenizer."""
    return tts.StreamAdapter(tts=plain)
