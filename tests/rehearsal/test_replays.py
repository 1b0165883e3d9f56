"""Replaying a past incident from its export under today's runbook: who was paged then, and who would be now."""

import json
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bot.domain.errors import Refused
from bot.rehearsal import Hall, as_replay
from bot.runbook import Runbook
from bot.scenarios import PastIncident, load_past, replay_of
from tests.world import RUNBOOK, example_runbook

NIGHT = "2026-03-03T"
TIMELINE = (
    ("02:10:04.250Z", "eve", "declared", "Payments failing"),
    ("02:10:04.300Z", "tocsin", "escalated", "On-call: Ada Obi"),
    ("02:20:00Z", "cleo", "severity", "P2 → P1 (worse)"),
    ("02:41:10.100Z", "ben", "acknowledged", ""),
    ("03:05:00Z", "ben", "resolved", "rolled back"),
)
PAGES = (
    ("ada", "slack", "02:10:04.250Z", "02:10:05Z"),
    ("ben", "sms", "02:40:04.250Z", "02:40:06Z"),
    ("cleo", "slack", "02:40:30Z", None),
)


def exported(**other: Any) -> Mapping[str, Any]:
    return {
        "ref": "INC-12", "title": "Payments failing", "severity": "P1", "drill": False,
        "declared_at": f"{NIGHT}02:10:04.250Z",
        "timeline": [{"at": NIGHT + at, "actor": who, "kind": kind, "text": text} for at, who, kind, text in TIMELINE],
        "pages": [
            {"person": who, "via": via, "due_at": NIGHT + due, "accepted_at": NIGHT + at if at else None}
            for who, via, due, at in PAGES
        ],
        **other,
    }  # fmt: skip


@pytest.fixture
def runbook() -> Runbook:
    return example_runbook(RUNBOOK)


async def test_peoples_actions_are_repeated_and_every_page_is_compared(
    database: str, tmp_path: Path, runbook: Runbook
) -> None:
    async def new() -> str:
        return database

    replay = replay_of(PastIncident.model_validate(exported()), runbook)
    said = as_replay(replay, await Hall(tmp_path, new).play(replay.script, runbook))

    assert "Note: eve is not in this runbook: Ada Obi acts instead." in said
    assert "INC-1 is declared: Payments failing (P2)" in said
    rows = [" ".join(line.split()) for line in said.partition("Then ")[2].splitlines()[1:]]
    assert rows[:4] == [
        "Ada Obi in Slack 02:10 02:10",
        "Ada Obi in Slack - 02:20",
        "Ben Moss in Slack - 02:35",
        "Ben Moss by text 02:40 -",
    ]
    assert "1 of 4 pages would be the same." in said
    assert "02:41  Ben Moss types /escalate ack" in said


def test_when_a_schedule_begins_later_the_replay_uses_the_same_weekday_and_time(runbook: Runbook) -> None:
    late = "schedules:\n  primary: {people: [ada, ben], rotates: weekly, starts: 2026-04-01}\ntiers:"
    past = PastIncident.model_validate(exported(severity="P7", timeline=[]))
    replay = replay_of(past, example_runbook(RUNBOOK.replace("tiers:", late, 1)))

    begins = replay.script.scenario.begins
    assert begins is not None
    # The clocks went forward in between.
    local = begins.astimezone(runbook.timezone)
    assert (local.date(), local.strftime("%A %H:%M")) == (date(2026, 4, 7), "Tuesday 02:10")
    assert [note.partition(":")[0] for note in replay.notes] == [
        "A schedule begins on 01 Apr 2026",
        "P7 is not a severity of this runbook",
    ]


def test_people_paged_by_hand_are_paged_again_and_not_a_tier_instead(runbook: Runbook) -> None:
    called = [
        {"at": f"{NIGHT}02:1{minute}:00Z", "actor": "ada", "kind": "escalated", "text": text}
        for minute, text in enumerate(["Ben Moss (knows the database)", "Lead: Ben Moss", "Gone Away"], 1)
    ]
    replay = replay_of(PastIncident.model_validate(exported(timeline=called)), runbook)
    deeds = [step.deed.words for step in replay.script.scenario.script if step.deed]
    assert deeds[1:] == ["/escalate ben", "/escalate"]
    assert replay.notes == ("Gone Away was called by hand and is not in this runbook: nobody is called instead.",)


def test_an_odd_title_is_played_as_one_line(runbook: Runbook) -> None:
    past = PastIncident.model_validate(exported(title="Pay\x01ments\n" + "failing" * 30, timeline=[]))
    scenario = replay_of(past, runbook).script.scenario
    assert scenario.title.startswith("INC-12 Pay ments failing")
    assert scenario.script[0].deed and "\x01" not in scenario.script[0].deed.words


@pytest.mark.parametrize("content", ["", "[]", '{"ref": 3}', json.dumps(exported(declared_at="yesterday"))])
def test_a_file_that_is_no_export_is_explained_in_a_sentence(content: str, tmp_path: Path) -> None:
    (tmp_path / "past.json").write_text(content)
    with pytest.raises(Refused, match=r"isn't an exported incident.*tocsin export INC-12 --format json"):
        load_past(tmp_path / "past.json")
    with pytest.raises(Refused, match="isn't an exported incident"):
        (tmp_path / "past.json").write_text(json.dumps(exported(declared_at="0001-01-01T00:00:00+14:00")))
        load_past(tmp_path / "past.json")
    with pytest.raises(Refused, match="cannot be read"):
        load_past(tmp_path / "other.json")


@pytest.mark.parametrize(
    "title", ["\U0001f525 It burns \U0001f9d1\u200d\U0001f692", "\U0001fae8\U000f0000", "", "\u200b", "a\nb"]
)
def test_an_incident_with_any_title_can_be_replayed(title: str, runbook: Runbook) -> None:
    replay = replay_of(PastIncident.model_validate(exported(title=title)), runbook)
    first = replay.script.scenario.script[0].deed
    assert first and re.fullmatch(r"/incident declare P2 \S.*", first.words)


def test_an_export_of_thousands_of_entries_is_read(tmp_path: Path, runbook: Runbook) -> None:
    note = {"at": f"{NIGHT}02:30:00Z", "actor": "ada", "kind": "note", "text": "x" * 1000}
    past = exported()
    path = tmp_path / "long.json"
    path.write_text(json.dumps({**past, "timeline": [*past["timeline"], *[note] * 5000]}))
    assert len(replay_of(load_past(path), runbook).script.scenario.script) == 4
