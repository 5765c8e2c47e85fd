"""Speech recognition for LiveKit Agents."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

from livekit.agents import APIConnectOptions, LanguageCode, stt, utils
from livekit.agents.types import NOT_GIVEN, NotGivenOr
from livekit.agents.utils import AudioBuffer, is_given

from .errors import ModelError, livekit_errors
from .loading import load
from .log import logger
from .model import Model


@dataclass(frozen=True, kw_only=True)
class _Options:
    language: LanguageCode | None
    beam_size: int


class STT(stt.STT[Literal["metrics_collected", "error"]]):
    """Recognises whole utterances with a Whisper model of this process.

    It does not stream: LiveKit wraps it in `stt.StreamAdapter` with a voice activity detector.
    Without speech it answers with an empty text.
    """

    def __init__(
        self,
        *,
        model: Model | str | Path = "base",
        language: str | None = "en",
        device: str = "auto",
        compute_type: str = "default",
        cpu_threads: int = 0,
        local_files_only: bool = True,
        beam_size: int = 1,
    ) -> None:
        """
        Args:
            model: what `load` returned, so that it is in memory before the first call; or what
                `load` takes, and then it is loaded by `prewarm`, else at the first utterance.
            language: any common form ("ko", "ko-KR", "Korean"); None recognises it anew for every
                utterance, which costs time and, on short ones, mistakes.
            device, compute_type, cpu_threads, local_files_only: as for `load`; unused with a loaded model.
            beam_size: 1 is greedy. More is slower and, on clear speech, hardly better.
        """
        super().__init__(capabilities=stt.STTCapabilities(streaming=False, interim_results=False))
        self._opts = _Options(language=LanguageCode(language) if language else None, beam_size=beam_size)
        self._loaded = model if isinstance(model, Model) else None
        self._load: Callable[[], Model] | None = None
        self._prewarmed = False
        if not isinstance(model, Model):
            self._load = partial(
                load,
                model,
                device=device,
                compute_type=compute_type,
                cpu_threads=cpu_threads,
                local_files_only=local_files_only,
            )
        self._name = model.name if isinstance(model, Model) else str(model)

    @property
    def model(self) -> str:
        return self._name

    @property
    def provider(self) -> str:
        return "faster-whisper"

    def update_options(self, *, language: NotGivenOr[str | None] = NOT_GIVEN) -> None:
        """Changes the language of the utterances that follow."""
        if is_given(language):
            self._opts = replace(self._opts, language=LanguageCode(language) if language else None)

    def prewarm(self) -> None:
        """Begins to load the model in a thread, unless it is loaded. Returns at once."""
        if self._load is not None and not self._prewarmed:
            self._prewarmed = True
            threading.Thread(target=self._load_early, name="whisper-load").start()

    def _load_early(self) -> None:
        assert self._load is not None
        try:
            self._loaded = self._load()
        except ModelError as error:
            logger.warning("%s", error)

    async def _ready(self) -> Model:
        if self._loaded is None:
            assert self._load is not None
            self._loaded = await asyncio.to_thread(self._load)
        return self._loaded

    async def _recognize_impl(
        self,
        buffer: AudioBuffer,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions,
    ) -> stt.SpeechEvent:
        # No deadline: the work is local, and stopping it would lose what the caller said.
        opts = self._opts
        spoken = LanguageCode(language) if is_given(language) else opts.language
        with livekit_errors(self._name):
            model = await self._ready()
            heard = await model.recognize(
                buffer, language=spoken.language if spoken else None, beam_size=opts.beam_size
            )
        return stt.SpeechEvent(
            type=stt.SpeechEventType.FINAL_TRANSCRIPT,
            request_id=utils.shortuuid("stt_"),
            alternatives=[
                stt.SpeechData(
                    language=LanguageCode(heard.language),
                    text=heard.text,
                    start_time=heard.start_s,
                    end_time=heard.end_s,
                    confidence=heard.confidence,
                )
            ],
        )
