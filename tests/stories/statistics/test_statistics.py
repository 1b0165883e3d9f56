"""Statistics of a period, in Slack and the API, recomputed here independently from the raw rows."""

import csv
import random
import statistics
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
import pytest

from bot.store.pipelined import Connection
from tests.stories.asking import ask, declared, whispered
from tests.stories.postmortems.test_postmortems import card
from tests.world import BEGINNING, RUNBOOK, World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]
TOKEN = "lookout"
LONDON = ZoneInfo("Europe/London")
PROMISING = RUNBOOK.replace("name: Critical\n", "name: Critical\n    respond_within: 10m\n    update_every: 30m\n")


@pytest.fixture
async def town(new_world: NewWorld) -> AsyncIterator[World]:
    async with new_world(runbook=PROMISING, API_TOKEN=TOKEN) as world:
        yield world


async def read(world: World, query: str = "", accept: str = "application/json", status: int = 200) -> Any:
    headers = {"Authorization": f"Bearer {TOKEN}", "Accept": accept}
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.get(f"http://127.0.0.1:{world.app.port}/api/v1/stats{query}") as answer,
    ):
        assert answer.status == status
        return await answer.text() if accept == "text/csv" else await answer.json()


async def test_slack_and_the_api_show_the_same_numbers_for_what_was_done(town: World) -> None:
    room = await declared(town)
    await town.passes(minutes=5)
    await ask(town, "ada", "/escalate ack", room)
    await town.passes(minutes=15)
    await ask(town, "ada", "/incident update Looking", room)
    await ask(town, "ada", "/incident started 14:50", room)
    await town.passes(minutes=40)
    await ask(town, "ada", "/incident resolve", room)
    await ask(town, "eve", "/incident drill P1 What if")
    await ask(town, "eve", "/incident private P2 Passport scans")

    found = await read(town)
    assert found["incidents"] == {
        "count": 2, "open": 1, "reopened": 0, "by_severity": {"P1": 1, "P2": 1}, "by_source": {"person": 2},
        "by_hour": {"15": 1, "16": 1},
    }  # fmt: skip
    minute = {"n": 1, "median_s": 300.0, "mean_s": 300.0, "p90_s": 300.0}
    assert found["times"]["acknowledge"] == minute
    assert found["times"]["detect"]["n"] == 2 and found["times_by_severity"]["P1"]["detect"]["mean_s"] == 600.0
    assert found["times"]["resolve"]["median_s"] == 70 * 60
    assert found["promises"]["acknowledged"] == {"kept": 1, "missed": 0, "open": 0}
    # Twenty minutes until the update, and forty from it to the end.
    assert found["promises"]["updates"] == {"kept": 1, "missed": 1, "open": 0}
    # She was paged for the private one too, but that is one of its private details.
    assert [(one["person"], one["pages"], one["answered"]) for one in found["people"]] == [("ada", 1, 1)]
    assert found["left_out"] == {"drills": 1, "private_without_details": 1, "unresolved": 1}

    rows = list(csv.DictReader(StringIO(await read(town, accept="text/csv"))))
    assert {"section": "times", "name": "acknowledge", "measure": "median_s", "value": "300.0"} in rows
    said = await ask(town, "eve", "/incident stats")
    for words in (
        "*2 incidents*",
        "to acknowledge: 5 min · 5 min · 5 min · 1",
        "of which 1 counts as detected at once",
        "1 of 2 (50%)",
        "Ada Obi: 1",
        "1 drill ·",
    ):
        assert words in said
    assert "Passport" not in said
    alts = [block["alt_text"] for one in whispered(town, "eve", "#general") for block in one.blocks or ()
            if block["type"] == "image"]  # fmt: skip
    assert alts[-2].endswith(": 15:00 1, 16:00 1.") and "to acknowledge median 5 min" in alts[-1]
    pictures = [file for file in town.workspace.files.values() if file.name.endswith(".png")]
    assert [file.name for file in pictures] == ["hours-30d.png", "times-30d.png"]
    assert all(file.content and file.content.startswith(b"\x89PNG") for file in pictures)


async def test_resolving_an_unacknowledged_incident_counts_as_answering_the_page(town: World) -> None:
    room = await declared(town)
    await town.passes(minutes=4)
    await ask(town, "ada", "/incident resolve A false alarm", room)
    assert "*Acknowledged* <!date^1786025040^" in words_of(town.card())
    [ada] = (await read(town))["people"]
    assert (ada["person"], ada["answered"], ada["answer_median_s"]) == ("ada", 1, 240.0)
    assert "Ada Obi: 1; answered 1, within 4 min" in await ask(town, "ada", "/incident stats")
    await town.passes(minutes=1)
    await ask(town, "ada", "/incident reopen It is back", room)
    await town.passes(minutes=2)
    await ask(town, "eve", "/escalate ack", room)
    await town.passes(minutes=1)
    await ask(town, "ada", "/incident resolve Rebuilt", room)
    [ada] = (await read(town))["people"]
    assert (ada["pages"], ada["answered"]) == (2, 1)

    await ask(town, "ada", "/incident postmortem", room)
    await town.ada.presses("As a file", card(town))
    await town.settled()
    [document] = [one.content.decode() for one in town.workspace.files.values() if ".md" in one.name and one.content]
    told = [line.rpartition("Slack: ")[2] for line in document.splitlines() if "by Slack: accepted" in line]
    assert told == ["accepted 15:00 BST; acknowledged 15:04 BST", "accepted 15:05 BST"]


async def test_updates_are_owed_while_an_incident_is_open_even_if_none_is_ever_written(town: World) -> None:
    room = await declared(town)
    await town.passes(minutes=20)
    assert (await read(town))["promises"]["updates"] == {"kept": 0, "missed": 0, "open": 1}
    await ask(town, "ada", "/incident resolve", room)
    await town.passes(hours=10)
    await ask(town, "ada", "/incident reopen again", room)
    await town.passes(hours=3)
    assert (await read(town))["promises"]["updates"] == {"kept": 1, "missed": 1, "open": 0}


async def test_an_invalid_period_is_refused(town: World) -> None:
    assert "a period" in await ask(town, "eve", "/incident stats soon")
    for wrong in ("?days=0", "?days=x", "?days=-1", "?days=99999999999999999999", "?days=1e3"):
        assert (await read(town, wrong, status=400))["error"]
    assert (await read(town, "?period=soon", status=400))["error"]
    assert (await read(town, "?days=3660"))["incidents"]["count"] == 0
    assert (await read(town, "?period=2026-Q3"))["period"]["name"] == "2026-Q3"
    assert "*0 incidents*" in await ask(town, "eve", "/incident stats 2026")
    assert "nothing to count in 0000" in await ask(town, "eve", "/incident stats 0000")


async def test_every_number_agrees_with_the_raw_rows(town: World) -> None:
    """A few hundred random incidents, recomputed here row by row."""
    async with town.house.db.transaction() as conn:
        made = await live_through(conn, random.Random(7), 300)
    found = await read(town, "?days=365")
    counted = [one for one in made if not one["drill"] and one["declared_at"] >= BEGINNING - timedelta(days=365)]
    assert 0 < len(counted) < len(made)
    assert found["incidents"]["by_severity"] == dict(Counter(one["severity"] for one in counted).most_common())
    hours = Counter(one["declared_at"].astimezone(LONDON).hour for one in counted)
    assert found["incidents"]["by_hour"] == {str(hour): hours[hour] for hour in sorted(hours)}
    assert found["times"] == {
        "detect": spread([one["detected_at"] - one["started_at"] for one in counted]),
        "acknowledge": spread(
            [one["acknowledged_at"] - one["declared_at"] for one in counted if one["acknowledged_at"]]
        ),
        "mitigate": spread([one["resolved_at"] - one["detected_at"] for one in counted if one["resolved_at"]]),
        "resolve": spread([one["resolved_at"] - one["started_at"] for one in counted if one["resolved_at"]]),
    }
    [ada] = found["people"]
    steps = {(one["id"], step): min(at) for one in counted for step, at in one["pages"].items()}
    local = [at.astimezone(LONDON) for at in steps.values()]
    assert ada["pages"] == len(local)
    assert ada["at_night"] == sum(at.hour >= 22 or at.hour < 7 for at in local)
    assert ada["at_weekends"] == sum(at.weekday() >= 5 for at in local)
    answers = [one["acknowledged_at"] - min(one["pages"][0]) for one in counted if one["acknowledged_at"]]
    assert (ada["answered"], ada["answer_median_s"]) == (len(answers), round(seconds(statistics.median(answers)), 3))


def spread(spans: Sequence[timedelta]) -> dict[str, Any]:
    took = sorted(seconds(span) for span in spans)
    place = 0.9 * (len(took) - 1)
    low, share = int(place), place - int(place)
    p90 = took[low] + share * (took[min(low + 1, len(took) - 1)] - took[low])
    figures = {"median_s": statistics.median(took), "mean_s": statistics.fmean(took), "p90_s": p90}
    return {"n": len(took), **{name: pytest.approx(value, abs=0.002) for name, value in figures.items()}}


def seconds(span: timedelta) -> float:
    return span.total_seconds()


async def live_through(conn: Connection, chance: random.Random, count: int) -> list[dict[str, Any]]:
    """Random incidents of the last two years, each with its pages by step number."""
    made = []
    for number in range(count):
        declared_at = BEGINNING - timedelta(seconds=chance.uniform(0, 2 * 365 * 86400))
        detected_at = declared_at - timedelta(seconds=chance.choice([0, chance.uniform(0, 3600)]))
        started_at = detected_at - timedelta(seconds=chance.choice([0, chance.uniform(0, 36000)]))
        acknowledged_at = declared_at + timedelta(seconds=chance.uniform(60, 3600)) if chance.random() < 0.9 else None
        resolved_at = declared_at + timedelta(seconds=chance.uniform(3600, 90000)) if acknowledged_at else None
        one = {
            "severity": chance.choice(["P1", "P2", "P3", "GONE"]), "drill": chance.random() < 0.1,
            "declared_at": declared_at, "detected_at": detected_at, "started_at": started_at,
            "acknowledged_at": acknowledged_at, "resolved_at": resolved_at,
        }  # fmt: skip
        row = await put(conn, "incidents", {
            **one, "title": f"No. {number}", "status": "x", "declared_by": "ada", "mitigated_at": resolved_at,
            "first_acknowledged_at": acknowledged_at,
        })  # fmt: skip
        one |= {"id": row, "pages": await paged(conn, chance, row, declared_at)}
        if acknowledged_at:
            entry = {"incident_id": row, "at": acknowledged_at, "actor": "ada", "kind": "acknowledged", "text": ""}
            await put(conn, "timeline", entry)
        made.append(one)
    return made


async def paged(
    conn: Connection, chance: random.Random, incident: int, since: datetime
) -> Mapping[int, list[datetime]]:
    """The first step's pages at once; each step by one or two ways."""
    steps: dict[int, list[datetime]] = {}
    for step in range(chance.choice([1, 1, 2])):
        for via in ("slack", "sms")[: chance.choice([1, 2])]:
            at = since + timedelta(seconds=step * 900 + chance.uniform(0, 30))
            await put(conn, "pages", {
                "incident_id": incident, "run": 1, "loop": 0, "step": step, "person": "ada", "via": via, "contact": "",
                "state": "accepted", "due_at": since, "accepted_at": at,
            })  # fmt: skip
            steps.setdefault(step, []).append(at)
    return steps


async def put(conn: Connection, table: str, values: Mapping[str, Any]) -> int:
    names, places = ", ".join(values), ", ".join(f"%({name})s" for name in values)
    made = await conn.execute(f"INSERT INTO {table} ({names}) VALUES ({places}) RETURNING id".encode(), values)
    row = await made.fetchone()
    assert row is not None and UTC
    return int(row["id"])
