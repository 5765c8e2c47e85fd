"""A stock agent of stock parts, to measure ours against: `python -m bench.baseline --ready-dir DIR`.

livekit-agents with its defaults, its StreamAdapter around plain faster-whisper, its OpenAI plugin to
the same Ollama, and the same voice server asked for whole sentences. From Malbeot come the settings,
the prompt, the greeting and the writing of metrics, nothing that hears, thinks or speaks. Cloud
features are off: turns and interruptions are called by voice activity.
"""

import argparse
import asyncio
import functools
import io
import os
import signal
from datetime import datetime
from pathlib import Path
from typing import Any

from faster_whisper import WhisperModel
from livekit import rtc
from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    NOT_GIVEN,
    Agent,
    AgentServer,
    AgentSession,
    APIConnectionError,
    APIConnectOptions,
    JobContext,
    JobProcess,
    LanguageCode,
    NotGivenOr,
    stt,
    tts,
    utils,
)
from livekit.plugins import openai, silero

from malbeot import settings as malbeot_settings
from malbeot.call import AGENT_NAME, CallRequest
from malbeot.models import whisper_model
from malbeot.persona import Caller, render_greeting, render_system
from malbeot.persona_choice import choose_persona, load_all
from malbeot.settings import Settings
from malbeot.turn_metrics import write_turn_metrics


class PlainWhisper(stt.STT[Any]):
    """faster-whisper's own `transcribe` on every utterance, greedy as ours."""

    def __init__(self, model: WhisperModel, language: str) -> None:
        super().__init__(capabilities=stt.STTCapabilities(streaming=False, interim_results=False))
        self._model, self._language = model, language

    async def _recognize_impl(
        self, buffer: utils.AudioBuffer, *, language: NotGivenOr[str] = NOT_GIVEN, conn_options: APIConnectOptions
    ) -> stt.SpeechEvent:
        wav = io.BytesIO(rtc.combine_audio_frames(buffer).to_wav_bytes())
        text = await asyncio.to_thread(self._transcribe, wav)
        return stt.SpeechEvent(
            type=stt.SpeechEventType.FINAL_TRANSCRIPT,
            alternatives=[stt.SpeechData(language=LanguageCode(self._language), text=text)],
        )

    def _transcribe(self, wav: io.BytesIO) -> str:
        segments, _ = self._model.transcribe(wav, language=self._language, beam_size=1)
        return " ".join(segment.text.strip() for segment in segments)


class WholeSentences(tts.TTS[Any]):
    """One request a sentence, played when all of its sound is there."""

    def __init__(self, url: str, fields: dict[str, Any]) -> None:
        super().__init__(capabilities=tts.TTSCapabilities(streaming=False), sample_rate=32000, num_channels=1)
        self.url, self.fields = url, fields

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> "_WholeSentence":
        return _WholeSentence(tts=self, input_text=text, conn_options=conn_options)


class _WholeSentence(tts.ChunkedStream):
    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        assert isinstance(self._tts, WholeSentences)
        body = self._tts.fields | {"text": self._input_text}
        async with utils.http_context.http_session().post(f"{self._tts.url}/tts", json=body) as reply:
            if reply.status != 200:
                raise APIConnectionError(f"the voice server answered {reply.status}")
            wav = await reply.read()
        output_emitter.initialize(
            request_id=utils.shortuuid(), sample_rate=self._tts.sample_rate, num_channels=1, mime_type="audio/wav"
        )
        output_emitter.push(wav)


def prewarm(process: JobProcess, *, settings: Settings, ready_dir: Path) -> None:
    """Loads what a call needs before it comes, as ours does; as many threads as ours has."""
    threads = min(4, len(os.sched_getaffinity(0)))
    process.userdata["whisper"] = WhisperModel(
        str(whisper_model(settings)), device="cpu", compute_type="int8", cpu_threads=threads
    )
    process.userdata["vad"] = silero.VAD.load()
    (ready_dir / "warm").touch()


async def answer(job: JobContext, *, settings: Settings) -> None:
    """One call."""
    request = CallRequest.from_metadata(job.job.metadata)
    persona = choose_persona(load_all(settings), request, settings)
    caller, now = Caller(name=request.name, direction=request.direction), datetime.now().astimezone()
    voice = persona.spoken_by
    session: AgentSession[None] = AgentSession(
        vad=job.proc.userdata["vad"],
        stt=stt.StreamAdapter(
            stt=PlainWhisper(job.proc.userdata["whisper"], persona.language), vad=job.proc.userdata["vad"]
        ),
        llm=openai.LLM(
            model=settings.chat_model,
            base_url=f"{settings.ollama_url}/v1",
            api_key="ollama",
            temperature=settings.ollama_temperature if settings.ollama_temperature is not None else NOT_GIVEN,
            extra_body={"max_tokens": settings.ollama_num_predict},
        ),
        tts=WholeSentences(
            settings.gpt_sovits_urls[0],
            {
                "ref_audio_path": voice.ref_audio_path,
                "prompt_text": voice.prompt_text,
                "prompt_lang": voice.prompt_lang,
                "text_lang": persona.text_lang,
                "speed_factor": voice.speed,
                "text_split_method": "cut0",
                "streaming_mode": 0,
            },
        ),
        turn_handling={"turn_detection": "vad", "interruption": {"mode": "vad"}},
    )
    if settings.metrics_file:
        write_turn_metrics(session, job.room.name, settings.metrics_file)
    await session.start(Agent(instructions=render_system(persona, caller, now)), room=job.room, record=False)
    session.say(render_greeting(persona, caller, now))


async def serve(settings: Settings, ready_dir: Path) -> None:
    """Answers calls until SIGTERM."""
    key, secret = settings.livekit_keys
    server = AgentServer(
        ws_url=settings.livekit_url,
        api_key=key,
        api_secret=secret,
        host="127.0.0.1",
        port=0,
        setup_fnc=functools.partial(prewarm, settings=settings, ready_dir=ready_dir),
        num_idle_processes=settings.worker_idle_processes,
        initialize_process_timeout=120.0,
        # By default it tells LiveKit the processor's load, and calls are turned away from 0.7 on: a
        # small machine that has just warmed up a process would not answer. Ours counts calls as well.
        load_fnc=lambda server: len(server.active_jobs) / settings.max_calls,
        load_threshold=1.0,
    )
    server.rtc_session(functools.partial(answer, settings=settings), agent_name=AGENT_NAME)
    server.once("worker_registered", lambda *_: (ready_dir / "registered").touch())
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    running = asyncio.create_task(server.run(devmode=False))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    await server.aclose()
    await running


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.baseline", description=__doc__)
    parser.add_argument("--ready-dir", type=Path, required=True)
    asyncio.run(serve(malbeot_settings.load(), parser.parse_args().ready_dir))
