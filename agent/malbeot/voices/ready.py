"""Voice servers say a word before callers hear them, also those that come up after the worker."""

import asyncio
from collections.abc import Sequence

from malbeot import providers
from malbeot.clips.rendering import prepare
from malbeot.errors import without_passwords
from malbeot.log import logger
from malbeot.persona import Persona
from malbeot.settings import Settings
from malbeot.up.probes import voice_answer

_WARM_UP_S = 90.0
"""A GPT-SoVITS on a CPU takes 24 s to load its model, and most of a minute for its first words."""
_AGAIN_S = 15.0


async def warm_up(settings: Settings, personas: Sequence[Persona]) -> list[str]:
    """The first words of a voice server take many times as long as those after them. A line for each that failed.

    One that does not answer is not asked for words: it would be kept from callers for as long as it is silent.
    """
    if settings.tts_provider != "gpt_sovits":
        return []
    answers = await asyncio.gather(*map(voice_answer, settings.gpt_sovits_urls))
    asked = list(zip(settings.gpt_sovits_urls, answers, strict=True))
    failures = [
        f"{without_passwords(url)} does not answer as GPT-SoVITS' api_v2 does" for url, it in asked if not it.speaks
    ]
    if up := tuple(url for url, it in asked if it.speaks):
        try:
            async with asyncio.timeout(_WARM_UP_S):
                failures += await providers.warm_voices(settings.model_copy(update={"gpt_sovits_urls": up}), personas)
        except TimeoutError:
            failures.append(f"they took longer than {_WARM_UP_S:.0f} s to say a word in each language")
    return failures


async def keep_trying(settings: Settings, personas: Sequence[Persona], failures: list[str]) -> None:
    """Until every voice server has said its word. `failures` is what `warm_up` said before.

    Whenever that changes, the clips that are missing are made: somebody may have come who can.
    """
    while failures:
        await asyncio.sleep(_AGAIN_S)
        before, failures = failures, await warm_up(settings, personas)
        if failures != before:
            tell(failures)
            await prepare(settings, personas)


def tell(failures: Sequence[str]) -> None:
    """Logs them."""
    for failure in failures:
        logger.warning("the voice servers are not all ready: %s", failure)
    if not failures:
        logger.info("the voice servers are all ready")
