"""NVIDIA GPUs of this machine, as `nvidia-smi` tells them."""

import asyncio
import csv
import subprocess
from dataclasses import dataclass

_QUERY = ["nvidia-smi", "--query-gpu=name,memory.total,memory.free", "--format=csv,noheader,nounits"]
_TIMEOUT_S = 5.0
"""A healthy driver answers within a second; one that hangs shall not hold the report."""
_MIB_PER_GB = 1024


@dataclass(frozen=True)
class Gpu:
    """One card. Memory in GB of 2^30 bytes."""

    name: str
    total_gb: float
    free_gb: float


async def gpus() -> list[Gpu]:
    """Every card with its memory; none where `nvidia-smi` is missing, fails or gives no figures."""
    return await asyncio.to_thread(_ask)


def _ask() -> list[Gpu]:
    try:
        told = subprocess.run(_QUERY, capture_output=True, text=True, timeout=_TIMEOUT_S, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    found = []
    for row in csv.reader(told.splitlines(), skipinitialspace=True):
        try:
            name, total, free = row
            found.append(Gpu(name, float(total) / _MIB_PER_GB, float(free) / _MIB_PER_GB))
        except ValueError:  # "[N/A]": memory that the card shares with the processor
            continue
    return found
