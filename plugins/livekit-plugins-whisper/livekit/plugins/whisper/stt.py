"""Speech recognition for LiveKit Agents."""

import asyncio
import re
import time
import weakref
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    APIConnectOptions,
    ConversationItemAddedEvent,
    LanguageCode,
    llm,
    stt,
    utils,
)
from livekit.agents.types import NOT_GIVEN, NotGivenOr
from livekit.agents.utils import AudioBuffer, is_given

from .address import Address
from .audio import to_samples
from .batch import joined, pieces, recognise
from .client import Client
from .errors import EngineError, livekit_errors
from .finding import EngineOptions, find_or_start
from .hearing import Hearing
from .locate import is_directory
from .options import StreamOptions
from .stream import RecognizeStream

_LOOK_EVERY_S = 0.2
_stream_of_task: ContextVar[RecognizeStream | None] = ContextVar("whisper_stream", default=None)
_CONTEXT = 200
"""Characters of the agent's last question that the model is told."""


class STT(stt.STT[Literal["metrics_collected", "error"]]):
    """Recognises speech while it is spoken, with a Whisper model that all calls of the machine share.

    The model lives in an engine process. It is found or started by `prewarm`, which LiveKit calls at
    the beginning of a session, and ends when nobody uses it any more; what is spoken before it is
    ready is heard all the same.
    """

    def __init__(
        self,
        *,
        model: str | Path = "base",
        language: str | None = "en",
        keyterms: Sequence[str] = (),
        endpoint_s: float = 1.0,
        device: str = "auto",
        compute_type: str = "default",
        local_files_only: bool = True,
        engine: str | None = None,
        token: str | None = None,
    ) -> None:
        """
        Args:
            model: a directory with a model in CTranslate2's form; or a name that faster-whisper knows
                ("base", "large-v3-turbo", …) or a Hugging Face repository, already downloaded.
            language: any common form ("ko", "ko-KR", "Korean"); None recognises it, which on short
                utterances costs mistakes.
            keyterms: names and words that may well come up.
            endpoint_s: silence after which an utterance is final even though nobody asked for it.
                A session with a turn detector asks earlier.
            device: "cpu", "cuda", or "auto": the GPU where one works.
            compute_type: CTranslate2's; "default" takes int8 on a CPU and float16 on a GPU, or
                int8_float16 where that does not fit.
            local_files_only: False fetches a named model that is not on this machine.
            engine: the address of an engine that somebody else runs, `unix:/PATH` or `tcp://HOST:PORT`;
                its model and device hold then. None finds or starts one of this user's.
            token: the one that an engine on TCP was started with.

        Raises:
            ValueError: `engine` is no address.
        """
        super().__init__(
            capabilities=stt.STTCapabilities(
                streaming=True,
                interim_results=True,
                aligned_transcript="word",
                offline_recognize=True,
                keyterms=True,
                chat_context=True,
                manual_flush=True,
            )
        )
        self._address = Address.parse(engine) if engine else None
        self._token = token
        self._engine = EngineOptions.of(model, device, compute_type, local_files_only=local_files_only)
        self._name = Path(model).name if is_directory(model) else str(model)
        self._endpoint_s = endpoint_s
        self._keyterms = tuple(keyterms)
        self._session_keyterms: tuple[str, ...] = ()
        self._opts = StreamOptions(language=_language(language), keyterms=self._keyterms)
        self._streams: weakref.WeakSet[RecognizeStream] = weakref.WeakSet()
        self._finding: asyncio.Task[Address] | None = None

    @property
    def model(self) -> str:
        return self._name

    @property
    def provider(self) -> str:
        return "whisper"

    def stream(
        self,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> RecognizeStream:
        opts = replace(self._opts, language=_language(language)) if is_given(language) else self._opts
        # Where a stream has failed for good, LiveKit opens the next in the same task: it goes on where that stopped.
        former = _stream_of_task.get()
        hearing = former.left_over() if former and former.belongs_to(self) else None
        stream = RecognizeStream(
            stt=self,
            opts=opts,
            conn_options=conn_options,
            hearing=hearing or Hearing(endpoint_s=self._endpoint_s),
        )
        _stream_of_task.set(stream)
        self._streams.add(stream)
        return stream

    def update_options(
        self, *, language: NotGivenOr[str | None] = NOT_GIVEN, keyterms: NotGivenOr[Sequence[str]] = NOT_GIVEN
    ) -> None:
        """Changes what is recognised from now on, in live streams too."""
        if is_given(keyterms):
            self._keyterms = tuple(keyterms)
            self._change(keyterms=self._all_keyterms())
        if is_given(language):
            self._change(language=_language(language))

    def _update_session_keyterms(self, keyterms: list[str]) -> None:
        self._session_keyterms = tuple(keyterms)
        self._change(keyterms=self._all_keyterms())

    def _all_keyterms(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self._keyterms, *self._session_keyterms)))

    def _push_conversation_item(self, ev: ConversationItemAddedEvent) -> None:
        if isinstance(ev.item, llm.ChatMessage) and ev.item.role == "assistant":
            self._change(context=_last_question(ev.item.text_content or ""))

    def _change(self, **changes: Any) -> None:
        self._opts = replace(self._opts, **changes)
        for stream in self._streams:
            stream.update_options(replace(stream.opts, **changes))

    def prewarm(self) -> None:
        """Begins to find or start the engine. Returns at once."""
        if self._address is None and self._finding is None:
            self._finding = asyncio.create_task(asyncio.to_thread(find_or_start, self._engine), name="whisper.prewarm")

    async def aclose(self) -> None:
        """Ends the streams. The engine stays for those who use it."""
        for stream in list(self._streams):
            await stream.aclose()
        if self._finding:
            await asyncio.gather(self._finding, return_exceptions=True)
            self._finding = None

    async def engine_status(self) -> dict[str, Any]:
        """What the engine is: "model", "device", "compute_type", "workers", "cpu_threads", "pid", "version".

        Raises:
            livekit.agents.APIError: there is none, and none can be started.
        """
        client = await self._connect(DEFAULT_API_CONNECT_OPTIONS)
        async with client:
            with livekit_errors():
                return await client.health(timeout_s=DEFAULT_API_CONNECT_OPTIONS.timeout)

    async def _connect(self, conn_options: APIConnectOptions) -> Client:
        """A connection to a living engine."""
        with livekit_errors():
            if self._address:
                # LiveKit counts tries anew after one that outlived the timeout.
                return await self._wait_for(self._address, 0.9 * conn_options.timeout)
            if self._finding:
                # Whoever prewarmed has said nothing of a failure: that is told here, once.
                finding, self._finding = self._finding, None
                return Client(await asyncio.shield(finding))
            return Client(await asyncio.to_thread(find_or_start, self._engine))

    async def _wait_for(self, address: Address, timeout_s: float) -> Client:
        client = Client(address, self._token)
        deadline = time.monotonic() + timeout_s
        try:
            while True:
                try:
                    await client.health(timeout_s=timeout_s)
                    return client
                except OSError as error:
                    if isinstance(error, TimeoutError):
                        raise
                    if time.monotonic() > deadline:
                        reason = error.strerror or "no answer"
                        raise EngineError(
                            f"no Whisper engine answers on {address} ({reason}): start one there, or leave `engine` out"
                        ) from None
                await asyncio.sleep(_LOOK_EVERY_S)
        except BaseException:
            await client.aclose()
            raise

    async def _recognize_impl(
        self,
        buffer: AudioBuffer,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions,
    ) -> stt.SpeechEvent:
        opts = replace(self._opts, language=_language(language)) if is_given(language) else self._opts
        call, heard = utils.shortuuid("call_"), []
        found = await asyncio.to_thread(lambda: pieces(to_samples(buffer)))
        if found:
            async with await self._connect(conn_options) as client:
                with livekit_errors():
                    for piece in found:
                        heard.append(await recognise(client, call, piece, opts, timeout_s=conn_options.timeout))
        return stt.SpeechEvent(
            type=stt.SpeechEventType.FINAL_TRANSCRIPT,
            request_id=utils.shortuuid("stt_"),
            alternatives=[joined(found, heard, language=opts.language)],
        )


def _last_question(text: str) -> str:
    """The question with which a text ends, or nothing: what does not ask for an answer says little about it.

    A small language model's half sentences made recognition worse, in words and in case.
    """
    sentences = re.split(r"(?<=[.!?。？！])\s+", text.strip())
    return sentences[-1][-_CONTEXT:] if sentences[-1].endswith(("?", "？")) else ""


def _language(language: str | None) -> LanguageCode | None:
    return LanguageCode(language) if language else None
