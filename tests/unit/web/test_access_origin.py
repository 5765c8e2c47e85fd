"""Other sites' pages change nothing here."""

import httpx
import pytest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from malbeot.web.access.origin import SameOrigin

PUBLIC = "https://calls.example.org"
REFUSED, ON = 403, 204


async def anything(scope: Scope, receive: Receive, send: Send) -> None:
    await Response(status_code=ON)(scope, receive, send)


def browser() -> httpx.AsyncClient:
    transport = httpx.ASGITransport(SameOrigin(anything, public_url=PUBLIC), client=("127.0.0.1", 50000))
    return httpx.AsyncClient(transport=transport, base_url="http://localhost:8080")


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("localhost:8080", None, ON),
        ("localhost:8080", "http://localhost:8080", ON),
        ("LocalHost:8080", "http://localhost:8080", ON),
        ("calls.example.org", PUBLIC, ON),
        ("calls.example.org:443", PUBLIC, ON),
        ("127.0.0.1:8080", PUBLIC, ON),  # a proxy that does not pass the Host on
        ("other.example.org", "https://other.example.org", ON),
        ("[::1]:8080", "http://[::1]:8080", ON),
        ("localhost:8080", "http://localhost:3000", REFUSED),
        ("localhost:8080", "http://localhost", REFUSED),
        ("localhost:8080", "http://127.0.0.1:8080", REFUSED),
        ("localhost:8080", "https://evil.example", REFUSED),
        ("localhost:8080", "https://calls.example.org.evil.example", REFUSED),
        ("localhost:8080", "https://calls.example.org:8443", REFUSED),
        ("localhost:8080", "http://calls.example.org", REFUSED),
        ("localhost:8080", "null", REFUSED),
        ("localhost:8080", "", REFUSED),
        ("localhost:8080", "file://", REFUSED),
        ("localhost:8080", "http://[::", REFUSED),
        ("localhost:8080", "http://localhost:no", REFUSED),
        ("", "http://localhost:8080", REFUSED),
    ],
)
@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_origins(method: str, host: str, origin: str | None, status: int) -> None:
    headers = {"Host": host} | ({} if origin is None else {"Origin": origin})
    async with browser() as client:
        response = await client.request(method, "/api/calls", headers=headers)
    assert response.status_code == status
    if status == REFUSED:
        assert "WEB_PUBLIC_URL" in response.json()["message"]


async def test_what_changes_nothing_is_not_refused() -> None:
    async with browser() as client:
        assert (await client.get("/", headers={"Origin": "https://evil.example"})).status_code == ON


async def test_no_other_site_may_read_or_call(client: httpx.AsyncClient) -> None:
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    for response in (
        await client.get("/api/personas", headers=headers),
        await client.options("/api/calls", headers=headers),
        await client.post("/api/calls", headers=headers, json={"language": "en"}),
    ):
        assert not [name for name in response.headers if name.startswith("access-control-")]
    assert response.status_code == REFUSED
    assert response.headers["x-content-type-options"] == "nosniff"
