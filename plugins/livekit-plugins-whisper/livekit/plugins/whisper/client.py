"""Asks the engine."""

import asyncio
from http import HTTPStatus
from typing import Any

import aiohttp

from .address import Address
from .errors import BusyError, EngineError, RefusedError, ReplacedError
from .protocol import Heard, Question, Samples, pack

_PATIENCE_S = 1.5
"""After so long without an answer the engine is asked whether it lives; it answers that at any load."""


class Client:
    """A connection to an engine. It must be closed."""

    def __init__(self, address: Address, token: str | None = None) -> None:
        self._address = address
        path = address.path
        self._session = aiohttp.ClientSession(
            connector=aiohttp.UnixConnector(str(path)) if path else aiohttp.TCPConnector(),
            headers={"Authorization": f"Bearer {token}"} if token else {},
            timeout=aiohttp.ClientTimeout(total=None),
        )

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._session.close()

    async def recognise(self, question: Question, samples: Samples, *, timeout_s: float) -> Heard:
        """The engine's answer.

        Raises:
            BusyError: too many wait; ask again a little later.
            ReplacedError: a newer question of the same call took the place of this one.
            RefusedError: the engine wants a token, or does not know the language.
            EngineError: the engine failed, or hangs.
            TimeoutError: no answer within `timeout_s`.
            aiohttp.ClientError: the connection was refused, or broke.
        """
        asking = asyncio.create_task(self._ask(question, samples))
        try:
            async with asyncio.timeout(timeout_s):
                while not (await asyncio.wait({asking}, timeout=_PATIENCE_S))[0]:
                    await self._require_life()
                return asking.result()
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)

    async def _require_life(self) -> None:
        try:
            await self.health(timeout_s=_PATIENCE_S)
        except TimeoutError:
            raise EngineError(f"the Whisper engine on {self._address} hangs") from None

    async def health(self, *, timeout_s: float) -> dict[str, Any]:
        """What is loaded where. Raises as `recognise` does."""
        async with (
            asyncio.timeout(timeout_s),
            self._session.get(f"{self._address.url}/health") as response,
        ):
            await self._check(response)
            status: dict[str, Any] = await response.json()
            return status

    async def _ask(self, question: Question, samples: Samples) -> Heard:
        async with self._session.post(f"{self._address.url}/recognize", data=pack(question, samples)) as response:
            await self._check(response)
            return Heard.model_validate_json(await response.read())

    async def _check(self, response: aiohttp.ClientResponse) -> None:
        if response.status == HTTPStatus.OK:
            return
        reason = (await response.text())[:300]
        match response.status:
            case HTTPStatus.SERVICE_UNAVAILABLE:
                raise BusyError
            case HTTPStatus.CONFLICT:
                raise ReplacedError
            case status if status < HTTPStatus.INTERNAL_SERVER_ERROR:
                raise RefusedError(f"the Whisper engine on {self._address} refuses: {reason}")
            case status:
                raise EngineError(f"the Whisper engine on {self._address} answered {status}: {reason}")
