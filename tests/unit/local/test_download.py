"""A download is whole and the pinned one, or it is an error that says why."""

import asyncio
import hashlib
import socket
from pathlib import Path

import pytest
from aiohttp import web

from malbeot_local import download as module
from malbeot_local.download import download
from malbeot_local.errors import DownloadError

CONTENT = b"a release" * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


async def fetch(url: str, to: Path, reports: list[str], **limits: float) -> None:
    await download(url, to, sha256=SHA256, what="the release", report=reports.append, **limits)


async def give(request: web.Request) -> web.Response:
    return web.Response(body=CONTENT)


async def test_the_pinned_file_arrives(serve, tmp_path: Path, reports: list[str]) -> None:
    async with serve(give) as url:
        await fetch(f"{url}/file", tmp_path / "file", reports)
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert reports == ["the release, 0 MB"]


async def test_a_redirect_is_followed(serve, tmp_path: Path, reports: list[str]) -> None:
    async def handler(request: web.Request) -> web.Response:
        if request.path == "/file":
            raise web.HTTPFound("/elsewhere")
        return web.Response(body=CONTENT)

    async with serve(handler) as url:
        await fetch(f"{url}/file", tmp_path / "file", reports)
    assert (tmp_path / "file").read_bytes() == CONTENT


async def test_other_content_is_refused(serve, tmp_path: Path, reports: list[str]) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(body=CONTENT[:-1] + b"!")

    async with serve(handler) as url:
        with pytest.raises(DownloadError, match=f"not the pinned {SHA256}"):
            await fetch(f"{url}/file", tmp_path / "file", reports)


async def test_a_missing_file_names_the_status(serve, tmp_path: Path, reports: list[str]) -> None:
    async def handler(request: web.Request) -> web.Response:
        raise web.HTTPNotFound

    async with serve(handler) as url:
        with pytest.raises(DownloadError, match=r"127\.0\.0\.1 answered 404"):
            await fetch(f"{url}/file", tmp_path / "file", reports)


async def test_a_cut_download_is_told_as_such(tmp_path: Path, reports: list[str]) -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(CONTENT)}\r\n\r\n"
        writer.write(head.encode() + CONTENT[: len(CONTENT) // 2])
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(cut, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(DownloadError, match="cut before its end"):
            await fetch(f"http://127.0.0.1:{port}/file", tmp_path / "file", reports)


async def test_a_stalled_download_ends(serve, tmp_path: Path, reports: list[str]) -> None:
    given_up = asyncio.Event()

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": str(len(CONTENT))})
        await response.prepare(request)
        await response.write(CONTENT[:100])
        await given_up.wait()
        return response

    async with serve(handler) as url:
        with pytest.raises(DownloadError, match=r"sent nothing for 0\.3 s"):
            await fetch(f"{url}/file", tmp_path / "file", reports, stall_s=0.3)
        given_up.set()


async def test_nobody_listening(tmp_path: Path, reports: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(DownloadError, match=r"127\.0\.0\.1 cannot be reached \(.*refused.*\)"):
        await fetch(f"http://127.0.0.1:{port}/file", tmp_path / "file", reports)


async def test_a_host_that_swallows_connections_is_given_up(tmp_path: Path, reports: list[str]) -> None:
    """A listener whose queue is full drops every further SYN, as a firewall does."""
    assert module.CONNECT_S == 3.0
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = []
        try:
            for _ in range(4):
                filler = socket.socket()
                filler.setblocking(False)
                filler.connect_ex(listener.getsockname())
                waiting.append(filler)
            url = f"http://127.0.0.1:{listener.getsockname()[1]}/file"
            async with asyncio.timeout(60):
                with pytest.raises(DownloadError, match=r"127\.0\.0\.1 did not answer within 3 s"):
                    await fetch(url, tmp_path / "file", reports)
        finally:
            for filler in waiting:
                filler.close()
