"""Speaks what is fixed from its clip, and everything else, and what has no clip yet, by the voice."""

import asyncio
import wave
from collections.abc import AsyncIterable, AsyncIterator, Callable, Collection

from livekit import rtc

from malbeot.clips.clip import Clip
from malbeot.clips.store import ClipStore
from malbeot.log import logger
from malbeot_local.errors import LocalError

Voice = Callable[[AsyncIterable[str]], AsyncIterable[rtc.AudioFrame]]


class FixedSpeech:
    """One call's fixed texts."""

    def __init__(self, apology: Clip, store: ClipStore | None = None, texts: Collection[str] = ()) -> None:
        """`apology` is for when the voice fails; `texts` are worth keeping in `store` once they were said."""
        self.apology = apology
        self._store = store
        self._texts = {_one_line(text) for text in texts}

    def expect(self, text: str) -> None:
        """One more text that is worth keeping."""
        self._texts.add(_one_line(text))

    async def clip(self, text: str) -> Clip | None:
        """What was made of a fixed text; None where nothing was yet."""
        return await asyncio.to_thread(self._store.load, _one_line(text)) if self._store else None

    async def speak(
        self,
        text: AsyncIterable[str],
        voice: Voice,
        *,
        kept: Voice | None = None,
        substituted: Callable[[], int] = lambda: 0,
    ) -> AsyncIterator[rtc.AudioFrame]:
        """The text's clip, or what `voice` makes of it; a fixed text that was said to its end has a clip then.

        Where given, `kept` says what is to be kept: a voice that makes a pause shorter by what a listener waited
        already would be played so ever after. `substituted` counts what another voice has said in place of the
        persona's own: that is not kept.
        """
        rest, before = aiter(text), substituted()
        pieces, over = await self._begin(rest)
        fixed = _one_line("".join(pieces)) if over else ""
        if self._store is None or fixed not in self._texts:
            async for frame in voice(_joined(pieces, rest)):
                yield frame
            return
        if clip := await asyncio.to_thread(self._store.load, fixed):
            for frame in clip.frames():
                yield frame
            return
        said: list[rtc.AudioFrame] = []
        async for frame in (kept or voice)(_joined(pieces, rest)):
            said.append(frame)
            yield frame
        if said and substituted() == before:
            await self._keep(self._store, fixed, said)

    async def _begin(self, text: AsyncIterator[str]) -> tuple[list[str], bool]:
        """The pieces up to where it can be no fixed text any more, and whether they are all of it."""
        pieces: list[str] = []
        async for piece in text:
            pieces.append(piece)
            begun = _one_line("".join(pieces))
            if not any(fixed.startswith(begun) for fixed in self._texts):
                return pieces, False
        return pieces, True

    async def _keep(self, store: ClipStore, text: str, said: list[rtc.AudioFrame]) -> None:
        try:
            await asyncio.to_thread(store.store, text, Clip.of(said))
        except (LocalError, OSError, ValueError, wave.Error) as error:
            # It was heard: nothing has failed for the caller.
            logger.warning("a phrase is not kept and will be made again: %s", error)


def _one_line(text: str) -> str:
    """As it is compared: with single spaces."""
    return " ".join(text.split())


async def _joined(pieces: list[str], rest: AsyncIterator[str]) -> AsyncIterator[str]:
    for piece in pieces:
        yield piece
    async for piece in rest:
        yield piece
