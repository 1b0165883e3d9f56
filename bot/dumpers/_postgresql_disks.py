"""The disks that a PostgreSQL database and the server's own log grow on, where they can be seen from here."""

import shutil
from pathlib import Path

from psycopg import AsyncConnection

from bot.dumpers import FreeSpace
from bot.dumpers._statements import Statements

SQL = Statements(__file__)

OWN_HOSTS = ("localhost", "127.0.0.1", "::1")


async def folders_of(conn: AsyncConnection, database: str) -> tuple[Path | None, Path | None, int]:
    """Where that database has its files, where the server has its log, and how many bytes that grows to in between.

    None = it is on another machine, or this account may not know it.
    """
    row = await (await conn.execute(SQL("folders"), {"name": database})).fetchone()
    assert row
    files, own, log = row
    if not (conn.info.host.startswith("/") or conn.info.host in OWN_HOSTS):
        return None, None, log
    return _absolute(files or own), _absolute(own), log


def disks_at(files: Path | None, own: Path | None, log: int) -> list[FreeSpace]:
    """Each once. One that this process may not look at is left out."""
    found: dict[int, FreeSpace] = {}
    for folder, is_log in ((files, False), (own, True)):
        try:
            if folder is None:
                continue
            device, disk = folder.stat().st_dev, shutil.disk_usage(folder)
        except OSError:
            continue
        holds = not is_log or device in found
        found[device] = FreeSpace(disk.total, disk.free, holds=holds, log=log if is_log else 0)
    return list(found.values())


def _absolute(folder: str | None) -> Path | None:
    """A tablespace within the server's own folder is named from there."""
    return Path(folder) if folder and folder.startswith("/") else None
