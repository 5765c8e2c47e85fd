"""Who there is to talk with, and about what."""

from fastapi import APIRouter

from malbeot.web import speech
from malbeot.web.access import TheGuest
from malbeot.web.door import TheDoor

router = APIRouter(prefix="/api")


@router.get("/personas")
async def personas(door: TheDoor, guest: TheGuest) -> list[dict[str, str]]:
    """Whom a call or a typed conversation may name, and the language they speak."""
    return [{"id": p.id, "name": p.name, "language": p.language} for p in door.personas.values()]


@router.get("/scenarios")
async def scenarios(door: TheDoor, guest: TheGuest) -> list[dict[str, str | None]]:
    """What `scenario` in a call or a typed conversation may name, and the language it is written in."""
    return [{"id": s.id, "title": s.title, "language": s.language} for s in door.scenarios.values()]


# The voices are the same beside the personas and in OpenAI's interface.
router.get("/voices")(speech.voices)
