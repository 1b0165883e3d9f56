"""The disks a restore fills: the database's tablespace, and the one with the server's WAL."""

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from bot.dumpers import postgresql_restore as restoring
from bot.dumpers._postgresql_disks import disks_at, why_unseen
from tests.dumpers.conftest import a_backup
from tests.servers import server_of


def test_a_disk_is_listed_once_and_an_invisible_one_not_at_all(tmp_path: Path) -> None:
    other = Path("/dev")
    assert other.stat().st_dev != tmp_path.stat().st_dev
    assert [(disk.holds, disk.log) for disk in disks_at(tmp_path, other, 7)] == [(True, 0), (False, 7)]
    assert [(disk.holds, disk.log) for disk in disks_at(tmp_path, tmp_path, 7)] == [(True, 7)]
    assert [(disk.holds, disk.log) for disk in disks_at(tmp_path, None, 7)] == [(True, 0)]
    assert disks_at(None, None, 7) == [] == disks_at(tmp_path / "away", None, 7)


def test_the_advice_for_an_invisible_disk_would_make_it_visible(tmp_path: Path) -> None:
    away, grant = tmp_path / "away", "GRANT pg_read_all_settings TO keeper"
    assert "another machine" in why_unseen("db.example.com", "keeper", None, None)
    assert grant in why_unseen("/run/postgresql", "keeper", None, None)
    for host in ("localhost", "::1"):
        said = why_unseen(host, "keeper", tmp_path, None)
        assert "log" in said and grant in said
    for files, own in ((away, away), (away, tmp_path), (tmp_path, away)):
        said = why_unseen("127.0.0.1", "keeper", files, own)
        assert str(away) in said and grant not in said
    assert why_unseen("127.0.0.1", "keeper", tmp_path, tmp_path) == ""


@pytest.fixture
def entrance() -> Iterator[str]:
    with server_of(18) as address:
        yield address


async def test_an_account_that_may_not_read_the_data_directory_still_sees_the_databases_tablespace(
    entrance: str,
) -> None:
    spare = folder_beside(Path(entrance.partition("host=")[2]))
    shop = a_backup(entrance.replace("postgres@/postgres", "keeper@/shop"))
    with psycopg.connect(entrance, autocommit=True) as conn:
        conn.execute("CREATE ROLE keeper LOGIN")
        conn.execute("CREATE DATABASE shop OWNER keeper")
        assert await restoring.disks(shop) == []
        assert "GRANT pg_read_all_settings TO keeper" in await restoring.unseen(shop)
        conn.execute("GRANT pg_read_all_settings TO keeper")
        assert [(disk.holds, disk.log > 0) for disk in await restoring.disks(shop)] == [(True, True)]
        assert await restoring.unseen(shop) == ""
        conn.execute("REVOKE pg_read_all_settings FROM keeper")
        conn.execute(f"CREATE TABLESPACE spare LOCATION '{spare}'".encode())
        conn.execute("ALTER DATABASE shop SET TABLESPACE spare")
        assert [(disk.holds, disk.log) for disk in await restoring.disks(shop)] == [(True, 0)]
        assert "where its log grows" in await restoring.unseen(shop)


def folder_beside(socket: Path) -> Path:
    """A folder owned by the server's account."""
    made = socket.parent / "spare"
    made.mkdir()
    os.chown(made, socket.stat().st_uid, socket.stat().st_gid)
    return made
