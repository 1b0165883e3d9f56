"""An incident of five thousand entries: its files are complete, and messages stay within Slack's limits."""

import csv
import json
from dataclasses import replace
from io import StringIO

from bot.cli.exporting import _written
from bot.services.postmortems.drafts import MOST_ALERTS
from tests.stories.asking import ask, declared
from tests.world import World

ENTRIES = 5_000
ALERTS = MOST_ALERTS + 50


async def test_a_long_incidents_files_are_complete_and_its_messages_fit(world: World) -> None:
    room = await declared(world)
    async with world.house.db.transaction() as conn:
        await conn.execute(
            "INSERT INTO timeline (incident_id, at, actor, kind, text)"
            " SELECT 1, %s::timestamptz + n * interval '1 s', 'U0EVE', 'note',"
            " 'step ' || n || repeat(' of a long night', 5)"
            " FROM generate_series(1, %s) n",
            (world.clock.now(), ENTRIES),
        )
        await conn.execute(
            "INSERT INTO alert_groups (source, key, opened_at, incident_id) VALUES ('generic', 'storm', %s, 1)",
            (world.clock.now(),),
        )
        await conn.execute(
            "INSERT INTO alerts (group_id, source, fingerprint, title, description, labels, level, flagged, count,"
            " first_at, risen_at, last_at)"
            " SELECT g.id, 'generic', 'f' || n, 'Node ' || n, '', '{}', 'high', false, 1, at, at, at"
            " FROM alert_groups g, generate_series(1, %s) n, (SELECT %s::timestamptz AS at) now",
            (ALERTS, world.clock.now()),
        )
    record = await world.house.records.of(1)
    text, whole, table = (_written(world.house, record, kind) for kind in ("md", "json", "csv"))
    for number in (1, ENTRIES // 2, ENTRIES):
        assert f"step {number} of a long night" in text
    steps = [one["text"] for one in json.loads(whole)["timeline"] if one["text"].startswith("step ")]
    assert len(steps) == ENTRIES and steps[-1].startswith(f"step {ENTRIES} ")
    rows = [row for row in csv.DictReader(StringIO(table)) if row["text"].startswith("step ")]
    assert [row["text"] for row in rows] == steps

    await ask(world, "ada", "/incident export", room)
    [file] = [file for file in world.workspace.files.values() if room.id in file.channels]
    assert file.content is not None and f"step {ENTRIES} " in file.content.decode()
    assert await ask(world, "ada", "/incident timeline", room)
    await world.ada.opens_home()
    await world.settled()
    assert world.ada.home() is not None

    await ask(world, "ada", "/incident resolve over", room)
    await ask(world, "ada", "/incident postmortem", room)
    draft = await world.house.postmortem_drafts.document(1, 0)
    assert f"first {MOST_ALERTS} are listed; 50 more" in draft and "more aren't" not in text
    assert world.workspace.complaints == []


async def test_a_file_says_how_many_alerts_it_omits(world: World) -> None:
    await declared(world)
    at = world.clock.now()
    alert = {"title": "Node", "level": "high", "count": 1, "since": at, "until": None, "in_all": 10_003}
    record = replace(await world.house.records.of(1), alerts=[alert] * 3)
    assert "The first 3 are listed; 10000 more aren't." in _written(world.house, record, "md")
    assert json.loads(_written(world.house, record, "json"))["alerts_left_out"] == 10_000
    assert "10000 more" in _written(world.house, record, "csv")
