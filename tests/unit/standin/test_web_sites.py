"""A web site that is open in a browser of this machine has no voice server on it, and cannot end one."""

import aiohttp
import pytest

from support.standin import Standin


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://site.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Host": "site.example"},
        {"Host": "site.example:9880"},
        {"Host": "127.0.0.1.site.example"},
        {"Host": ""},
    ],
)
async def test_it_is_refused(quick: Standin, headers: dict[str, str]) -> None:
    async with aiohttp.ClientSession() as browser:
        async with browser.get(f"{quick.url}/control?command=exit", headers=headers) as response:
            assert response.status == 403
        async with browser.get(quick.url) as response:
            assert response.status == 200, "it has ended"


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "none"}, {"Host": "localhost:9880"}, {"Host": "[::1]"}])
async def test_a_person_who_types_its_address_is_answered(quick: Standin, headers: dict[str, str]) -> None:
    async with aiohttp.ClientSession() as browser, browser.get(quick.url, headers=headers) as response:
        assert response.status == 200
