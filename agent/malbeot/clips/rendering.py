"""Has the fixed texts said before anybody calls."""

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from livekit.agents import APIConnectOptions, APIError, utils

from malbeot.clips.clip import Clip, chime
from malbeot.clips.fixed import FixedSpeech
from malbeot.clips.phrases import greetings, phrases
from malbeot.clips.store import ClipStore
from malbeot.log import logger
from malbeot.persona import Persona
from malbeot.providers import create_tts
from malbeot.settings import Settings
from malbeot.up.probes import voice_answer
from malbeot_local import models as local_models
from malbeot_local.cache import Cache
from malbeot_local.errors import LocalError

_SUBSTITUTE = "substitute"
_RENDER_TIMEOUT_S = 30.0
_CALLER_WAITS_S = 0.3


async def speaker_of(settings: Settings) -> str:
    """Who speaks with the personas' voices at this moment; empty where nobody answers."""
    if settings.tts_provider != "gpt_sovits":
        return settings.tts_provider
    for url in settings.gpt_sovits_urls:
        answer = await voice_answer(url)
        if answer.speaks:
            return f"{answer.kind.name} {answer.version}"
    return ""


async def speaker_now(settings: Settings) -> str:
    """The same for a call that is to be answered: empty where nobody says so at once."""
    try:
        async with asyncio.timeout(_CALLER_WAITS_S):
            return await speaker_of(settings)
    except TimeoutError:
        return ""


async def prepare(settings: Settings, personas: Sequence[Persona], *, apology_alone: bool = False) -> str:
    """Renders what is missing; returns who spoke, as `speaker_of` does. Failures are logged: calls go on without."""
    speaker = await speaker_of(settings)
    for persona in personas:
        texts = [persona.phrases.voice_failed]
        texts += [] if apology_alone else [*phrases(persona), *greetings(persona)]
        try:
            if not (speaker and await _render(settings, persona, texts, speaker)):
                await _substitute(settings, persona)
        except LocalError as error:
            logger.warning("persona %s has no clips: %s", persona.id, error)
    return speaker


def fixed_speech(settings: Settings, persona: Persona, speaker: str) -> FixedSpeech:
    """For one call, which adds its greeting. Its apology is by the voice itself, else by the stand-in, else a chime."""
    own = ClipStore(settings, persona, speaker=speaker) if speaker else None
    substitute = ClipStore(settings, persona, speaker=_SUBSTITUTE)
    said = (store.load(persona.phrases.voice_failed) for store in (own, substitute) if store)
    apology = next((clip for clip in said if clip), None) or chime()
    return FixedSpeech(apology, own, phrases(persona))


async def _render(settings: Settings, persona: Persona, texts: Sequence[str], speaker: str) -> bool:
    """Whether the persona's own voice has said the first of the texts; it says them all, if it can."""
    store = ClipStore(settings, persona, speaker=speaker)
    missing = [text for text in dict.fromkeys(texts) if not store.has(text)]
    if not missing:
        return True
    logger.info("preparing %d greetings and phrases of persona %s", len(missing), persona.id)
    once = APIConnectOptions(max_retry=0, timeout=_RENDER_TIMEOUT_S)
    async with utils.http_context.open(), create_tts(settings, persona, fallback=False) as voice:
        for text in missing:
            try:
                async with asyncio.timeout(_RENDER_TIMEOUT_S):
                    frame = await voice.synthesize(text, conn_options=once).collect()
            except (APIError, TimeoutError) as error:
                logger.warning("the greetings and phrases of persona %s are not prepared: %s", persona.id, error)
                return store.has(texts[0])
            store.store(text, Clip.of([frame]))
    return True


async def _substitute(settings: Settings, persona: Persona) -> None:
    """Has the stand-in say the apology, for when the voice cannot."""
    store, text = ClipStore(settings, persona, speaker=_SUBSTITUTE), persona.phrases.voice_failed
    if store.has(text):
        return
    with tempfile.TemporaryDirectory(prefix="malbeot-") as folder:
        said = Path(folder) / "apology.wav"
        await _say_by_stand_in(Cache(settings.malbeot_cache), persona, text, said)
        store.store(text, Clip.read(said))


async def _say_by_stand_in(cache: Cache, persona: Persona, text: str, path: Path) -> None:
    command = [sys.executable, "-m", "malbeot_local.standin", "say", "--lang", persona.language]
    command += ["--piper-voice", str(local_models.piper_joe(cache)), "--out", str(path), "-"]
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        _, errors = await asyncio.wait_for(process.communicate(text.encode()), _RENDER_TIMEOUT_S)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise LocalError(f"the stand-in voice did not finish within {_RENDER_TIMEOUT_S:.0f} s") from None
    if process.returncode:
        lines = errors.decode(errors="replace").strip().splitlines() or ["it gave no reason"]
        raise LocalError(f"the stand-in voice failed: {lines[-1]}")
