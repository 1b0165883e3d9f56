"""A server for disposable data: a power failure may lose it, which makes it faster."""

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
    # Nothing in it lives long enough, and nothing uses these counts.
    "autovacuum": "off",
    "track_counts": "off",
    # Nobody reads the process titles.
    "update_process_title": "off",
}

# Several databases, and the log of a busy one.
ENOUGH_ROOM = 2 * 1024**3


def quickest_place() -> Path:
    """In memory, where the system offers that: a new database is three hundred files, and ten times as fast."""
    in_memory = Path("/dev/shm")  # noqa: S108 - what is made in it has a name that cannot be guessed
    room = shutil.disk_usage(in_memory).free if os.access(in_memory, os.W_OK) else 0
    return in_memory if room >= ENOUGH_ROOM else Path(tempfile.gettempdir())
