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
    if not _is_here(conn.info.host):
        return None, None, log
    return _absolute(files or own), _absolute(own), log


def why_unseen(host: str, account: str, files: Path | None, own: Path | None) -> str:
    """As in "cannot be seen, for …"; empty when everything is seen.

    `files` and `own` as `folders_of` finds them: the second is never None for who may know it.
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
