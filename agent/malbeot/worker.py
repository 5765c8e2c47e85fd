"""The front door: one AgentServer, one job process per call.

`serve` checks what a call needs, waits for LiveKit, registers, and answers calls until it is told
to stop. A call's path goes on in `session.py` and `companion.py`.
"""

import asyncio
import contextlib
import functools
import math
import signal
from collections.abc import Collection
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from livekit import rtc
from livekit.agents import AgentServer, CloseEvent, JobContext, JobProcess, tokenize, utils
from livekit.plugins import turns

from malbeot import ears as ears_engine
from malbeot import providers
from malbeot.abandoned import end_abandoned_calls
from malbeot.admission import Admission, admit, share_of_places
from malbeot.arrival import Arrival
from malbeot.call import AGENT_NAME, CallRequest
from malbeot.clips.rendering import fixed_speech, prepare, speaker_now
from malbeot.companion import Companion
from malbeot.errors import MalbeotError
from malbeot.livekit_server import wait_for_livekit
from malbeot.log import logger
from malbeot.memory import call as memory
from malbeot.persona import Caller, Persona
from malbeot.persona_choice import choose_persona, load_all
from malbeot.room import join
from malbeot.session import build_session, room_options
from malbeot.settings import Settings
from malbeot.turn_metrics import write_turn_metrics
from malbeot.turn_taking import TurnTaking, paces
from malbeot.voices import ready
from malbeot.waiting import until
from malbeot.workers_here import announce

_RETRY_FOR_EVER = 10**9
_PREWARM_TIMEOUT_S = 120.0
_MOST_MIB = 2000.0
"""Of one call's process, which LiveKit ends beyond that. It has some 340, most of them shared with the others."""
_PRELOADED = {"ko": "malbeot.preloaded.korean"}
"""By language, the module that loads before call processes are forked what they share."""


def prewarm(process: JobProcess, *, settings: Settings, ready_dir: Path | None) -> None:
    """Runs in each call process before its call comes."""
    # What a call would otherwise do first, and hold its event loop for: some 0.1 s each.
    for module in ("anyio._backends._asyncio", "livekit.agents.llm.async_toolset", "numpy.random"):
        import_module(module)
    tokenize.basic.hyphenate_word("hyphen")  # reads its patterns
    asyncio.run(_open_http())
    process.userdata["loaded"] = providers.load(settings)
    personas = load_all(settings)
    for persona in personas.values():
        turns.load(persona.language)
    process.userdata["personas"] = personas
    if ready_dir:
        # Who waits for it is gone where the folder is, and calls are answered all the same.
        with contextlib.suppress(FileNotFoundError):
            (ready_dir / "warm").touch()


async def _open_http() -> None:
    async with utils.http_context.open():
        utils.http_context.http_session()


async def answer(job: JobContext, *, settings: Settings, speaker: str = "", request: CallRequest | None = None) -> None:
    """One call. Returns once the companion is in the room; the job lives until the session closes.

    `request` is what the call's dispatch says, unless given. `speaker` is who has said what is kept in clips; where
    nobody spoke when the worker began, this call asks who does.
    """
    request = request or _requested(job)
    persona = choose_persona(job.proc.userdata["personas"], request, settings)
    fixed = fixed_speech(settings, persona, speaker or await speaker_now(settings))
    loaded: providers.Loaded = job.proc.userdata["loaded"]
    ears = providers.create_stt(settings, persona)
    pace = await asyncio.to_thread(paces.load, settings.malbeot_state, request.name)
    taking = TurnTaking(settings, persona, fixed, ears, call=job.job.id, caller=request.name, pace=pace)
    arrival = Arrival(job.room)
    companion = Companion(
        persona=persona,
        caller=Caller(name=request.name, direction=request.direction),
        now=datetime.now().astimezone(),
        fixed=fixed,
        taking=taking,
        scenario=request.scenario,
        warm_prompt=providers.keeps_prompts_warm(settings),
        arrival=arrival,
        earlier=await memory.recall(settings, request.conversation),
        keeping=memory.Keeping(settings, request.conversation),
    )
    session = build_session(settings, persona, loaded, taking, ears)
    if settings.metrics_file:
        write_turn_metrics(session, job.room.name, settings.metrics_file, taking.figures)

    def hang_up(event: CloseEvent) -> None:
        logger.info("the call is over", extra={"room": job.room.name, "reason": event.reason.value})
        job.shutdown(reason=event.reason.value)

    session.once("close", hang_up)
    logger.info("a call begins", extra={"room": job.room.name, "persona": persona.id})
    try:
        await join(job)
        # Whoever is in the room could read the instructions and steer the session, if it were hosted.
        await session.start(companion, room=job.room, room_options=room_options(), record=False, session_host=False)
    except rtc.ConnectError as error:
        # Who hangs up at once is gone, and the room with them, before the companion is there.
        logger.info("a call's room cannot be joined: %s", error, extra={"room": job.job.room.name})
        job.shutdown(reason="no room")
    else:
        arrival.look()


def _requested(job: JobContext) -> CallRequest:
    """What the call's dispatch asks for. A caller whose client asks in another way is answered all the same."""
    try:
        return CallRequest.from_metadata(job.job.metadata)
    except MalbeotError as error:
        logger.warning("%s; it is answered with the defaults", error)
        return CallRequest()


def build_server(
    settings: Settings,
    keys: tuple[str, str],
    *,
    speaker: str = "",
    ready_dir: Path | None = None,
    request: CallRequest | None = None,
    languages: Collection[str] = (),
) -> AgentServer:
    """The worker, not yet running. It touches `warm` and `registered` in `ready_dir` as it gets there.

    `keys` are LiveKit's API key and secret; `request` stands for every call's own, `speaker` is
    who has said what is kept in clips. What `languages` need is loaded once for all call processes.
    """
    key, secret = keys
    server = AgentServer(
        ws_url=settings.livekit_url,
        api_key=key,
        api_secret=secret,
        host="127.0.0.1",
        port=settings.worker_http_port,
        prometheus_port=settings.worker_metrics_port,
        prometheus_multiproc_dir=str(settings.malbeot_state / "metrics") if settings.worker_metrics_port else None,
        setup_fnc=functools.partial(prewarm, settings=settings, ready_dir=ready_dir),
        num_idle_processes=settings.worker_idle_processes,
        initialize_process_timeout=_PREWARM_TIMEOUT_S,
        max_retry=_RETRY_FOR_EVER,
        job_memory_limit_mb=_MOST_MIB,
        load_fnc=functools.partial(share_of_places, max_calls=settings.max_calls),
        # Calls that are too many are refused by `admit`, where several that arrive at once are counted. By a threshold
        # LiveKit's worker would refuse a second call that arrives while the first of all begins.
        load_threshold=math.inf,
        preload_modules=[_PRELOADED[language] for language in languages if language in _PRELOADED],
        log_level=settings.log_level,
    )
    server.rtc_session(
        functools.partial(answer, settings=settings, speaker=speaker, request=request),
        agent_name=AGENT_NAME,
        on_request=functools.partial(admit, server=server, admission=Admission(settings.max_calls), settings=settings),
    )
    server.once("worker_registered", lambda *_: announce(settings.malbeot_state, server.worker_info.http_port))
    if ready_dir:
        server.once("worker_registered", lambda *_: (ready_dir / "registered").touch())
    return server


async def serve(settings: Settings, *, dev: bool = False, ready_dir: Path | None = None) -> None:
    """Answers calls until SIGINT or SIGTERM; calls then may finish for `worker_drain_s`, unless told twice.

    Raises `MalbeotError` for what no call could work with: a broken persona, a model that does not
    load, an engine that does not answer, a provider whose package is missing, keys that LiveKit refuses.
    """
    personas = list(load_all(settings).values())
    providers.check(settings, personas)
    stop, hurry = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, lambda: hurry.set() if stop.is_set() else stop.set())

    getting_ready = asyncio.create_task(_get_ready(settings, personas))
    if not await until(stop, _finished(getting_ready)):
        getting_ready.cancel()
        await asyncio.gather(getting_ready, return_exceptions=True)
        return
    settings, speaker, failures = getting_ready.result()
    languages = {persona.language for persona in personas}
    server = build_server(settings, settings.livekit_keys, speaker=speaker, ready_dir=ready_dir, languages=languages)
    warming = asyncio.create_task(ready.keep_trying(settings, personas, failures), name="warming")
    running = asyncio.create_task(server.run(devmode=dev), name="worker")
    ending = asyncio.create_task(end_abandoned_calls(server, settings), name="abandoned calls")
    try:
        await until(stop, _finished(running))
        if not dev and not running.done():
            await until(hurry, _drain(server, settings.worker_drain_s))
    finally:
        await utils.aio.cancel_and_wait(warming, ending)
        await server.aclose()
        await running


async def _finished(task: asyncio.Task[Any]) -> None:
    await asyncio.wait({task})


async def _drain(server: AgentServer, timeout_s: float) -> None:
    with contextlib.suppress(TimeoutError):
        await server.drain(timeout=max(1, round(timeout_s)))


async def _get_ready(settings: Settings, personas: list[Persona]) -> tuple[Settings, str, list[str]]:
    """The settings that calls are answered with, who has said what is kept in clips, and which voices are not warm."""
    # A missing or broken model is told here, in one line, and not by call processes that die as often
    # as they are started.
    settings = await ears_engine.require(settings)
    ready.tell(failures := await ready.warm_up(settings, personas))
    speaker = await prepare(settings, personas)
    await wait_for_livekit(settings)
    return settings, speaker, failures
