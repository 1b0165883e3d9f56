"""Tocsin's own database is restored from a shell, by exactly the commands in the documentation."""

import asyncio
import os
import re
import sys
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from bot.store.embedded.server import binaries
from tests.stories.backups.restoring import NewWorld, answered, keep

PAGE = Path(__file__).parents[3] / "docs" / "recovery.md"


def commands() -> str:
    (block,) = re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return str(block)


async def typed(commands: str, **environ: str) -> str:
    """Run commands as a person in a shell would, and return the output."""
    path = f"{Path(sys.executable).parent}:{binaries()}:{os.environ['PATH']}"
    shell = await asyncio.create_subprocess_exec(
        "bash", "-euc", commands, env={"PATH": path, "HOME": environ["TOCSIN_HOME"], **environ},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await shell.communicate()
    assert shell.returncode == 0, said.decode()
    return said.decode()


async def test_the_documented_shell_commands_restore_tocsins_own_database(
    new_world: NewWorld, database: str, tmp_path: Path
) -> None:
    async with new_world(runbook=keep(database, tmp_path)) as world:
        await world.ada.types("/incident declare P3 Before the backup", "#general")
        await world.settled()
        await answered(world, world.ada, "/backup run orders")
        await world.ada.types("/incident declare P3 After the backup", "#general")
        await world.settled()
    (tmp_path / "runbook.yml").write_text(keep(database, tmp_path))
    place = {name: str(value) for name, value in conninfo_to_dict(database).items()}
    own = {"OWN": place["dbname"], "DUMP": str(next((tmp_path / "kept").glob("*.dump"))), "DATABASE_URL": database}
    libpq = {"PGHOST": place["host"], "PGPORT": place.get("port", "5432"), "PGUSER": place["user"]}
    bot = {"TOCSIN_HOME": str(tmp_path), "TOCSIN_RUNBOOK": str(tmp_path / "runbook.yml")}
    said = await typed(commands(), **own, **libpq, **bot)
    before = make_conninfo(database, dbname="tocsin_before")
    try:
        assert "INC-1" in said and "Before the backup" in said
        assert "After the backup" not in said
        with psycopg.connect(before) as conn:
            assert conn.execute("SELECT count(*) FROM incidents").fetchone() == (2,)
    finally:
        with psycopg.connect(make_conninfo(database, dbname="postgres"), autocommit=True) as conn:
            conn.execute("DROP DATABASE IF EXISTS tocsin_before WITH (FORCE)")
