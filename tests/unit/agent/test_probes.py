"""Whoever answers where Ollama is looked for is not taken for it, and breaks nothing."""

import pytest
from aiohttp import web

from malbeot.up import probes


@pytest.mark.parametrize("body", [b"<html>hello</html>", b"[]", b'{"error": "?"}', b"null", b"\xff"])
async def test_something_else_at_ollamas_address(body: bytes, unused_tcp_port: int) -> None:
    async def anything(_: web.Request) -> web.Response:
        return web.Response(body=body)

    app = web.Application()
    app.add_routes([web.get("/{path:.*}", anything)])
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", unused_tcp_port).start()
        url = f"http://127.0.0.1:{unused_tcp_port}"
        assert not await probes.is_ollama(url)
        assert await probes.ollama_version(url) == ""
        assert await probes.ollama_models(url) == set()
    finally:
        await runner.cleanup()
