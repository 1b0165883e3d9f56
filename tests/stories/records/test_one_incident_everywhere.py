"""One reopened incident: everything reported about it is recomputed here from the raw rows."""

import csv
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import StringIO
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
import pytest

from bot.cli.exporting import _written
from bot.store.rows import Row
from tests.stories.alerts.monitoring import TOKEN, WITH_ALERTS, alert, watched
from tests.stories.asking import ask
from tests.stories.postmortems.test_postmortems import card
from tests.stories.records.test_records import with_channels
from tests.world import World

NewWorld = Callable[..., AbstractAsyncContextManager[World]]
RESPOND, RESOLVE, UPDATE = timedelta(minutes=10), timedelta(hours=2), timedelta(minutes=30)
PROMISING = (
    WITH_ALERTS.replace(
        "name: Critical\n",
        "name: Critical\n    respond_within: 10m\n    resolve_within: 2h\n    update_every: 30m\n"
        "    postmortem: required\n    tell: [board]\n",
    )
    + "audiences: {board: {slack: ['#team'], automatic: true, template: stakeholder}}\n"
)
NAMES = {"ada": "Ada Obi", "ben": "Ben Moss", "tocsin": "Tocsin"}
LONDON = ZoneInfo("Europe/London")
FIGURE = re.compile(
    r"(?:\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?:\d\d \w{3} \d{4} )?)?\d\d:\d\d (?:BST|GMT)"
    r"|\d+ h(?: \d+ min)?\b|\d+ min\b|\d+ s\b"
)


async def lived(world: World) -> list[tuple[str, str, str]]:
    """Plays the incident; returns what people did as (when, who, kind)."""
    done = []

    async def does(who: str, kind: str, typed: str) -> None:
        done.append((full(world.clock.now()), who, kind))
        await ask(world, who, typed, world.workspace.channel(world.room()))

    async with watched(world) as monitoring:
        await monitoring.fires(alert("DatabaseDown", severity="critical"))
    await world.passes(minutes=15)
    await world.passes(minutes=5)
    await does("ben", "acknowledged", "/escalate ack")
    await world.passes(minutes=5)
    await does("ben", "update", "/incident impact Nobody can pay")
    await does("ben", "update", "/incident update Rolling back")
    await does("ben", "note", "/incident started 14:50")
    await world.passes(minutes=45)
    await does("ben", "note", "/incident mitigated 16:05")
    await does("ben", "resolved", "/incident resolve Rolled back")
    await world.passes(hours=17)
    await does("ben", "reopened", "/incident reopen It is back")
    await world.passes(minutes=3)
    await does("ada", "acknowledged", "/escalate ack")
    await world.passes(minutes=27)
    await does("ada", "resolved", "/incident resolve The index was rebuilt")
    await does("ada", "task", "/incident action @ben Alert on lag by 12 Dec")
    return done


@dataclass(frozen=True)
class Raw:
    """The rows as stored, and what follows from them."""

    incident: Row
    timeline: Sequence[Row]
    pages: Sequence[Row]
    tellings: Sequence[Row]
    # When Slack accepted each of them.
    posted: Sequence[datetime]

    @classmethod
    async def of(cls, world: World) -> "Raw":
        async def rows(table: str, key: str = "incident_id") -> list[Row]:
            found = await conn.execute(f"SELECT * FROM {table} WHERE {key} = 1 ORDER BY id".encode())
            return list(await found.fetchall())

        told = [one for one in world.workspace.messages("#team") if one.user == world.workspace.bot.id]
        posted = [datetime.fromtimestamp(int(float(one.ts)), UTC) for one in told if one.subtype is None]
        async with world.house.db.transaction() as conn:
            [incident] = await rows("incidents", "id")
            updates = await rows("stakeholder_updates")
            return cls(incident, await rows("timeline"), await rows("pages"), updates, posted)

    def at(self, kind: str) -> list[datetime]:
        return [row["at"] for row in self.timeline if row["kind"] == kind]

    @property
    def stretches(self) -> list[tuple[datetime, datetime]]:
        """The intervals during which it was open."""
        return list(zip([self.at("declared")[0], *self.at("reopened")], self.at("resolved"), strict=True))

    @property
    def promises(self) -> list[tuple[str, datetime, datetime]]:
        """(kind, due, fulfilled) of each promise."""
        found = []
        for since, until in self.stretches:
            answered = next(at for at in self.at("acknowledged") if since <= at <= until)
            found += [("respond", since + RESPOND, answered), ("resolve", since + RESOLVE, until)]
        return found

    def answered(self, page: Row) -> datetime | None:
        """When the paged person acknowledged, within the interval the incident was open then."""
        [end] = [until for since, until in self.stretches if since <= page["accepted_at"] <= until]
        mine = [row["at"] for row in self.timeline if row["kind"] == "acknowledged" and row["actor"] == page["person"]]
        return next((at for at in mine if page["accepted_at"] <= at <= end), None)

    @property
    def gaps(self) -> list[tuple[datetime, datetime]]:
        """Gaps: pages unanswered for over five minutes, and updates overdue."""
        answers = self.at("acknowledged") + self.at("resolved")
        waits = [(one["accepted_at"], min(at for at in answers if at >= one["accepted_at"])) for one in self.pages]
        found = [(since, until) for since, until in waits if until - since > timedelta(minutes=5)]
        words = self.at("update") + self.at("told")
        for begin, end in self.stretches:
            said = sorted({begin, end, *(at for at in words if begin <= at <= end)})
            found += [(since, until) for since, until in pairwise(said) if until - since > UPDATE]
        return sorted(found)


def full(at: datetime) -> str:
    return f"{at.astimezone(LONDON):%a %d %b %Y %H:%M %Z}"


def short(at: datetime, begins: datetime) -> str:
    """A short time, with its weekday when it is another day."""
    day = "" if at.astimezone(LONDON).date() == begins.astimezone(LONDON).date() else "%a "
    return at.astimezone(LONDON).strftime(f"{day}%H:%M %Z")


def span(value: timedelta) -> str:
    minutes = int(value.total_seconds()) // 60
    return f"{minutes // 60} h {minutes % 60} min".removesuffix(" 0 min") if minutes >= 60 else f"{minutes} min"


def instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.000Z"


def sections(document: str) -> dict[str, list[str]]:
    """The document's lines by heading; '' = before the first."""
    found: dict[str, list[str]] = {"": []}
    for line in document.splitlines():
        if line.startswith("## "):
            found[line[3:]] = []
        elif line and not line.startswith("### "):
            list(found.values())[-1].append(line)
    return found


def figures(lines: Sequence[str]) -> list[list[str]]:
    """The times and durations in each line."""
    return [FIGURE.findall(line) for line in lines]


@pytest.fixture
async def town(new_world: NewWorld) -> AsyncIterator[World]:
    async with new_world(runbook=PROMISING, prepare=with_channels, ALERTS_TOKEN=TOKEN, API_TOKEN="lookout") as world:
        yield world


async def read(world: World, path: str, accept: str = "application/json") -> Any:
    headers = {"Authorization": "Bearer lookout", "Accept": accept}
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.get(f"http://127.0.0.1:{world.app.port}/api/v1/{path}") as answer,
    ):
        return await answer.json() if accept == "application/json" else await answer.text()


async def test_every_report_about_an_incident_agrees_with_the_raw_rows(town: World) -> None:
    done = await lived(town)
    raw = await Raw.of(town)
    deeds = [(full(row["at"]), row["actor"], row["kind"]) for row in raw.timeline if row["actor"] != "tocsin"]
    assert deeds == done
    assert [span(until - since) for since, until in raw.stretches] == ["1 h 10 min", "30 min"]

    await town.ada.presses("As a file", card(town))
    await town.settled()
    [document] = [(one.content or b"").decode() for one in town.workspace.files.values()]
    of_the_document(sections(document), raw)
    record = await town.house.records.of(1)
    of_the_export(sections(town.house.documents.markdown(record)), raw)
    of_the_table(town.house.documents.table(record), raw)
    shown = await read(town, "incidents/INC-1")
    of_the_api(shown, raw)
    written = json.loads(_written(town.house, record, "json"))
    assert {name: written[name] for name in shown} == shown
    of_the_numbers(await read(town, "stats"), raw)
    of_the_numbers_said(await ask(town, "ben", "/incident stats"), await read(town, "stats", "text/csv"), raw)
    assert "1 hour 40 minutes" in town.said_in("#team")[-1]


def milestones(raw: Raw) -> dict[str, datetime]:
    incident = raw.incident
    return {
        "started": incident["started_at"], "detected": incident["alerted_at"] or incident["declared_at"],
        "declared": raw.at("declared")[0], "acknowledged": raw.at("acknowledged")[0],
        "mitigated": raw.at("resolved")[-1], "resolved": raw.at("resolved")[-1],
    }  # fmt: skip


def of_the_document(found: Mapping[str, Sequence[str]], raw: Raw) -> None:
    times = milestones(raw)
    head = [line for line in found[""] if FIGURE.search(line)]
    closed = raw.stretches[1][0] - raw.stretches[0][1]
    lasted = times["resolved"] - times["started"] - closed
    assert figures(head) == [*([full(at)] for at in times.values()), [span(lasted), span(closed)]]
    assert (span(lasted), span(closed)) == ("1 h 50 min", "17 h")

    assert figures(found["Promises"]) == [[full(by), full(at)] for _, by, at in raw.promises]
    missed = ["missed" in line for line in found["Promises"]]
    assert missed == [at > by for _, by, at in raw.promises] == [True, False, False, False]

    assert [line[: len(full(row["at"])) + 2] for line, row in zip(found["Timeline"], raw.timeline, strict=True)] == [
        f"- {full(row['at'])}" for row in raw.timeline
    ]
    assert all(
        f" {NAMES[row['actor']]}, {row['kind']}" in line
        for line, row in zip(found["Timeline"], raw.timeline, strict=True)
    )
    assert figures(found["Pages"]) == [list(of_a_page(page, raw)) for page in raw.pages]
    told = [
        [full(one["created_at"]), short(at, one["created_at"])]
        for one, at in zip(raw.tellings, raw.posted, strict=True)
    ]
    assert figures(found["Updates to audiences"]) == told and len(told) == 4
    assert figures(found["Gaps"]) == [
        [full(since), span(until - since)] if "page" in line else
        [full(since), short(until, since), span(until - since)]
        for line, (since, until) in zip(found["Gaps"], raw.gaps, strict=True)
    ]  # fmt: skip
    assert figures(found["Alerts"]) == [[full(times["detected"])]] and "still firing" in found["Alerts"][0]
    assert figures(found["Actions"][2:]) == [["Sat 12 Dec 2026 17:00 GMT"]]
    elsewhere = [name for name in found if name and not name.endswith("?") and FIGURE.search("\n".join(found[name]))]
    assert elsewhere == ["Promises", "Timeline", "Alerts", "Pages", "Updates to audiences", "Gaps", "Actions"]


def of_a_page(page: Row, raw: Raw) -> Iterator[str]:
    yield full(page["due_at"])
    yield short(page["accepted_at"], page["due_at"])
    if at := raw.answered(page):
        yield short(at, page["due_at"])


def of_the_export(found: Mapping[str, Sequence[str]], raw: Raw) -> None:
    assert figures(found["Milestones"][2:]) == [[full(at)] for at in milestones(raw).values()]
    assert figures(found["Promises"]) == [[full(by), full(at)] for _, by, at in raw.promises]
    assert [line[: len(full(row["at"])) + 2] for line, row in zip(found["Timeline"], raw.timeline, strict=True)] == [
        f"- {full(row['at'])}" for row in raw.timeline
    ]
    assert [FIGURE.findall(line)[0] for line in found["Pages"]] == [full(page["due_at"]) for page in raw.pages]
    quoted = [line.removeprefix(">").strip() for line in found["Updates to audiences"] if line.startswith(">")]
    assert [words for words in quoted if words] == [
        words for one in raw.tellings for words in (one["subject"], *one["text"].splitlines()) if words
    ]


def of_the_table(table: str, raw: Raw) -> None:
    rows = list(csv.DictReader(StringIO(table)))

    def of(section: str) -> list[tuple[str, str]]:
        return [(row["at"], row["kind"]) for row in rows if row["section"] == section]

    assert of("milestone") == [(instant(at), name) for name, at in milestones(raw).items()]
    assert of("timeline") == [(instant(row["at"]), row["kind"]) for row in raw.timeline]
    assert of("promise") == [
        (instant(at), f"{kind}: {'kept' if at <= by else 'missed'}") for kind, by, at in raw.promises
    ]
    assert [at for at, _ in of("page")] == [instant(page["due_at"]) for page in raw.pages]
    assert [at for at, _ in of("telling")] == [instant(at) for at in raw.posted]


def of_the_api(shown: Mapping[str, Any], raw: Raw) -> None:
    # Who acknowledged it since the reopening; earlier acknowledgements are in the timeline.
    times = milestones(raw) | {"acknowledged": raw.at("acknowledged")[-1]}
    assert {name: shown[f"{name}_at"] for name in times} == {name: instant(at) for name, at in times.items()}
    assert [(one["at"], one["kind"], one["actor"]) for one in shown["timeline"]] == [
        (instant(row["at"]), row["kind"], row["actor"]) for row in raw.timeline
    ]
    assert [(one["person"], one["accepted_at"]) for one in shown["pages"]] == [
        (page["person"], instant(page["accepted_at"])) for page in raw.pages
    ]
    assert [one["sent_at"] for one in shown["tellings"]] == [instant(at) for at in raw.posted]


def of_the_numbers(found: Mapping[str, Any], raw: Raw) -> None:
    times = milestones(raw)
    pairs = {
        "detect": ("started", "detected"), "acknowledge": ("declared", "acknowledged"),
        "mitigate": ("detected", "mitigated"), "resolve": ("started", "resolved"),
    }  # fmt: skip
    for name, (since, until) in pairs.items():
        took = (times[until] - times[since]).total_seconds()
        assert found["times"][name] == {"n": 1, "median_s": took, "mean_s": took, "p90_s": took}
        assert found["times_by_severity"]["P1"][name] == found["times"][name]
    for name, kind in (("acknowledged", "respond"), ("resolved", "resolve")):
        kept = [at <= by for what, by, at in raw.promises if what == kind]
        assert found["promises"][name] == {"kept": sum(kept), "missed": len(kept) - sum(kept), "open": 0}
    waits = [
        until - since
        for begin, end in raw.stretches
        for since, until in pairwise(sorted([begin, *(at for at in raw.at("update") if begin <= at <= end), end]))
    ]
    late = sum(wait > UPDATE for wait in waits)
    assert found["promises"]["updates"] == {"kept": len(waits) - late, "missed": late, "open": 0}
    assert {one["person"]: (one["pages"], one["answered"]) for one in found["people"]} == {
        who: (
            sum(page["person"] == who for page in raw.pages),
            sum(row["kind"] == "acknowledged" and row["actor"] == who for row in raw.timeline),
        )
        for who in ("ada", "ben")
    }
    assert found["incidents"]["count"] == found["incidents"]["reopened"] == found["noise"]["tied"] == 1


def of_the_numbers_said(said: str, table: str, raw: Raw) -> None:
    times = milestones(raw)
    for since, until in (("started", "detected"), ("declared", "acknowledged"), ("started", "resolved")):
        assert f": {span(times[until] - times[since])} ·" in said
    assert "acknowledged in time: 1 of 2" in said and "resolved in time: 2 of 2" in said
    rows = {(row["section"], row["name"], row["measure"]): row["value"] for row in csv.DictReader(StringIO(table))}
    assert (rows["promises", "acknowledged", "kept"], rows["promises", "acknowledged", "missed"]) == ("1", "1")
    assert rows["times", "resolve", "median_s"] == str((times["resolved"] - times["started"]).total_seconds())
