"""Downloads one pinned file over HTTP."""

import asyncio
import hashlib
import os
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp

from .errors import DownloadError
from .progress import Report, Transfer, size

CONNECT_S = 3.0
"""Where nobody answers by then, the next way is tried, in seconds."""
STALL_S = 30.0
"""A transfer that brings nothing for this long has failed, in seconds."""
_CHUNK = 1 << 20


async def download(
    url: str,
    to: Path,
    *,
    sha256: str,
    what: str,
    report: Report,
    connect_s: float = CONNECT_S,
    stall_s: float = STALL_S,
) -> None:
    """Fetches `url` into the file `to` and checks its SHA-256.

    Raises `DownloadError` for a host that cannot be reached within `connect_s`, a status other than
    200, a transfer that stalls or is cut, or other content than was pinned; `OSError` where the file
    cannot be written. What has arrived by then stays in `to`, which should lie in a temporary folder.
    """
    host = urlsplit(url).hostname
    timeout = aiohttp.ClientTimeout(total=None, connect=connect_s, sock_read=stall_s)
    try:
        async with aiohttp.ClientSession(timeout=timeout, trust_env=True) as session, session.get(url) as response:
            if response.status != 200:
                raise DownloadError(f"{host} answered {response.status} for {url}")
            report(f"{what}, {size(response.content_length or 0)}")
            got = await _receive(response, to, Transfer(what, report))
    except aiohttp.ClientPayloadError as error:
        raise DownloadError(f"the download of {url} was cut before its end") from error
    except aiohttp.ConnectionTimeoutError as error:
        raise DownloadError(f"{host} did not answer within {connect_s:g} s") from error
    except TimeoutError as error:
        raise DownloadError(f"{host} sent nothing for {stall_s:g} s") from error
    except aiohttp.ClientConnectorError as error:
        number = error.os_error.errno
        reason = os.strerror(number) if number and number > 0 else error.os_error.strerror
        raise DownloadError(f"{host} cannot be reached ({reason})") from error
    except aiohttp.ClientError as error:
        raise DownloadError(f"the download of {url} failed: {error}") from error
    if got != sha256:
        raise DownloadError(f"{url} has SHA-256 {got}, not the pinned {sha256}: it is not used")


async def _receive(response: aiohttp.ClientResponse, to: Path, transfer: Transfer) -> str:
    """Writes the body and returns its SHA-256, in hexadecimal."""
    digest = hashlib.sha256()
    done = 0
    with await asyncio.to_thread(to.open, "wb") as file:
        async for chunk in response.content.iter_chunked(_CHUNK):
            await asyncio.to_thread(file.write, chunk)
            await asyncio.to_thread(digest.update, chunk)
            done += len(chunk)
            transfer.update(done, response.content_length)
    return digest.hexdigest()
