"""An agent that tells a story without end, and can be interrupted: `python -m support.teller --ready-dir DIR`.

It begins when the caller has spoken, and after it was stopped it begins anew when everybody has been silent for a
while. Its sound is a recording, so that nothing but recognition needs the machine. A caller named "asked" is not told
a story but asked a question; of one named "unheard" no word is recognised. What it decides, what it has said and what
it has heard go to the caller as its attributes.
"""

import argparse
import asyncio
import functools
import os
import signal
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from livekit import rtc
from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    NOT_GIVEN,
    Agent,
    AgentServer,
    AgentSession,
    APIConnectOptions,
    JobContext,
    JobProcess,
    ModelSettings,
    NotGivenOr,
    UserInputTranscribedEvent,
    UserStateChangedEvent,
    stt,
    utils,
)
from livekit.plugins import silero, whisper

from livekit.plugins.turns.overlap.barge_in import BargeIn, interruption_options
from malbeot import ears
from malbeot import settings as malbeot_settings
from malbeot.call import AGENT_NAME, CallRequest
from malbeot.session import room_options
from malbeot.settings import Settings
from support.recording import Samples, loud_windows
from support.speech import Speech, english, korean

RATE = 16000
STORIES = {
    "en": (
        "When I was young we lived in a little house behind the old mill and every morning my grandmother "
        "took me down to the river where the ducks were sleeping under the bridge and we gave them the bread "
        "that was left from supper and then she told me about the winter when the river froze so hard that "
        "the children went to school on it and the baker drove his cart across with all the loaves still warm "
        "under a blanket and nobody in the village would believe that it had ever been so cold until they saw "
        "the painting that hangs in the town hall to this day and when I go there now I always look for the "
        "small dog that the painter put beside the cart because she said that it was hers and that it "
        "followed her everywhere even into church on Sundays where it slept under the last bench"
    ),
    "ko": (
        "제가 어렸을 때 우리 가족은 강가에 있는 작은 집에 살았는데 아침마다 할머니와 함께 다리 밑에 "
        "사는 오리들에게 먹이를 주러 갔고 돌아오는 길에는 시장에 들러서 두부와 콩나물을 사서 집으로 "
        "가져와 아침상을 차리는 것을 도와드렸으며 겨울이 되면 강이 꽁꽁 얼어서 동네 아이들이 모두 "
        "썰매를 타러 나왔고 해가 질 때까지 놀다가 집에 돌아가면 아랫목에 묻어 둔 군고구마를 꺼내 "
        "주시던 할머니의 따뜻한 손이 지금도 생각나서 가끔은 그 강가를 혼자 걸어 보곤 하는데 이제는 "
        "그 집도 다리도 없어졌지만 오리들은 아직도 봄이 되면 돌아와서 새끼들을 데리고 물 위를 "
        "떠다니는 것을 볼 수 있습니다"
    ),
}
"""Without a comma: whoever tells them makes no pause by themselves."""

QUESTION = "There were ducks down at the river. Do you like ducks?"
_LONGEST_PAUSE_S = 0.12
_QUIET_S = 0.6


@cache
def story(language: str) -> Samples:
    """Its sound at RATE, about 40 s, with every pause shortened."""
    speech = english(STORIES["en"], speed=0.95) if language == "en" else korean(STORIES["ko"])
    samples = at_16k(speech)
    quiet, window = ~loud_windows(samples, RATE), RATE // 100
    kept, run = [], 1000
    for index, is_quiet in enumerate(quiet):
        run = run + 1 if is_quiet else 0
        if run <= _LONGEST_PAUSE_S * 100:
            kept.append(samples[index * window : (index + 1) * window])
    return np.concatenate(kept)


def at_16k(speech: Speech) -> Samples:
    """The samples at RATE."""
    if speech.rate == RATE:
        return speech.samples
    resampler = rtc.AudioResampler(speech.rate, RATE, quality=rtc.AudioResamplerQuality.HIGH)
    whole = rtc.AudioFrame(speech.samples.tobytes(), speech.rate, 1, len(speech.samples))
    return np.concatenate([np.frombuffer(got.data, np.int16) for got in [*resampler.push(whole), *resampler.flush()]])


class Deaf(stt.STT[str]):
    """Hears that there is sound, as every recogniser does, and no word in it."""

    def __init__(self) -> None:
        super().__init__(capabilities=stt.STTCapabilities(streaming=True, interim_results=True))

    async def _recognize_impl(
        self, buffer: utils.AudioBuffer, *, language: NotGivenOr[str] = NOT_GIVEN, conn_options: APIConnectOptions
    ) -> stt.SpeechEvent:
        raise NotImplementedError

    def stream(
        self,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> stt.RecognizeStream:
        return _DeafStream(stt=self, conn_options=conn_options)


class _DeafStream(stt.RecognizeStream):
    async def _run(self) -> None:
        async for _ in self._input_ch:
            pass


class Teller(Agent):
    """Its `stt_node` is what `BargeIn` asks of any agent."""

    def __init__(self, barge_in: BargeIn) -> None:
        super().__init__(instructions="")
        self._barge_in = barge_in

    async def on_enter(self) -> None:
        self._barge_in.attach(self.session)

    async def on_exit(self) -> None:
        await self._barge_in.aclose()

    async def stt_node(
        self, audio: AsyncIterable[rtc.AudioFrame], model_settings: ModelSettings
    ) -> AsyncIterator[stt.SpeechEvent]:
        heard = Agent.default.stt_node(self, self._barge_in.hear_audio(audio), model_settings)
        async for event in self._barge_in.gate(heard):
            yield event


def prewarm(process: JobProcess, *, settings: Settings, ready_dir: Path) -> None:
    """Loads what a call needs before it comes."""
    ears.hold(settings)
    process.userdata["vad"] = silero.VAD.load(min_silence_duration=0.25)
    for language in STORIES:
        story(language)
    english(QUESTION)
    (ready_dir / "warm").touch()


async def answer(job: JobContext, *, settings: Settings) -> None:
    """One call, until the caller hangs up."""
    request = CallRequest.from_metadata(job.job.metadata)
    hearing: stt.STT[Any] = (
        Deaf()
        if request.name == "unheard"
        else whisper.STT(
            model=settings.whisper_model,
            language=request.language,
            engine=settings.ears_url,
            token=ears.token_of(settings),
        )
    )
    barge_in = BargeIn(language=request.language, ears=None if request.name == "unheard" else hearing)
    session: AgentSession[None] = AgentSession(
        vad=job.proc.userdata["vad"],
        stt=hearing,
        turn_handling={"turn_detection": "vad", "interruption": interruption_options()},
        user_away_timeout=None,
        aec_warmup_duration=None,  # else who speaks over an agent's first seconds is not heard at all
    )
    told: dict[str, str] = {}

    def on_heard(event: UserInputTranscribedEvent) -> None:
        if event.is_final:
            told["heard"] = f"{told.get('heard', '')} {event.transcript}".strip()

    def on_user_state(event: UserStateChangedEvent) -> None:
        if event.old_state == "speaking":
            greeted.set()

    over, greeted = asyncio.Event(), asyncio.Event()
    session.on("user_input_transcribed", on_heard)
    session.on("user_state_changed", on_user_state)
    session.once("close", lambda _: over.set())
    await session.start(Teller(barge_in), room=job.room, room_options=room_options(), record=False)
    tasks = [
        asyncio.create_task(_tell(session, request, greeted, told), name="telling"),
        asyncio.create_task(_report(job, session, barge_in, told), name="reporting"),
    ]
    try:
        await over.wait()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    job.shutdown()


async def _tell(
    session: AgentSession[None], request: CallRequest, greeted: asyncio.Event, told: dict[str, str]
) -> None:
    text, samples = STORIES[request.language], story(request.language)
    if request.name == "asked":
        text, samples = QUESTION, at_16k(english(QUESTION))

    async def sound() -> AsyncIterator[rtc.AudioFrame]:
        for begin in range(0, len(samples), RATE // 5):
            piece = samples[begin : begin + RATE // 5]
            yield rtc.AudioFrame(piece.tobytes(), RATE, 1, len(piece))
            await asyncio.sleep(0.01)  # a voice is faster than time, but does not come all at once

    await greeted.wait()
    await asyncio.sleep(_QUIET_S + 1.0)  # the last word of a greeting would stop what has begun
    while True:
        speech = session.say(text, audio=sound(), allow_interruptions=True)
        await speech.wait_for_playout()
        if not speech.interrupted:
            told["ended"] = str(int(told.get("ended", "0")) + 1)
        while session.user_state == "speaking":  # noqa: ASYNC110, it has no event to wait for
            await asyncio.sleep(0.05)
        await asyncio.sleep(3.0 if request.name == "asked" else _QUIET_S)


async def _report(job: JobContext, session: AgentSession[None], barge_in: BargeIn, told: Mapping[str, str]) -> None:
    reported: dict[str, str] = {}
    while True:
        await asyncio.sleep(0.1)
        now = {f"teller.{name}": str(count) for name, count in asdict(barge_in.counts).items()}
        now |= {f"teller.{name}": text for name, text in told.items()}
        if said := [message for message in session.history.messages() if message.role == "assistant"]:
            now["teller.said"] = said[-1].text_content or ""
        if now != reported:
            reported = now
            await job.room.local_participant.set_attributes(now)


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
        num_idle_processes=1,
        initialize_process_timeout=120.0,
        load_fnc=lambda server: len(server.active_jobs) / 4,
        load_threshold=1.0,
        log_level=os.environ.get("LOG_LEVEL", "INFO"),
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
    parser = argparse.ArgumentParser(prog="python -m support.teller", description=__doc__)
    parser.add_argument("--ready-dir", type=Path, required=True)
    asyncio.run(serve(malbeot_settings.load(), parser.parse_args().ready_dir))
