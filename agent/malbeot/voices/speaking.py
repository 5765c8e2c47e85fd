"""A voice as the GPT-SoVITS plugin speaks it, and who speaks where that cannot."""

from collections.abc import Sequence
from typing import Any

from livekit.agents import tts, utils
from livekit.plugins import gpt_sovits

from malbeot.persona import Persona
from malbeot.settings import Settings
from malbeot.voices.schema import SpeechLanguage, Voice

_STAND_IN_REFERENCE = "voices/june.wav"
"""A recording that the stand-in has of its own, whatever the real server's disk holds. It imitates nobody."""


class TTS(gpt_sovits.TTS):
    """GPT-SoVITS that owns its fallback."""

    def __init__(
        self, *, voice: Voice, text_lang: SpeechLanguage, urls: Sequence[str], fallback: tts.TTS[Any] | None = None
    ) -> None:
        """`fallback` is closed with it."""
        super().__init__(
            urls=urls, voice=server_voice(voice, text_lang), sample_rate=voice.sample_rate_hz, fallback=fallback
        )
        self._fallback = fallback

    async def aclose(self) -> None:
        await super().aclose()
        if self._fallback is not None:
            await self._fallback.aclose()


def server_voice(voice: Voice, text_lang: SpeechLanguage) -> gpt_sovits.Voice:
    """What GPT-SoVITS is told to speak `text_lang` with `voice`."""
    return gpt_sovits.Voice(
        ref_audio_path=voice.ref_audio_path,
        prompt_text=voice.prompt_text,
        prompt_lang=voice.prompt_lang,
        text_lang=text_lang,
        aux_ref_audio_paths=voice.aux_ref_audio_paths,
        gpt_weights=voice.gpt_weights or "",
        sovits_weights=voice.sovits_weights or "",
        speed_factor=voice.speed,
        streaming_mode=voice.streaming_mode,
        top_k=voice.top_k,
        top_p=voice.top_p,
        temperature=voice.temperature,
        repetition_penalty=voice.repetition_penalty,
        seed=voice.seed,
    )


def stand_in(settings: Settings, voice: Voice, text_lang: SpeechLanguage) -> tts.TTS[Any] | None:
    """The stand-in at STAND_IN_URL. None where that is among GPT_SOVITS_URLS: then it is no fallback of its own."""
    if settings.stand_in_url in settings.gpt_sovits_urls:
        return None
    return gpt_sovits.TTS(
        urls=settings.stand_in_url,
        voice=gpt_sovits.Voice(
            ref_audio_path=_STAND_IN_REFERENCE,
            prompt_lang="en",
            text_lang=text_lang,
            speed_factor=voice.speed,
        ),
    )


async def warm_up(settings: Settings, personas: Sequence[Persona]) -> list[str]:
    """Has every replica say a word with the personas' voices; a line for each that failed."""
    spoken = [server_voice(persona.spoken_by, persona.text_lang) for persona in personas]
    async with utils.http_context.open():
        pool = gpt_sovits.Pool(settings.gpt_sovits_urls, http=utils.http_context.http_session)
        return await pool.warm_up(list(dict.fromkeys(spoken)))
