"""Which replica is asked first, and why none spoke."""

import time
from collections.abc import Mapping, Sequence

from livekit.agents import APIConnectionError, APIError

from .breaker import State
from .errors import combined
from .lease import Record
from .replica import Replica
from .voice import Voice


def choose(replicas: Sequence[Replica], voice: Voice, others_failed: bool) -> list[tuple[Replica, Record]]:
    """Those of `replicas` that may be asked to speak `voice`, best first, whether they are free or not.

    Replicas that are left alone are asked only where all are and none has been tried: then the one that failed longest
    ago is first.
    """
    now_s = time.time()
    able = [(replica, record) for replica in replicas if (record := replica.look()).can_speak(voice)]
    usable = [(replica, record) for replica, record in able if record.breaker.state(now_s) is not State.OPEN]
    if usable:
        return sorted(usable, key=lambda choice: _rank(choice[1], voice, now_s))
    return [] if others_failed else sorted(able, key=lambda choice: choice[1].breaker.failed_at_s)


def why_none(replicas: Sequence[Replica], voice: Voice, failed: Mapping[Replica, APIError]) -> APIError:
    """One error that names each replica and its reason."""
    if len(replicas) == 1 and failed:
        return failed[replicas[0]]
    reasons = [failed[replica].message if replica in failed else _why_not(replica, voice) for replica in replicas]
    if not any(replica.look().can_speak(voice) for replica in replicas):
        return APIConnectionError("no voice replica spoke: " + "; ".join(reasons), retryable=False)
    return combined(reasons, list(failed.values()))


def _why_not(replica: Replica, voice: Voice) -> str:
    """A line on why `replica` was not asked."""
    record, now_s = replica.look(), time.time()
    if not record.can_speak(voice):
        return f"{replica.name} was switched to the weights of another voice, and this voice names none"
    if record.breaker.state(now_s) is State.OPEN:
        rest_s = record.breaker.open_until_s - now_s
        return f"{replica.name} is left alone for {rest_s:.0f} s more after {record.breaker.failures} failures"
    return f"{replica.name} is busy with other speech"


def _rank(record: Record, voice: Voice, now_s: float) -> tuple[bool, bool, bool, int, bool, float]:
    """Sound ones first; of those, such as hold the weights; then such as no other voice has spoken with, which needs
    their weights; then by failures, by whether the language is warm, and by how long ago they were used."""
    holds = record.holds(voice)
    return (
        record.breaker.state(now_s) is State.HALF_OPEN,
        not holds,
        not holds and bool(record.gpt_weights or record.warm),
        record.breaker.failures,
        not record.is_warm(voice),
        record.used_at_s,
    )
