"""Peak memory of every process that takes part, sampled while they work."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import psutil

_EVERY_S = 0.5
_MIB = 2**20


@dataclass
class _Peak:
    role: str
    uss: int = 0
    pss: int = 0


class MemorySampler:
    """Takes unique (USS) and proportional (PSS) set sizes twice a second.

    PSS shares what processes have in common between them, so that a sum of it counts nothing twice.
    """

    def __init__(self, pids: Callable[[], Mapping[str, list[int]]]) -> None:
        """`pids` gives the running processes by role, the parent first."""
        self._pids = pids
        self._peaks: dict[int, _Peak] = {}
        self._largest_sum = 0

    async def run(self) -> None:
        """Samples until it is cancelled. Reading takes a thread and 1 to 5 ms a process."""
        while True:
            await asyncio.to_thread(self._sample)
            await asyncio.sleep(_EVERY_S)

    def _sample(self) -> None:
        total = 0
        for role, pids in self._pids().items():
            for pid in pids:
                try:
                    process = psutil.Process(pid)
                    memory = process.memory_full_info()
                    peak = self._peaks.setdefault(pid, _Peak(_role(role, process, pids[0])))
                except psutil.Error:
                    continue
                peak.uss, peak.pss = max(peak.uss, memory.uss), max(peak.pss, memory.pss)
                total += memory.pss
        self._largest_sum = max(self._largest_sum, total)

    def as_json(self) -> dict[str, Any]:
        """By role, in MiB: how many processes there were, the largest one's peaks, and the largest sum at one time."""
        roles: dict[str, list[_Peak]] = {}
        for peak in self._peaks.values():
            roles.setdefault(peak.role, []).append(peak)
        return {
            "roles": {
                role: {
                    "processes": len(peaks),
                    "peak_uss_mib": round(max(peak.uss for peak in peaks) / _MIB),
                    "peak_pss_mib": round(max(peak.pss for peak in peaks) / _MIB),
                }
                for role, peaks in roles.items()
            },
            "peak_sum_pss_mib": round(self._largest_sum / _MIB),
        }


def _role(role: str, process: psutil.Process, parent: int) -> str:
    """Tells a server's helpers from it: Ollama's model runners, and the worker's processes, one for each call."""
    if process.pid == parent:
        return role
    if role == "ollama":
        return "ollama: model runner"
    if process.ppid() == parent:
        helper = "resource tracker" if "resource_tracker" in " ".join(process.cmdline()) else "process factory"
        return f"{role}: {helper}"
    return f"{role}: call process"
