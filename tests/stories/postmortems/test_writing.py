"""Writing a post-mortem: concurrent edits, its document, and reminders until it is done."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import pytest
from icalendar import Calendar

from bot.domain.postmortems.document import sample
from bot.rendering import Rendering
from bot.sandbox.model import View
from bot.words.documents import OwnDocument
from tests.mail_server import post_office
from tests.stories.asking import ask, declared, timeline
from tests.stories.postmortems.test_postmortems import OWING, card, in_api, resolved
from tests.world import BEGINNING, World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]


@pytest.fixture
async def town(new_world: NewWorld) -> AsyncIterator[World]:
    async with new_world(runbook=OWING, API_TOKEN="lookout") as world:
        yield world


def filled(view: View) -> dict[str, str]:
    """The first words of each form field."""
    fields = {block["block_id"]: block["element"] for block in view.blocks if block["type"] == "input"}
    return {name: str(element.get("initial_value", "")) for name, element in fields.items()}


def files(world: World) -> dict[str, str]:
    return {file.name: (file.content or b"").decode() for file in world.workspace.files.values()}


def meeting(calendar: str) -> Any:
    return Calendar.from_ical(calendar).walk("VEVENT")[0]


def late(world: World) -> list[str]:
    return [words for words in world.said_in(world.room()) if words.startswith("⏰ *Post-mortem")]


async def test_concurrent_edits_lose_nothing_and_the_second_author_learns_of_the_first(town: World) -> None:
    await resolved(town)
    for who in (town.ada, town.ben):
        await who.presses("Edit", card(town))
        await town.settled()
    assert filled(town.ada.modal())["summary"] == "It was the index"
    await town.ada.submits(values={"Root cause": "The index", "What went well?": "The page"})
    await town.settled()
    await town.ben.submits(values={"Root cause": "The deploy", "Lessons learned": "Rebuild it"})
    await town.settled()

    again = town.ben.modal()
    assert "changed Root cause" in str(again.blocks[0]) and "The index" in str(again.blocks)
    assert filled(again)["root_cause"] == "The deploy"
    assert filled(again)["went_well"] == "The page" and filled(again)["lessons"] == "Rebuild it"
    async with town.house.db.statement() as conn:
        rows = await (await conn.execute("SELECT number, author FROM postmortem_versions")).fetchall()
    assert [tuple(row.values()) for row in rows] == [(1, "ada")]

    await town.ben.submits(values={"Root cause": "The index, since the deploy"})
    await town.settled()
    async with town.house.db.statement() as conn:
        rows = await (await conn.execute("SELECT sections FROM postmortem_versions ORDER BY number")).fetchall()
    kept = [row["sections"] for row in rows]
    assert [one["root_cause"] for one in kept] == ["The index", "The index, since the deploy"]
    assert kept[1]["went_well"] == "The page" and kept[1]["lessons"] == "Rebuild it"


async def test_concurrent_edits_of_different_sections_are_merged_silently(town: World) -> None:
    await resolved(town)
    for who in (town.ada, town.ben):
        await who.presses("Edit", card(town))
        await town.settled()
    await town.ada.submits(values={"Root cause": "The index"})
    await town.settled()
    await town.ben.submits(values={"Lessons learned": "Rebuild it"})
    await town.settled()
    assert town.ben.modals() == []
    assert "Root cause" not in words_of(card(town)) and "Lessons learned" not in words_of(card(town))


async def test_the_document_states_what_was_observed_and_leaves_the_rest_as_questions(town: World) -> None:
    room = await declared(town, "P1 Search is down")
    await town.passes(minutes=6)
    await ask(town, "ada", "/incident acknowledge INC-1")
    await ask(town, "eve", "/incident impact Nobody finds anything", room)
    await ask(town, "eve", "/incident update Rolling back", room)
    await town.passes(minutes=53)
    await ask(town, "eve", "/incident resolve The index", room)
    await ask(town, "eve", "/incident action @ada Alert on lag by 12 Dec", room)
    await town.ada.presses("Send for review", card(town))
    await town.settled()
    await town.ada.presses("As a file", card(town))
    await town.settled()

    document = files(town)["inc-1-post-mortem-v0.md"]
    assert len(files(town)) == 1
    assert document.startswith("# Post-mortem: Search is down")
    assert "| Duration | 59 min |" in document and "| Owner | Eve Lind" in document
    assert "## Summary\n\nThe index" in document and "## Impact\n\nNobody finds anything" in document
    assert "Ada Obi (oncall) by Slack: accepted 15:00 BST; acknowledged 15:06 BST" in document
    assert "Ada Obi's page of Thu 06 Aug 2026 15:00 BST was unanswered for 6 min." in document
    assert "No update from Thu 06 Aug 2026 15:06 BST to 15:59 BST (53 min)." in document
    assert "| Alert on lag | Ada Obi |" in document
    assert "## Root cause\n\n_Not written yet" in document
    assert "Still empty: Root cause" not in document


async def test_no_update_was_owed_while_resolved_and_a_reopening_starts_a_new_promise(town: World) -> None:
    room = await declared(town, "P1 Search is down")
    await ask(town, "ada", "/incident acknowledge INC-1")
    await town.passes(minutes=6)
    await ask(town, "eve", "/incident resolve The index", room)
    await town.passes(hours=10)
    await ask(town, "eve", "/incident reopen again", room)
    await town.passes(minutes=40)
    await ask(town, "eve", "/incident resolve really", room)
    await town.eve.presses("As a file", card(town))
    await town.settled()
    document = files(town)["inc-1-post-mortem-v0.md"]
    assert [line for line in document.splitlines() if line.startswith("- No update")] == [
        "- No update from Fri 07 Aug 2026 01:06 BST to 01:46 BST (40 min)."
    ]
    entries = [text for kind, _, text in await timeline(town) if kind == "system" and "owner" in text]
    assert entries and all("<@" not in text and "Eve Lind" in text for text in entries)


async def test_a_late_post_mortem_is_asked_for_daily_and_then_somebody_else_is_asked_to_help(town: World) -> None:
    await resolved(town)
    counts = []
    for _ in range(5):
        await town.passes(hours=12)
        counts.append(len(late(town)))
    assert counts == [0, 1, 1, 2, 2]
    await town.passes(hours=12)
    assert len(late(town)) == 3 and town.ben.id in late(town)[-1] and "reminder 3" in late(town)[-1]
    assert any("reminder 3" in words_of(one) for one in town.pages_of("ben"))

    await ask(town, "ada", "/incident postmortem INC-1 schedule Thu 10:00")
    await town.passes(hours=25)
    assert len(late(town)) == 4 and "reminder" not in late(town)[-1]
    await town.ada.presses("Send for review", card(town))
    await town.settled()
    await town.passes(days=2)
    assert len(late(town)) == 4
    await town.passes(days=2)
    assert "review not done" in late(town)[-1]


async def test_without_a_tier_called_lead_the_second_is_asked_to_help(new_world: NewWorld) -> None:
    without = OWING.replace("  lead: {name", "  second: {name").replace("page: lead", "page: second")
    async with new_world(runbook=without) as world:
        await resolved(world)
        for _ in range(4):
            await world.passes(days=1)
        assert any("without progress" in words_of(one) for one in world.pages_of("ben"))
        assert not any("without progress" in words_of(one) for one in world.pages_of("cleo"))


async def test_two_processes_create_one_post_mortem_and_remind_once(town: World) -> None:
    async with town.joined():
        await resolved(town)
        await town.passes(hours=24)
        assert len(late(town)) == 1
    sent = card(town)
    await town.ada.presses("Send for review", sent)
    await town.settled()
    assert len(files(town)) == 1 and (await in_api(town))["postmortem"]["state"] == "in_review"


async def test_a_private_incidents_post_mortem_stays_in_its_room(new_world: NewWorld) -> None:
    async with new_world(runbook=OWING, API_TOKEN="lookout") as world:
        await ask(world, "eve", "/incident private P1 Data copied")
        await ask(world, "eve", "/incident resolve INC-1 all found")
        world.posts()
        await world.eve.presses("Mark as done", card(world)) if "Mark as done" in words_of(card(world)) else None
        await ask(world, "eve", "/incident postmortem INC-1")
        await world.passes(days=4)
        assert (await in_api(world))["postmortem"] is None
        places = {place for place, words in world.posts() if "ost-mortem" in words}
        assert places <= {f"#{world.workspace.channel(world.room()).name}"}


async def test_a_custom_template_replaces_the_shipped_one_unless_it_is_broken(
    new_world: NewWorld, tmp_path: Path
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "postmortem.j2").write_text("{{ ref }} by {{ owner }}: {% for one in timeline %}{{ one.kind }} {% endfor %}")
    async with new_world(runbook=f"{OWING}templates: {own}\n") as world:
        await resolved(world)
        await world.ada.presses("As a file", card(world))
        await world.settled()
        assert files(world)["inc-1-post-mortem-v0.md"].startswith("INC-1 by Ada Obi: declared paged resolved")


def test_custom_templates_are_checked_with_every_available_fact(tmp_path: Path) -> None:
    (tmp_path / "postmortem.j2").write_text("{{ ref }}\n{{ nonsense.deeper.still | time }}")
    mistakes = OwnDocument(tmp_path, UTC).mistakes("Example", ("P1", "Critical"), BEGINNING)
    assert len(mistakes) == 1 and "postmortem.j2:2" in mistakes[0]
    shipped = Rendering(UTC).say("markdown/postmortem", broken=None, **sample("Example", ("P1", ""), BEGINNING).by_name)
    assert "| Owner | Ada Obi |" in shipped


async def test_typed_text_cannot_become_a_heading_link_image_or_table_cell(town: World) -> None:
    forged = "# Approved [here](https://evil.example) ![x](https://evil.example/x.png) | <b>"
    await resolved(town, f"P1 {forged}")
    await town.ada.presses("Edit", card(town))
    await town.settled()
    await town.ada.submits(values={"Root cause": "Nobody\n---\n## State: done\n- the index\n* the deploy"})
    await town.settled()
    await ask(town, "ada", "/incident note " + forged)
    await town.ada.presses("As a file", card(town))
    await town.settled()
    document = files(town)["inc-1-post-mortem-v1.md"]

    headings = [line for line in document.splitlines() if line.startswith("#")]
    assert headings[0].startswith("# Post-mortem: ") and "State: done" not in "".join(headings)
    assert "\n\\---\n\\## State: done\n- the index\n" in document
    assert "](https://evil" not in document.replace("\\](", "") and "<b>" not in document.replace("\\<b>", "")
    assert "_Not written yet: what made it worse" in document


async def test_scheduling_a_review_posts_a_calendar_file_and_moving_it_updates_the_same_meeting(town: World) -> None:
    await resolved(town)
    await ask(town, "ada", "/incident postmortem INC-1 schedule Tue 10:00")
    await town.passes(minutes=1)
    await ask(town, "ada", "/incident postmortem INC-1 schedule Tue 11:00")
    first, second = (meeting(files(town)[f"inc-1-post-mortem-20260811T{hour}00Z.ics"]) for hour in ("09", "10"))
    assert first["uid"] == second["uid"] and second["sequence"] > first["sequence"]
    assert str(second["summary"]) == "Post-mortem of INC-1: Search is down"
    assert (second.start.hour, second.end - second.start) == (10, timedelta(hours=1))
    assert "mailto:ada@example.com" in str(second["attendee"])
    assert "Tue" in card(town).text or "Review meeting" in words_of(card(town))
    assert len([one for one in town.said_in(town.room()) if "Review of INC-1's post-mortem" in one]) == 2


async def test_a_review_is_mailed_to_owner_and_responders_and_moved_as_the_same_meeting(new_world: NewWorld) -> None:
    async with post_office() as office:
        mailing = {"SMTP_URL": f"smtp://127.0.0.1:{office.port}", "MAIL_FROM": "t@example.com"}
        async with new_world(runbook=OWING, **mailing) as world:
            await resolved(world)
            await ask(world, "ada", "/incident postmortem INC-1 owner @ben")
            for hour in (10, 11):
                await ask(world, "ada", f"/incident postmortem INC-1 schedule Tue {hour}:00")
                await world.passes(minutes=1)
            await ask(world, "eve", "/incident private P1 Data copied")
            await ask(world, "eve", "/incident resolve INC-2 found")
            await ask(world, "eve", "/incident postmortem INC-2 schedule Tue 12:00")
        assert sorted(one["To"] for one in office.letters) == 2 * ["ada@example.com"] + 2 * ["ben@example.com"]
        mine = [one for one in office.letters if one["To"] == "ben@example.com"]
        parts: list[Any] = [
            next(part for part in one.walk() if part.get_content_type() == "text/calendar") for one in mine
        ]
        first, second = (meeting(part.get_payload(decode=True).decode()) for part in parts)
        assert first["uid"] == second["uid"] and second["sequence"] > first["sequence"]
        assert {str(part.get_param("method")) for part in parts} == {"PUBLISH"}
        assert mine[0]["Message-ID"] != mine[1]["Message-ID"]
        assert mine[0]["Subject"] == "Post-mortem of INC-1: Search is down"


async def test_reminders_set_by_a_clock_ahead_are_moved_back(town: World) -> None:
    room = await resolved(town)
    await ask(town, "ada", "/incident action @ada Alert on lag by Monday 15:00", room)
    tables = ("postmortems", "actions")
    async with town.house.db.transaction() as conn:
        before = [(await (await conn.execute(f"SELECT due_at FROM {one}")).fetchone())["due_at"] for one in tables]
        for one in tables:
            await conn.execute(f"UPDATE {one} SET set_at = set_at + interval '1 h', due_at = due_at + interval '1 h'")
    await town.house.timekeeping.put_right()
    async with town.house.db.transaction() as conn:
        after = [(await (await conn.execute(f"SELECT due_at FROM {one}")).fetchone())["due_at"] for one in tables]
    assert after == before


async def test_a_post_mortem_is_handed_over_by_naming_somebody_and_a_typo_is_answered(town: World) -> None:
    room = await resolved(town)
    await ask(town, "ada", "/incident postmortem @ben", room)
    assert (await in_api(town))["postmortem"]["owner"] == "ben"
    assert "set already" in await ask(town, "ada", "/incident postmortem owner @ben", room)
    assert "isn't in this workspace" in await ask(town, "ada", "/incident postmortem owner <@U0NOBODY>", room)
    assert "I don't know “shcedule”" in await ask(town, "ada", "/incident postmortem shcedule Tue", room)
    assert "past" in await ask(town, "ada", "/incident postmortem schedule 2020-01-01 10:00", room)
    assert "Say why" in await ask(town, "ada", "/incident postmortem waive", room)
