"""A newer version takes over from an older one while both run."""

import shutil
from pathlib import Path

from tests.at_hand import ROOT
from tests.processes import Fleet, fleet

LATER = "9999_later"
REPORTS = 6


def a_newer_version(folder: Path) -> Path:
    """A copy of Tocsin with one more migration."""
    for part in ("bot", "commands", "templates"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "manifest.yml", folder)
    (folder / "bot" / "store" / "migrations" / f"{LATER}.sql").write_text("CREATE TABLE later ();")
    return folder


async def carried_by(fleet: Fleet) -> set[str]:
    """The ids of the processes that have sent a delivery."""
    async with fleet.house.db.transaction() as conn:
        rows = await (await conn.execute("SELECT DISTINCT holder FROM outbox WHERE state = 'sent'")).fetchall()
    return {row["holder"].rpartition(":")[2] for row in rows}


async def declares(fleet: Fleet, title: str) -> None:
    answer = await fleet.declared(f"P1 {title}")
    assert answer.error is None, "whichever process Slack asks, it takes it"


async def test_an_older_version_accepts_requests_and_leaves_the_work_to_a_newer_one(
    database: str, tmp_path: Path
) -> None:
    async with fleet(database, tmp_path) as both:
        (older,) = await both.start()
        await declares(both, "Before the upgrade")
        await both.until(lambda: both.posted("incident:"))
        await both.all_is_there_once()
        assert await carried_by(both) == {str(older.process.pid)}
        async with both.house.db.transaction() as conn:
            await conn.execute("DELETE FROM outbox")

        newer = await both.launch(a_newer_version(tmp_path / "newer"))
        await both.until_connected()
        await both.until(lambda: f"schema={LATER} is newer" in older.said())
        for number in range(REPORTS):
            await declares(both, f"Report {number}")

        await both.until(lambda: len(both.posted("page:")) == REPORTS + 1)
        await both.all_is_there_once()
        assert await carried_by(both) == {str(newer.process.pid)}
        assert older.is_running
        assert await older.stops() == 0
