"""The page behind a proxy that brings callers from elsewhere, as infra/caddy sets it up."""

from pathlib import Path
from urllib.parse import urlsplit

from livekit import api

from browser.chromium import caller_page, wait_for_state
from support.caddy import needs_caddy, running_caddy
from support.command import malbeot
from support.stack import free_port, running_stack

pytestmark = needs_caddy


async def test_an_invitation_opens_it_and_nothing_else_does(tmp_path: Path) -> None:
    site = f"127.0.0.1:{free_port()}"
    env = {"WEB_PUBLIC_URL": f"http://{site}", "LIVEKIT_PUBLIC_URL": f"ws://{site}"}
    async with running_stack(tmp_path / "state", roles=("livekit", "web"), env=env) as stack:
        invited = await malbeot("invite", "--for", "Rose", "--days", "7", env=stack.environment)
        link = invited.out.strip()
        assert link.startswith(f"http://{site}/#invite="), invited
        ports = {
            "MALBEOT_SITE": f"http://{site}",
            "MALBEOT_WEB": urlsplit(stack.web_url).netloc,
            "MALBEOT_LIVEKIT": urlsplit(stack.livekit_url).netloc,
            "MALBEOT_TUNNEL_PORT": str(free_port()),
        }
        async with running_caddy(tmp_path, **ports):
            async with caller_page(f"http://{site}/") as page:
                await page.wait_for_selector("#code", state="visible")
                await page.fill("#code", "no-code-is-right")
                await page.click("#call")
                await wait_for_state(page, "failed")
                assert await page.get_attribute("main", "data-problem") == "code-wrong"
            async with caller_page(link) as page:
                assert page.url == f"http://{site}/"
                await page.click("#call")
                await wait_for_state(page, "ringing")
                async with api.LiveKitAPI(stack.livekit_url, stack.api_key, stack.api_secret) as service:
                    (room,) = (await service.room.list_rooms(api.ListRoomsRequest())).rooms
                    here = await service.room.list_participants(api.ListParticipantsRequest(room=room.name))
                assert [them.name for them in here.participants] == ["Rose"]
                await page.click("#hangup")
                await wait_for_state(page, "ended")
