"""The HTTP interface: the routes of GPT-SoVITS' `api_v2`."""

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Annotated

from fastapi import FastAPI, Query, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.types import Send

from ..errors import LocalError
from .audio import silence, wav
from .references import BadReference
from .request import SpeechRequest
from .synthesis import Synthesis, SynthesisError

logger = logging.getLogger("malbeot.standin")

NAME = "Malbeot's stand-in voice server"
ENGINE_HEADER = "X-Malbeot-Stand-In"

Control = Callable[[str], None]


class SpeechStream(StreamingResponse):
    """Sound as it is made. A synthesis that fails leaves the chunked body without its end, as GPT-SoVITS does."""

    def __init__(self, body: AsyncGenerator[bytes, None], *, engine: str, media_type: str) -> None:
        super().__init__(body, headers={ENGINE_HEADER: engine}, media_type=media_type)
        self._body = body

    async def stream_response(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        try:
            async with aclosing(self._body):
                async for chunk in self._body:
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
        except SynthesisError as error:
            logger.warning("the reply breaks off: %s", error)
            return
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def create_app(synthesis: Synthesis, control: Control) -> FastAPI:
    """The service. `control` is called with "restart" or "exit" by `/control`."""
    app = FastAPI(title=NAME, docs_url=None, redoc_url=None)  # those two pages would load scripts from elsewhere

    @app.get("/", include_in_schema=False)
    async def about() -> dict[str, object]:
        """GPT-SoVITS has no such route (404): whoever asks learns that this is not it."""
        weights = synthesis.weights
        return {
            "name": NAME,
            "stands_in_for": "GPT-SoVITS api_v2",
            "voices": [voice.name for voice in synthesis.engine.voices],
            "version": weights.version.name,
            "weights": {"gpt": weights.gpt, "sovits": weights.sovits},
        }

    @app.post("/tts")
    async def post_tts(speech: SpeechRequest, request: Request) -> Response:
        return _tts(synthesis, speech, request)

    @app.get("/tts")
    async def get_tts(speech: Annotated[SpeechRequest, Query()], request: Request) -> Response:
        if speech.text_lang is None or speech.prompt_lang is None:
            return PlainTextResponse("Internal Server Error", status_code=500)  # what GPT-SoVITS does
        changed = {
            "text_lang": speech.text_lang.lower(),
            "prompt_lang": speech.prompt_lang.lower(),
            "aux_ref_audio_paths": None,  # a query cannot carry them
        }
        return _tts(synthesis, speech.model_copy(update=changed), request)

    # GPT-SoVITS loads what the next three name on its event loop, and so does this.

    @app.get("/set_gpt_weights")
    async def set_gpt_weights(weights_path: str = "") -> JSONResponse:
        if not weights_path:
            return _message(400, "gpt weight path is required")
        return _changed("change gpt weight failed", lambda: synthesis.weights.set_gpt(weights_path))

    @app.get("/set_sovits_weights")
    async def set_sovits_weights(weights_path: str = "") -> JSONResponse:
        if not weights_path:
            return _message(400, "sovits weight path is required")
        return _changed("change sovits weight failed", lambda: synthesis.weights.set_sovits(weights_path))

    @app.get("/set_refer_audio")
    async def set_refer_audio(refer_audio_path: str = "") -> JSONResponse:
        return _changed("set refer audio failed", lambda: synthesis.references.load(refer_audio_path))

    @app.get("/control")
    async def control_route(command: str | None = None) -> Response:
        if command is None:
            return _message(400, "command is required")
        if command in ("restart", "exit"):
            control(command)
            return PlainTextResponse("Internal Server Error", status_code=500)  # what GPT-SoVITS answers to "exit"
        return JSONResponse(None)

    return app


def _tts(synthesis: Synthesis, speech: SpeechRequest, request: Request) -> Response:
    if refusal := speech.refusal(synthesis.weights.version):
        return _message(400, refusal)
    engine, media_type = synthesis.voice_for(speech).name, f"audio/{speech.media_type}"
    fail_after_bytes: int | None = getattr(request.state, "fail_after_bytes", None)
    if speech.mode != 0:
        body = _body(synthesis, speech, fail_after_bytes)
        return SpeechStream(body, engine=engine, media_type=media_type)
    try:
        rate_hz, samples = synthesis.whole(speech, fail_after_bytes=fail_after_bytes)
    except SynthesisError as error:
        logger.warning("the request fails: %s", error)
        return _message(400, "tts failed", exception=error.shown)
    sound = wav(samples, rate_hz) if speech.media_type == "wav" else samples.tobytes()
    return Response(sound, headers={ENGINE_HEADER: engine}, media_type=media_type)


async def _body(
    synthesis: Synthesis, speech: SpeechRequest, fail_after_bytes: int | None
) -> AsyncGenerator[bytes, None]:
    headed = speech.media_type != "wav"
    async with aclosing(synthesis.stream(speech, fail_after_bytes=fail_after_bytes)) as stream:
        async for rate_hz, piece in stream:
            if not headed:
                yield wav(silence(0, rate_hz), rate_hz)
                headed = True
            yield piece.tobytes()


def _changed(failure: str, change: Callable[[], None]) -> JSONResponse:
    """Success, or the 400 that tells why not."""
    try:
        change()
    except (BadReference, LocalError) as error:
        return _message(400, failure, exception=str(error))
    return _message(200, "success")


def _message(status: int, message: str, *, exception: str | None = None) -> JSONResponse:
    content = {"message": message}
    if exception is not None:
        content["Exception"] = exception
    return JSONResponse(content, status_code=status)
