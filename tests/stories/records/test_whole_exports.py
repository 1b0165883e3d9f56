"""One reopened incident, played and exported: every format contains all that was done."""

import csv
import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from io import StringIO
from typing import Any

from bot.cli.exporting import _written
from tests.stories.asking import ask, declared
from tests.stories.checks.website import a_website
from tests.stories.postmortems.test_postmortems import card
from tests.stories.procedures.room import skip
from tests.world import RUNBOOK, World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]
WHOLE = (
    RUNBOOK.replace(
        "    user_facing: true\n",
        "    user_facing: true\n    postmortem: required\n    respond_within: 15m\n    resolve_within: 1h\n",
    )
    + """
audiences:
  clients: {slack: ["#general"], template: client}
checklists:
  triage: ["Is the site up?", Are services running?]
procedures:
  pool: {title: Connection pool, steps: [Restart it, Look again]}
"""
)


async def lived(world: World) -> None:
    """Acknowledged in time, reopened, acknowledged too late, resolved in time; with all an incident may have."""
    room = await declared(world, "P1 Search is down")
    await world.passes(minutes=5)
    await ask(world, "ada", "/escalate ack", room)
    await ask(world, "ada", "/incident lead @ben", room)
    await ask(world, "ada", "/incident task @ben Restart it 30m", room)
    triage = next(one for one in world.workspace.messages(room.id) if "Is the site up?" in words_of(one))
    await world.ada.ticks("Is the site up?", triage)
    await world.settled()
    await ask(world, "ada", "/incident runbook pool", room)
    await skip(world, "ada", "it is new")
    await ask(world, "ben", "/incident tell clients", room)
    await world.ben.submits(values={"text": "Search is down. We are on it."})
    await world.settled()
    await ask(world, "ben", "/incident impact Nobody finds anything", room)
    await ask(world, "eve", "/incident resolve The index", room)
    await world.passes(minutes=30)
    await ask(world, "eve", "/incident reopen It is back", room)
    await world.passes(minutes=20)
    await ask(world, "ada", "/escalate ack", room)
    await ask(world, "eve", "/incident resolve Rebuilt", room)
    await world.ada.presses("Edit", card(world))
    await world.settled()
    await world.ada.submits(values={"Root cause": "The index was full"})
    await world.settled()
    await ask(world, "eve", "/incident action @ada Alert on lag https://tracker.example.com/7 by 12 Dec", room)


async def exported(world: World) -> tuple[str, dict[str, Any], list[dict[str, str]]]:
    """Markdown, JSON, and the rows of the table."""
    record = await world.house.records.of(1)
    said = {kind: _written(world.house, record, kind) for kind in ("md", "json", "csv")}
    again = await world.house.records.of(1)
    assert all(_written(world.house, again, kind) == text for kind, text in said.items())
    return said["md"], json.loads(said["json"]), list(csv.DictReader(StringIO(said["csv"])))


async def test_each_format_has_all_that_was_done_even_before_the_reopening(new_world: NewWorld) -> None:
    async with new_world(runbook=WHOLE) as world:
        await lived(world)
        text, whole, rows = await exported(world)

    promised = [("respond", "kept"), ("resolve", "kept"), ("respond", "missed"), ("resolve", "kept")]
    assert [(one["what"], one["outcome"]) for one in whole["promises"]] == promised
    assert [row["kind"] for row in of(rows, "promise")] == [f"{what}: {outcome}" for what, outcome in promised]
    assert [line.rpartition(": ")[2].split(" ")[0] for line in within(text, "Promises")] == [one for _, one in promised]

    assert (whole["declared_by"], whole["resolved_by"], whole["roles"]) == ("U0EVE", "U0EVE", {"lead": "ben"})
    assert (whole["summary"], whole["impact"], whole["private"]) == ("Rebuilt", "Nobody finds anything", False)
    facts = {row["kind"]: row["text"] or row["actor"] for row in of(rows, "incident")}
    assert (facts["summary"], facts["declared by"], facts["drill"], facts["private"]) == (
        "Rebuilt",
        "U0EVE",
        "no",
        "no",
    )

    boxes = {"Is the site up?": "done", "Are services running?": "open"}
    assert {row["text"]: row["kind"].removeprefix("triage: ") for row in of(rows, "checklist")} == boxes
    assert {
        one["what"]: "done" if one["done_by"] == "ada" else "open" for one in whole["checklists"]["triage"]
    } == boxes
    assert [line[:5] for line in within(text, "Checklists")] == ["- [x]", "- [ ]"]

    assert [(one["what"], one["why"]) for one in whole["skipped_steps"]] == [("Restart it", "it is new")]
    assert [row["kind"] for row in of(rows, "procedure")] == ["pool: skipped", "pool: not done"]
    assert "- [ ] **Skipped:** Restart it (skipped" in text

    [task], [action] = of(rows, "task"), of(rows, "action")
    assert (task["text"], task["due"]) == ("Restart it", "2026-08-06T14:35:00.000Z")
    assert (action["due"], action["link"]) == (whole["actions"][0]["due_at"], "https://tracker.example.com/7")
    assert [row["text"] for row in of(rows, "telling")] == [one["text"] for one in whole["texts"]]
    assert "We are on it" in whole["texts"][0]["text"]

    assert {"heading": "Root cause", "text": "The index was full"} in whole["postmortem_sections"]
    assert ("Root cause (version 1)", "The index was full") in [(row["kind"], row["text"]) for row in rows]
    assert "### Root cause\n\nThe index was full" in text
    assert len(of(rows, "timeline")) == len(whole["timeline"]) and len(of(rows, "page")) == len(whole["pages"])


async def test_the_data_breach_deadline_is_in_every_format(new_world: NewWorld) -> None:
    async with new_world(runbook=WHOLE) as world:
        await ask(world, "ada", "/incident private P1 List copied")
        await ask(world, "ada", "/incident breach INC-1 1 hour ago")
        text, whole, rows = await exported(world)
    assert whole["breach"]["notify_by"] == "2026-08-09T13:00:00.000Z" and whole["breach"]["notified_at"] is None
    assert [(row["kind"], row["due"]) for row in of(rows, "breach")] == [("detected", "2026-08-09T13:00:00.000Z")]
    assert "## Data breach" in text and "| Private | yes |" in text


async def test_a_post_mortem_says_by_phase_what_happened_how_long_checks_were_down_and_what_was_kept(
    new_world: NewWorld,
) -> None:
    async with a_website() as website:
        health = f'health: {{every: 5m, availability: 99.9%, checks: {{website: {{http: "{website.url}"}}}}}}\n'
        async with new_world(runbook=WHOLE + health) as world:
            await world.passes(minutes=5)
            website.breaks()
            await world.passes(minutes=5)
            await lived(world)
            website.recovers()
            await world.passes(minutes=5)
            async with world.house.db.statement() as conn:
                await conn.execute("UPDATE pages SET state = 'gave_up', accepted_at = NULL, unsure = true WHERE id = 1")
            await world.ada.presses("As a file", card(world))
            await world.settled()
        [document] = [one.content.decode() for one in world.workspace.files.values() if one.content]

    phases = [line for line in document.splitlines() if line.startswith("### ")]
    assert phases == ["### Declared", "### Acknowledged", "### Resolved"]
    assert [line.rpartition("BST: ")[2].split(" ")[0] for line in within(document, "Promises")] == [
        "kept", "kept", "**missed**", "kept",
    ]  # fmt: skip
    [line] = within(document, "Downtime")
    # No probes from 15:30 to 15:45, and none after 16:00: a probe stands for three intervals.
    assert (
        line.startswith("- website: down for 35 min between Thu 06 Aug 2026 15:10 BST and 16:00 BST")
        and "target 99.9%: **missed**" in line
    )
    assert within(document, "Pages")[0].endswith("by Slack: not known whether it was sent; acknowledged 15:15 BST")


def of(rows: list[dict[str, str]], section: str) -> list[dict[str, str]]:
    return [row for row in rows if row["section"] == section]


def within(text: str, heading: str) -> list[str]:
    """The list entries under this heading."""
    _, _, below = text.partition(f"\n## {heading}\n")
    return [line for line in below.partition("\n## ")[0].splitlines() if line.startswith("- ")]
