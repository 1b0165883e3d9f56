"""A server that nothing has to outlive: what is in it may be lost with the power, and it is the quicker for that."""

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

SETTINGS: Mapping[str, str] = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    # Nothing in it lives long enough, and nobody vacuums by these counts.
    "autovacuum": "off",
    "track_counts": "off",
    # Nobody reads the names of processes.
    "update_process_title": "off",
}

# Several databases, and the log of one that has a lot to do.
ENOUGH_ROOM = 2 * 1024**3


def quickest_place() -> Path:
    """In memory, where the system has a place for that: a fresh database is three hundred files, ten times as quick."""
    in_memory = Path("/dev/shm")  # noqa: S108 - what is made in it has a name that cannot be guessed
    room = shutil.disk_usage(in_memory).free if os.access(in_memory, os.W_OK) else 0
    return in_memory if room >= ENOUGH_ROOM else Path(tempfile.gettempdir())
