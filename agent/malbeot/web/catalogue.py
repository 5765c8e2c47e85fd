"""Who there is to talk with."""

from fastapi import APIRouter

from malbeot.web.door import TheDoor

router = APIRouter(prefix="/api")


@router.get("/personas")
async def personas(door: TheDoor) -> list[dict[str, str]]:
    return [{"id": p.id, "name": p.name, "language": p.language} for p in door.personas.values()]
