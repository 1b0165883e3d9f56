"""An incident exported as a file: in its room, and from a shell."""

import csv
import json
from io import StringIO
from pathlib import Path

from psycopg import AsyncConnection

from bot.cli.exporting import _written
from bot.scenarios import PastIncident
from tests.commandline import tocsin
from tests.stories.asking import ask, declared
from tests.world import RUNBOOK, World


async def lived(world: World) -> str:
    """Plays a resolved incident with a bit of everything; returns its Markdown."""
    room = await declared(world, words="P1 Payments <failing> | #1")
    await world.passes(minutes=5)
    await ask(world, "ada", "/escalate ack", room)
    await ask(world, "ada", "/incident note # not a heading `code` <@U0BEN>\n| not a table", room)
    await ask(world, "ada", "/incident task @ben =1+1 restart", room)
    await world.passes(minutes=5)
    await ask(world, "ada", "/incident started 14:50", room)
    await ask(world, "ada", "/incident resolve rolled back", room)
    text: str = world.house.documents.markdown(await world.house.records.of(1))
    return text


async def test_the_file_in_the_room_has_milestones_a_timeline_by_phase_and_escapes_typed_text(
    world: World,
) -> None:
    text = await lived(world)
    room = world.workspace.channel(world.room())
    assert "Markdown file" in await ask(world, "ada", "/incident export", room)
    [file] = [file for file in world.workspace.files.values() if room.id in file.channels]
    assert file.name.startswith("inc-1-export-") and file.name.endswith(".md")
    assert file.content is not None and file.content.decode().strip() == text.strip().replace("<@U0EVE>", "Eve Lind")
    lines = text.splitlines()
    assert lines[0] == r"# INC-1 Payments \<failing> \| #1"
    assert [line for line in lines if line.startswith("### ")] == ["### Declared", "### Acknowledged", "### Resolved"]
    assert "| Started | Thu 06 Aug 2026 14:50 BST |" in lines
    assert any(r": \# not a heading \`code\` \<@U0BEN>" in line for line in lines) and r"  \| not a table" in lines
    assert any("On-call" in line or "(oncall) by Slack: accepted" in line for line in lines)
    assert text == world.house.documents.markdown(await world.house.records.of(1))


async def test_a_table_has_a_row_for_every_entry_and_page_and_no_formulas(world: World) -> None:
    await lived(world)
    record = await world.house.records.of(1)
    rows = list(csv.DictReader(StringIO(world.house.documents.table(record))))
    by_section = [row["section"] for row in rows]
    assert by_section.count("timeline") == len(record.timeline) and by_section.count("page") == len(record.pages)
    assert by_section.count("milestone") == 6
    [task] = [row for row in rows if row["section"] == "task"]
    assert task["text"] == "'=1+1 restart"
    assert {row["phase"] for row in rows if row["kind"] == "declared" and row["section"] == "timeline"} == {"declared"}


async def test_a_shell_exports_private_incidents_completely(world: World) -> None:
    await ask(world, "eve", "/incident private P1 Passport scans")
    record = await world.house.records.of(1)
    found = json.loads(_written(world.house, record, "json"))
    assert (found["title"], len(found["timeline"])) == ("Passport scans", len(record.timeline))
    # Everything a replay needs is in it.
    past = PastIncident.model_validate(found)
    assert (past.declared_as, len(past.pages)) == ("P1", len(record.pages))


async def test_all_incidents_are_exported_into_a_folder_one_file_each(tmp_path: Path, database: str) -> None:
    at_home = {"DATABASE_URL": database, "TOCSIN_RUNBOOK": str(tmp_path / "runbook.yml")}
    (tmp_path / "runbook.yml").write_text(RUNBOOK)
    await tocsin("declare", "--drill", "P1", "Payments", at=tmp_path, **at_home)
    printed = await tocsin("export", "INC-1", at=tmp_path, **at_home)
    assert printed.out.startswith("# DRILL: INC-1 Payments\n"), printed
    done = await tocsin("export", "--all", "--format", "csv", "--to", "kept", at=tmp_path, **at_home)
    assert done.code == 0 and (tmp_path / "kept" / "inc-1.csv").read_text().startswith("section,at,phase,")
    async with await AsyncConnection.connect(database, autocommit=True) as conn:
        await conn.execute("UPDATE incidents SET private = true")
    without = await tocsin("export", "--all", "--to", "public", at=tmp_path, **at_home)
    assert without.out.strip() == "0 incidents written to public; 1 private left out (--private writes them too)"
    await tocsin("export", "--all", "--private", "--to", "public", at=tmp_path, **at_home)
    secret = tmp_path / "public" / "inc-1.md"
    assert "| Private | yes |" in secret.read_text() and not secret.stat().st_mode & 0o077
    for alone in (["--to", "kept"], ["--private"]):
        said = await tocsin("export", "INC-1", *alone, at=tmp_path, **at_home)
        assert said.code == 2 and "go with --all" in said.err and not said.out
    assert (await tocsin("export", "INC-9", at=tmp_path, **at_home)).code == 1
    nowhere = await tocsin("export", "--all", "--private", "--to", "runbook.yml/kept", at=tmp_path, **at_home)
    assert nowhere.code == 1 and "runbook.yml/kept cannot be written: Not a directory." in nowhere.err
