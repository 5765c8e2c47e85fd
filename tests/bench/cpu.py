"""CPU time of the servers that answers cost, whoever asks them."""

from collections.abc import Callable, Collection, Mapping

import psutil


class CpuMeter:
    """Seconds of CPU, user and system, since it was made."""

    def __init__(self, pids: Callable[[], Mapping[str, list[int]]], roles: Collection[str]) -> None:
        """`pids` gives the running processes by role; those of `roles` are measured, which must not end meanwhile."""
        self._pids = pids
        self._roles = roles
        self._before = self._times()

    def spent_s(self) -> dict[str, float]:
        """By role."""
        now = self._times()
        return {
            role: sum(seconds - self._before[role].get(pid, 0.0) for pid, seconds in now[role].items()) for role in now
        }

    def _times(self) -> dict[str, dict[int, float]]:
        running = self._pids()
        return {role: {pid: _seconds(pid) for pid in running[role]} for role in self._roles}


def _seconds(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system
