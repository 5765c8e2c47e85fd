"""`malbeot voices list`: each voice, and which replica holds it."""

from collections.abc import Sequence

from livekit.agents import utils
from livekit.plugins import gpt_sovits

from malbeot.persona_choice import all_voices
from malbeot.settings import Settings
from malbeot.voices.schema import Voice

_HEAD = ("voice", "languages", "weights", "fallback", "replica", "state", "holds it", "warm")


async def show(settings: Settings) -> int:
    """Prints the table, and why a replica does not answer; 0 where one is up, else 1. Raises `SettingsError`."""
    voices = list(all_voices(settings).values())
    replicas = await statuses(settings.gpt_sovits_urls)
    rows: list[tuple[str, ...]] = [_HEAD]
    for voice in voices:
        names: tuple[str, ...] = (voice.id, ", ".join(voice.languages), _weights(voice), voice.fallback)
        for replica in replicas:
            rows.append((*names, replica.url, _state(replica), *_readiness(replica, voice)))
            names = ("", "", "", "")
    print("\n".join(table(rows)))
    for replica in replicas:
        if not replica.alive:
            print(f"{replica.url}: {replica.why_not}")
    return 0 if any(_state(replica) != "down" for replica in replicas) else 1


async def statuses(urls: Sequence[str]) -> list[gpt_sovits.ReplicaStatus]:
    """What is known of each replica. Asks whether it is up, and makes no sound."""
    async with utils.http_context.open():
        pool = gpt_sovits.Pool(urls, http=utils.http_context.http_session)
        return await pool.status()


def holds(replica: gpt_sovits.ReplicaStatus, voice: Voice) -> str:
    """Whether it speaks `voice` without loading weights: "yes", "no" or, where nothing here tells, "unknown"."""
    if not voice.gpt_weights:
        return "no" if replica.switched else "yes"
    held = (replica.gpt_weights, replica.sovits_weights)
    if held == ("", ""):
        return "unknown"
    return "yes" if held == (voice.gpt_weights, voice.sovits_weights) else "no"


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """The rows as lines, their columns aligned."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _weights(voice: Voice) -> str:
    if not (voice.gpt_weights and voice.sovits_weights):
        return "the server's"
    return " + ".join(path.rsplit("/", 1)[-1] for path in (voice.gpt_weights, voice.sovits_weights))


def _state(replica: gpt_sovits.ReplicaStatus) -> str:
    if not replica.alive:
        return "busy" if replica.busy else "down"
    if replica.breaker != "closed":
        return f"up, breaker {replica.breaker}"
    return "up, busy" if replica.busy else "up"


def _readiness(replica: gpt_sovits.ReplicaStatus, voice: Voice) -> tuple[str, str]:
    """Whether it holds the voice, and in which languages it is warm."""
    if _state(replica) == "down":
        return "-", "-"
    held = holds(replica, voice)
    warm = [language for language in voice.languages if language in replica.warm]
    return held, ", ".join(warm) if warm and held == "yes" else "no"
