"""The service held to its own description by schemathesis: valid, invalid and odd requests to every operation."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from support.openapi_hooks import KNOWN
from support.scripted_llm import scripted_model
from support.stack import Stack, running_stack
from support.standin import running_standin

pytestmark = pytest.mark.servers

CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
    "negative_data_rejection",
    "unsupported_method",
]
"""Not `positive_data_acceptance`: which personas there are, and what is a name, no schema says."""
CONFIG = """
[checks]
not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", "502", "503", "504"]
"""
"""Without its servers the service says so, and these statuses are held to the description as well; 500 never is."""
EXAMPLES = 25
"""Requests to each operation and in each phase."""
WITHIN_S = 120
TESTS = Path(__file__).parents[1]


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    with running_standin(piper=False) as voice:
        async with scripted_model() as model:
            env = {**model.environment, "GPT_SOVITS_URLS": voice.url, "STAND_IN_URL": voice.url}
            async with running_stack(tmp_path_factory.mktemp("state"), roles=("livekit", "web"), env=env) as running:
                yield running


async def test_every_answer_is_one_that_is_described(service: Stack, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{service.web_url}/openapi.json"]
    command += ["--checks", ",".join(CHECKS), "--phases", "examples,coverage,fuzzing"]
    command += ["--max-examples", str(EXAMPLES), "--seed", "1", "--generation-deterministic"]
    command += ["--continue-on-failure", "--request-timeout", "20", "--no-color", "--warnings", "off"]
    (tmp_path / "schemathesis.toml").write_text(CONFIG)
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(TESTS), "SCHEMATHESIS_HOOKS": "support.openapi_hooks"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(WITHIN_S):
            out, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, out.decode()
    for path in KNOWN:
        assert await answered(service, path) >= EXAMPLES / 2, f"{path} refused nearly everything"


async def answered(service: Stack, path: str) -> float:
    """How many requests there were to `path` that got what they asked for."""
    async with httpx.AsyncClient(base_url=service.web_url, trust_env=False) as client:
        told = (await client.get("/metrics")).text
    samples = [sample for family in text_string_to_metric_families(told) for sample in family.samples]
    wanted = {"route": path, "method": "POST", "status": "200"}
    return sum(s.value for s in samples if s.name == "malbeot_web_requests_total" and s.labels == wanted)


async def test_every_route_is_described_and_every_refusal_has_a_form(service: Stack) -> None:
    async with httpx.AsyncClient(base_url=service.web_url, trust_env=False) as client:
        document = (await client.get("/openapi.json")).json()
    expected = {"/health", "/ready", "/metrics", "/api/personas", "/api/voices", "/api/scenarios", "/api/calls"}
    assert expected <= document["paths"].keys()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for status, response in operation["responses"].items():
                if status >= "400" and (path, status) != ("/ready", "503"):
                    needed = "error" if path.startswith("/v1/") and status != "403" else "message"
                    name = response["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
                    assert needed in document["components"]["schemas"][name]["required"], (method, path, status)
    calling = document["paths"]["/api/calls"]["post"]
    assert {"201", "401", "422", "429"} <= calling["responses"].keys()
    assert {"bearer": []} in calling["security"]
    assert {"bearer": []} in document["paths"]["/api/scenarios"]["get"]["security"]
    assert {"409", "429"} <= document["paths"]["/v1/chat/completions"]["post"]["responses"].keys()


@pytest.mark.parametrize("path", ["/api/calls", "/v1/chat/completions"])
async def test_refusals_before_a_route_is_reached_are_those_described(service: Stack, path: str) -> None:
    async with httpx.AsyncClient(base_url=service.web_url, trust_env=False) as client:
        responses = (await client.get("/openapi.json")).json()["paths"][path]["post"]["responses"]
        strange = await client.post(path, json={}, headers={"Origin": "https://another.example"})
        large = await client.post(path, content=b"x" * (5 << 20), headers={"Content-Type": "application/json"})
    assert (strange.status_code, large.status_code) == (403, 413)
    form = responses["413"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    assert (form, large.json().keys()) == (("OpenAIRefusal", {"error"}) if "/v1/" in path else ("Refusal", {"message"}))
    assert responses["403"]["content"]["application/json"]["schema"]["$ref"].endswith("/Refusal")
    assert strange.json().keys() == {"message"}
