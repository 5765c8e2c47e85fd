"""The HTTP interface: the routes of GPT-SoVITS' `api_v2`."""

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Annotated

import numpy as np
from fastapi import FastAPI, Query, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.types import Send

from .audio import FAILURE_RATE, OUTPUT_RATE, STREAM_HEADER, Samples, silence, wav
from .request import SpeechRequest
from .synthesis import Synthesis, SynthesisError

logger = logging.getLogger("malbeot.standin")

NAME = "Malbeot's stand-in voice server"
ENGINE_HEADER = "X-Malbeot-Stand-In"

Control = Callable[[str], None]


class SpeechStream(StreamingResponse):
    """Sound as it is made. A synthesis that fails leaves the chunked body without its end, as GPT-SoVITS does."""

    async def stream_response(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        try:
            async for chunk in self.body_iterator:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        except SynthesisError as error:
            logger.warning("the reply breaks off: %s", error)
            return
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def create_app(synthesis: Synthesis, control: Control) -> FastAPI:
    """The service. `control` is called with "restart" or "exit" by `/control`."""
    app = FastAPI(title=NAME, openapi_url=None)

    @app.get("/")
    async def about() -> dict[str, object]:
        """GPT-SoVITS has no such route (404): whoever asks learns that this is not it."""
        return {"name": NAME, "stands_in_for": "GPT-SoVITS api_v2", "voices": [v.name for v in synthesis.engine.voices]}

    @app.post("/tts")
    async def post_tts(speech: SpeechRequest, request: Request) -> Response:
        return await _tts(synthesis, speech, request)

    @app.get("/tts")
    async def get_tts(speech: Annotated[SpeechRequest, Query()], request: Request) -> Response:
        if speech.text_lang is None or speech.prompt_lang is None:
            return PlainTextResponse("Internal Server Error", status_code=500)  # what GPT-SoVITS does
        lowered = {"text_lang": speech.text_lang.lower(), "prompt_lang": speech.prompt_lang.lower()}
        return await _tts(synthesis, speech.model_copy(update=lowered), request)

    @app.get("/set_gpt_weights")
    async def set_gpt_weights(weights_path: str = "") -> JSONResponse:
        return _accepted(weights_path) or _message(400, "gpt weight path is required")

    @app.get("/set_sovits_weights")
    async def set_sovits_weights(weights_path: str = "") -> JSONResponse:
        return _accepted(weights_path) or _message(400, "sovits weight path is required")

    @app.get("/set_refer_audio")
    async def set_refer_audio(refer_audio_path: str = "") -> JSONResponse:
        return _accepted(refer_audio_path) or _message(400, "set refer audio failed")

    @app.get("/control")
    async def control_route(command: str | None = None) -> Response:
        if command is None:
            return _message(400, "command is required")
        if command in ("restart", "exit"):
            control(command)
            return PlainTextResponse("Internal Server Error", status_code=500)  # what GPT-SoVITS answers to "exit"
        return JSONResponse(None)

    return app


async def _tts(synthesis: Synthesis, speech: SpeechRequest, request: Request) -> Response:
    if refusal := speech.refusal():
        return _message(400, refusal)
    headers = {ENGINE_HEADER: synthesis.voice_for(speech).name}
    media_type = f"audio/{speech.media_type}"
    if speech.mode != 0:
        return SpeechStream(_body(synthesis, speech), headers=headers, media_type=media_type)
    pieces: list[Samples] = []
    try:
        async with aclosing(synthesis.stream(speech)) as stream:
            async for piece in stream:
                pieces.append(piece)
                if await request.is_disconnected():
                    return Response(status_code=499)  # to nobody
    except SynthesisError as error:
        return JSONResponse({"message": "tts failed", "Exception": str(error)}, status_code=400, headers=headers)
    rate = OUTPUT_RATE if pieces else FAILURE_RATE
    samples = np.concatenate(pieces) if pieces else silence(1.0, FAILURE_RATE)
    body = wav(samples, rate) if speech.media_type == "wav" else samples.tobytes()
    return Response(body, headers=headers, media_type=media_type)


async def _body(synthesis: Synthesis, speech: SpeechRequest) -> AsyncGenerator[bytes, None]:
    headed = speech.media_type != "wav"
    async with aclosing(synthesis.stream(speech)) as stream:
        async for piece in stream:
            if not headed:
                yield STREAM_HEADER
                headed = True
            yield piece.tobytes()


def _accepted(path: str) -> JSONResponse | None:
    """Success for any path: the stand-in has no weights and no reference, so there is nothing to load or to miss."""
    return _message(200, "success") if path else None


def _message(status: int, message: str) -> JSONResponse:
    return JSONResponse({"message": message}, status_code=status)
