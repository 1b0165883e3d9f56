"""Describes the machine, because results of two machines, or of a busy and an idle one, can't be compared."""

import os
import platform
import statistics
import subprocess
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bot.store.embedded.place import binaries

SYNCS = 50


@dataclass(frozen=True)
class Machine:
    """`load`: the average number of runnable processes in the minute before. `sync_ms`: the duration of a durable
    write."""

    cpu: str
    cores: int
    python: str
    postgresql: str
    sync_ms: float
    load: float

    def __str__(self) -> str:
        return (
            f"{self.cpu}, {self.cores} cores; Python {self.python}; PostgreSQL {self.postgresql}; "
            f"a write made durable in {self.sync_ms:.2f} ms; load average before: {self.load:.2f}"
        )


def machine(scratch: Path) -> Machine:
    """The machine at this moment; `scratch` is a folder on the disk that will be written to."""
    load = os.getloadavg()[0]
    return Machine(_cpu(), os.cpu_count() or 1, platform.python_version(), _postgresql(), _sync_ms(scratch), load)


@cache
def _cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return next(iter(models), platform.processor() or platform.machine())


@cache
def _postgresql() -> str:
    """The version of the embedded PostgreSQL."""
    folder = binaries()
    if folder is None:
        return "(none)"
    said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    return said.split()[-1]


def _sync_ms(folder: Path) -> float:
    """What each commit has to wait for: the median time to write 8 KiB and fdatasync."""
    path = folder / "sync"
    taken = []
    with path.open("wb", buffering=0) as file:
        for _ in range(SYNCS):
            began = time.perf_counter()
            file.write(bytes(8192))
            os.fdatasync(file.fileno())
            taken.append((time.perf_counter() - began) * 1000)
    path.unlink()
    return statistics.median(taken)
