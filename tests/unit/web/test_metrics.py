"""/metrics: what was answered, by route, and never by what a request said."""

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from malbeot.persona_choice import load_all
from malbeot.settings import Settings
from malbeot.web.app import create_app


async def figures(client: httpx.AsyncClient) -> dict[tuple[str, tuple[str, ...]], float]:
    """Every figure by its name and its labels' values."""
    response = await client.get("/metrics")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain; version=")
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


@asynccontextmanager
async def asking(settings: Settings, static: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A service with these settings, asked from this machine."""
    app = create_app(settings, load_all(settings), static=static)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, client=("127.0.0.1", 50000))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8080") as client:
            yield client


async def test_requests_are_counted_by_route_method_and_status(client: httpx.AsyncClient) -> None:
    for _ in range(3):
        await client.get("/health")
    await client.get("/api/calls")
    told = await figures(client)
    assert told["malbeot_web_requests_total", ("GET", "/health", "200")] == 3
    assert told["malbeot_web_requests_total", ("GET", "/api/calls", "405")] == 1
    assert told["malbeot_web_first_byte_seconds_count", ("GET", "/health")] == 3
    assert 0 < told["malbeot_web_first_byte_seconds_sum", ("GET", "/health")] < 3


@pytest.mark.parametrize("path", ["/nowhere", "/api/nowhere", "/Ottilie", "/assets/index-abc.js", "/health/Ottilie"])
async def test_what_was_asked_for_is_in_no_label(client: httpx.AsyncClient, path: str) -> None:
    await client.get(path, params={"name": "Ottilie"})
    await client.request("OTTILIE", "/health")
    told = await figures(client)
    assert not any("Ottilie" in label or "OTTILIE" in label or "nowhere" in label for _, key in told for label in key)
    assert sum(value for (name, key), value in told.items() if name.endswith("requests_total") and "other" in key) == 2


async def test_calls_are_counted_by_what_became_of_them(settings: Settings, static: Path, unused_tcp_port: int) -> None:
    one_place = settings.model_copy(update={"max_calls": 1})
    async with asking(one_place, static) as client:
        for language, status in (("xx", 422), ("en", 201), ("ko", 503), ("en", 503)):
            assert (await client.post("/api/calls", json={"language": language})).status_code == status
        told = await figures(client)
    assert told["malbeot_places_taken", ()] == told["malbeot_places", ()] == 1
    expected = {"invalid": 1, "admitted": 1, "full": 2, "no server": 0, "no access": 0, "too often": 0, "other": 0}
    assert {key[0]: value for (name, key), value in told.items() if name == "malbeot_web_calls_total"} == expected

    nobody = settings.model_copy(
        update={"livekit_url": f"ws://127.0.0.1:{unused_tcp_port}", "malbeot_state": settings.malbeot_state / "other"}
    )
    async with asking(nobody, static) as client:
        assert (await client.post("/api/calls", json={"language": "en"})).status_code == 503
        told = await figures(client)
    assert told["malbeot_web_calls_total", ("no server",)] == 1
    assert told["malbeot_web_calls_total", ("full",)] == 0
    assert math.isnan(told["malbeot_places_taken", ()])


async def test_who_may_not_call_is_counted_so(client: httpx.AsyncClient) -> None:
    from_elsewhere = {"X-Forwarded-For": "192.0.2.7"}
    refused = await client.post("/api/calls", json={"language": "en"}, headers=from_elsewhere)
    assert refused.status_code == 401
    assert (await figures(client))["malbeot_web_calls_total", ("no access",)] == 1


async def test_another_sites_page_never_got_as_far_as_a_call(client: httpx.AsyncClient) -> None:
    headers = {"Origin": "https://another.example"}
    assert (await client.post("/api/calls", json={"language": "en"}, headers=headers)).status_code == 403
    told = await figures(client)
    assert told["malbeot_web_requests_total", ("POST", "other", "403")] == 1
    assert not any(value for (name, _), value in told.items() if name == "malbeot_web_calls_total")


async def test_places(client: httpx.AsyncClient, settings: Settings) -> None:
    assert (await figures(client))["malbeot_places", ()] == settings.max_calls


async def test_each_application_counts_for_itself(client: httpx.AsyncClient) -> None:
    told = await figures(client)
    assert not any(name == "malbeot_web_requests_total" for name, _ in told)
