"""A scenario in POST /api/calls: it travels to the worker in the dispatch."""

import httpx
import pytest

from malbeot.call import CallRequest
from malbeot.resources import resource
from malbeot.scenario import Scenario, load_scenarios
from support.scripted_livekit import ScriptedLiveKit


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({"about": "Ada,\n a pilot. {{ now }}"}, Scenario(about="Ada, a pilot. now")),
        ("after-a-fall-en", load_scenarios(resource("prompts"))["after-a-fall-en"].scenario),
        (None, None),
    ],
)
async def test_it_reaches_the_worker(
    client: httpx.AsyncClient, livekit: ScriptedLiveKit, chosen: object, expected: Scenario | None
) -> None:
    response = await client.post("/api/calls", json={"language": "en", "scenario": chosen})
    assert response.status_code == 201
    (dispatch,) = livekit.made[response.json()["room"]].agents
    assert CallRequest.from_metadata(dispatch.metadata).scenario == expected


@pytest.mark.parametrize(
    ("chosen", "complaint"),
    [
        ("nobody", "scenario: there is none with this id; there are after-a-fall-en"),
        ("after-a-fall-ko", "scenario: it is in ko, and the companion speaks en; choose another"),
        ({"background": "x" * 301}, "scenario.background: must be at most 300 characters long"),
        ({"who": "Ada"}, "scenario.who: extra inputs are not permitted"),
        (7, "scenario: input should be a valid dictionary"),
    ],
)
async def test_wrong_ones(client: httpx.AsyncClient, chosen: object, complaint: str) -> None:
    response = await client.post("/api/calls", json={"language": "en", "scenario": chosen})
    assert response.status_code == 422
    assert response.json()["message"].startswith(complaint)
