"""Finds the disks that a PostgreSQL database and the server's log grow on, if they can be seen from here."""

import shutil
from pathlib import Path

from psycopg import AsyncConnection

from bot.dumpers import FreeSpace
from bot.dumpers._statements import Statements

SQL = Statements(__file__)

OWN_HOSTS = ("localhost", "127.0.0.1", "::1")


async def folders_of(conn: AsyncConnection, database: str) -> tuple[Path | None, Path | None, int]:
    """The folder of that database's files, the folder of the server's log, and how many bytes the log may grow to
    between checkpoints.

    A folder is None if it's on another machine, or if this account may not know it.
    """
    row = await (await conn.execute(SQL("folders"), {"name": database})).fetchone()
    assert row
    files, own, log = row
    if not _is_here(conn.info.host):
        return None, None, log
    return _absolute(files or own), _absolute(own), log


def why_unseen(host: str, account: str, files: Path | None, own: Path | None) -> str:
    """The reason, as in "cannot be seen, for …"; empty if everything can be seen.

    `files` and `own` are from `folders_of`; `own` is None only if the account may not know it.
    """
    if not _is_here(host):
        return "its server is on another machine"
    if own is None:
        where = "where its log grows" if files else "where its files are"
        return f"its account may not know {where}: GRANT pg_read_all_settings TO {account}"
    away = next((folder for folder in (files, own) if folder and not _is_open(folder)), None)
    return f"there is no {away} here that this process may look at" if away else ""


def _is_here(host: str) -> bool:
    return host.startswith("/") or host in OWN_HOSTS


def _is_open(folder: Path) -> bool:
    try:
        shutil.disk_usage(folder)
    except OSError:
        return False
    return True


def disks_at(files: Path | None, own: Path | None, log: int) -> list[FreeSpace]:
    """Each disk once; without those that this process may not look at."""
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
    """None for a relative path: a tablespace inside the server's own folder is relative to it."""
    return Path(folder) if folder and folder.startswith("/") else None
