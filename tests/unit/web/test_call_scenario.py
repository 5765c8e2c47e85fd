"""A scenario in POST /api/calls: it travels to the worker in the dispatch."""

import httpx
import pytest
from livekit.api import TokenVerifier

from malbeot.call import CallRequest
from malbeot.resources import resource
from malbeot.scenario import Scenario, load_scenarios
from malbeot.settings import Settings


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({"about": "Ada,\n a pilot. {{ now }}"}, Scenario(about="Ada, a pilot. now")),
        ("after-a-fall-en", load_scenarios(resource("prompts"))["after-a-fall-en"].scenario),
        (None, None),
    ],
)
async def test_it_reaches_the_worker(
    client: httpx.AsyncClient, settings: Settings, chosen: object, expected: Scenario | None
) -> None:
    response = await client.post("/api/calls", json={"language": "en", "scenario": chosen})
    assert response.status_code == 201
    claims = TokenVerifier(*settings.livekit_keys).verify(response.json()["token"])
    assert claims.room_config
    assert CallRequest.from_metadata(claims.room_config.agents[0].metadata).scenario == expected


@pytest.mark.parametrize(
    ("chosen", "complaint"),
    [
        ("nobody", "scenario: there is none with this id; there are after-a-fall-en"),
        ({"background": "x" * 301}, "scenario.background: must be at most 300 characters long"),
        ({"who": "Ada"}, "scenario.who: extra inputs are not permitted"),
        (7, "scenario: input should be a valid dictionary"),
    ],
)
async def test_wrong_ones(client: httpx.AsyncClient, chosen: object, complaint: str) -> None:
    response = await client.post("/api/calls", json={"language": "en", "scenario": chosen})
    assert response.status_code == 422
    assert response.json()["message"].startswith(complaint)
