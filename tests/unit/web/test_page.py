"""What is served beside calls: the page, health, personas, and the headers of all of them."""

from pathlib import Path

import httpx
import pytest


def build(static: Path) -> None:
    (static / "assets").mkdir(parents=True)
    (static / "index.html").write_text("<!doctype html>")
    (static / "assets" / "index-abc.js").write_text("")


async def test_health(client: httpx.AsyncClient) -> None:
    response = await client.get("/health")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


async def test_personas(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/personas")).json() == [
        {"id": "en", "name": "June", "language": "en"},
        {"id": "ko", "name": "다솜", "language": "ko"},
    ]


async def test_a_page_that_is_not_built_says_how_to_build_it(client: httpx.AsyncClient, static: Path) -> None:
    response = await client.get("/")
    assert response.status_code == 503
    assert "make page" in response.text
    assert response.text.count("\n") == 1

    build(static)
    page = await client.get("/")
    assert (page.status_code, page.text) == (200, "<!doctype html>")
    assert page.headers["cache-control"] == "no-cache"
    assert "immutable" in (await client.get("/assets/index-abc.js")).headers["cache-control"]
    missing = await client.get("/assets/index-old.js")
    assert (missing.status_code, missing.json()) == (404, {"message": "Not Found"})
    assert missing.headers["cache-control"] == "no-cache"


async def test_nothing_outside_the_page_is_served(client: httpx.AsyncClient, static: Path) -> None:
    build(static)
    (static.parent / "secret").write_text("secret")
    assert (await client.get("/%2e%2e/secret")).status_code == 404


@pytest.mark.parametrize("path", ["/", "/health", "/api/personas", "/nowhere"])
async def test_headers(client: httpx.AsyncClient, path: str) -> None:
    headers = (await client.get(path)).headers
    policy = dict(part.partition(" ")[::2] for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["connect-src"] == "'self' ws://livekit.example:7880 http://livekit.example:7880"
    assert policy["frame-ancestors"] == "'none'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["permissions-policy"] == "microphone=(self), camera=(self), geolocation=()"
    assert "strict-transport-security" not in headers, "without TLS it would mean nothing"


async def test_tokens_are_kept_in_no_cache(client: httpx.AsyncClient) -> None:
    response = await client.post("/api/calls", json={"language": "en"})
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/api/personas/", "/v1/models/"])
async def test_a_slash_too_many_leads_nowhere(client: httpx.AsyncClient, path: str) -> None:
    response = await client.get(path, headers={"Host": "evil.example"})
    assert response.status_code not in range(300, 400)
    assert "location" not in response.headers
