"""Audiences hear of planned work: ahead, at its start, when extended, moved or cancelled, and when done."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from bot.sandbox.workspace import Workspace
from tests.mail_server import PostOffice, post_office
from tests.stories.asking import ask
from tests.stories.maintenance.test_windows import card, history, labels, presses, shown
from tests.world import RUNBOOK, World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]

AUDIENCES = """
audiences:
  board: {email: [board@example.com], slack: ["#board"], automatic: true}
  clients: {email: [one@example.com, two@example.com], template: client}
  press: {email: [press@example.com], template: public, approval: true}
  lost: {slack: ["#nowhere"]}
permissions: {audience.approve: [ben], audience.send: [ada]}
"""
TELLING = RUNBOOK.replace("    name: Critical\n", "    name: Critical\n    tell: [board]\n") + AUDIENCES
PLAN = "/incident maintenance Database upgrade at {} for 2h"


@pytest.fixture
async def office() -> AsyncIterator[PostOffice]:
    async with post_office() as office:
        yield office


@pytest.fixture
async def world(new_world: NewWorld, office: PostOffice) -> AsyncIterator[World]:
    def prepare(workspace: Workspace) -> None:
        workspace.add_channel("board")

    settings = {"SMTP_URL": f"smtp://127.0.0.1:{office.port}", "MAIL_FROM": "bell@example.com"}
    async with new_world(runbook=TELLING, prepare=prepare, **settings) as world:
        yield world


def letters(office: PostOffice) -> list[tuple[str, str]]:
    """(reader, first two words of the subject) of the accepted mails, by reader; clears the mailbox."""
    taken = sorted((letter["To"].split("@")[0], " ".join(letter["Subject"].split()[:2])) for letter in office.letters)
    office.letters.clear()
    return taken


def words(office: PostOffice) -> str:
    """The first letter's plain text."""
    body = office.letters[0].get_body(("plain",))
    return str(body.get_content()) if body else ""


async def test_automatic_audiences_are_told_ahead_at_the_start_and_at_the_end(world: World, office: PostOffice) -> None:
    named = PLAN.replace("Database", "db-01").format("in 3d")
    assert "board would read “db-01”" in await ask(world, "ada", named)
    await ask(world, "ada", PLAN.format("in 3d"))
    await world.passes(hours=23)
    assert letters(office) == [] and "to be notified" in words_of(card(world))
    await world.passes(hours=1)
    assert letters(office) == [("board", "Planned maintenance:")]
    assert "sent to 2 of 2 addresses" in words_of(card(world))
    assert "shorter" not in words_of(card(world))
    await world.passes(hours=48)
    assert letters(office) == [("board", "Maintenance begun:")]
    await world.passes(hours=1)
    await presses(world, "ada", "Done", card(world))
    assert letters(office) == [("board", "Maintenance done:")]
    posts = [one.text for one in world.workspace.messages("#board") if one.blocks]
    assert [post.split(":")[0].strip("*") for post in posts] == [
        "Planned maintenance", "Maintenance begun", "Maintenance done"
    ]  # fmt: skip
    assert ("tocsin", "board") in await history(world)


async def test_with_less_time_than_the_notice_it_is_announced_at_once_and_the_card_says_so(
    world: World, office: PostOffice
) -> None:
    await ask(world, "ada", PLAN.format("in 4h") + " telling clients, board")
    assert letters(office) == [
        ("board", "Planned maintenance:"), ("one", "Planned maintenance"), ("two", "Planned maintenance")
    ]  # fmt: skip
    assert "Notice shorter than 2 d" in words_of(card(world))


async def test_an_overrun_is_announced_when_nobody_answers_and_again_with_the_new_end(
    world: World, office: PostOffice
) -> None:
    await ask(world, "ada", PLAN.format("in 1h"))
    await world.passes(hours=1)
    await world.passes(hours=2)
    letters(office)
    await world.passes(minutes=14)
    assert letters(office) == []
    await world.passes(minutes=1)
    assert "Nobody knows yet" in words(office)
    assert letters(office) == [("board", "Maintenance is")]
    await presses(world, "ada", "Extend 30 min", card(world))
    assert "New planned end:" in words(office)
    assert letters(office) == [("board", "Maintenance is")]


async def test_only_audiences_that_got_the_notice_hear_of_the_cancellation(world: World, office: PostOffice) -> None:
    await ask(world, "ada", PLAN.format("in 3d"))
    await presses(world, "ben", "Cancel", card(world), why="Not needed")
    assert letters(office) == []
    await ask(world, "ada", PLAN.format("in 1d"))
    letters(office)
    await presses(world, "ben", "Cancel", card(world), why="Not needed")
    assert letters(office) == [("board", "Maintenance cancelled:")]
    await world.passes(days=4)
    assert letters(office) == []


async def test_audiences_that_got_the_notice_hear_of_a_move_and_nobody_gets_the_notice_twice(
    world: World, office: PostOffice
) -> None:
    await ask(world, "ada", PLAN.format("in 1d"))
    letters(office)
    await presses(world, "ada", "Move", card(world), when="in 5d", lasts="2h", why="")
    assert letters(office) == [("board", "Maintenance moved:")]
    await world.passes(days=4)
    assert letters(office) == []
    await world.passes(days=1)
    assert letters(office) == [("board", "Maintenance begun:")]


async def test_audiences_that_missed_the_notice_get_it_when_the_work_is_moved(world: World, office: PostOffice) -> None:
    office.says_to("one@example.com", "550 no such mailbox")
    office.says_to("two@example.com", "550 no such mailbox")
    await ask(world, "ada", PLAN.format("in 1d") + " telling board, clients")
    letters(office)
    office.says.clear()
    await presses(world, "ada", "Move", card(world), when="in 30h", lasts="2h", why="")
    assert letters(office) == [
        ("board", "Maintenance moved:"),
        ("one", "Planned maintenance"),
        ("two", "Planned maintenance"),
    ]

    await ask(world, "ada", PLAN.format("in 1d") + " telling press")
    await presses(world, "ada", "Move", card(world), when="in 5d", lasts="2h", why="")
    assert "press: to be notified" in words_of(card(world)), "what waits for an approval reached nobody"


async def test_a_notice_waits_for_its_approval_and_is_superseded_when_the_work_begins(
    world: World, office: PostOffice
) -> None:
    await ask(world, "ada", PLAN.format("in 4h") + " telling press")
    waiting = shown(world, "needs approval")
    assert letters(office) == []
    assert "needs approval" in words_of(card(world)) and "sent to" not in words_of(card(world))
    asked = next(one for one in world.workspace.messages("#incidents") if "Approve" in labels(one))
    assert waiting and await presses(world, "ada", "Approve", asked)
    await world.passes(hours=4)
    assert "Approve" not in labels(asked) and letters(office) == []
    asked = next(one for one in world.workspace.messages("#incidents") if "Approve" in labels(one))
    await presses(world, "ben", "Approve", asked)
    assert letters(office) == [("press", "Maintenance has")]
    await presses(world, "ada", "Done", card(world))
    asked = next(one for one in world.workspace.messages("#incidents") if "Approve" in labels(one))
    await presses(world, "ben", "Reject", asked)
    assert letters(office) == [] and "rejected by" in words_of(card(world))


async def test_an_unapproved_start_notice_is_replaced_by_a_new_request_when_the_work_is_extended(
    world: World, office: PostOffice
) -> None:
    await ask(world, "ada", PLAN.format("in 1h") + " telling press")
    await world.passes(hours=1)
    await presses(world, "ada", "Extend 30 min", card(world))
    asked = next(one for one in world.workspace.messages("#incidents") if "Approve" in labels(one))
    await presses(world, "ben", "Approve", asked)
    assert "New planned end:" in words(office) and letters(office) == [("press", "Maintenance is")]


async def test_a_mail_no_provider_accepted_is_never_shown_as_sent(world: World) -> None:
    await ask(world, "ada", PLAN.format("in 4h") + " telling lost")
    assert "not sent" in words_of(card(world)) and "sent to" not in words_of(card(world))


async def test_two_processes_announce_each_step_to_an_audience_once(world: World, office: PostOffice) -> None:
    await ask(world, "ada", PLAN.format("in 3d"))
    async with world.joined():
        await world.passes(days=1)
        await world.passes(days=2)
        assert letters(office) == [("board", "Maintenance begun:"), ("board", "Planned maintenance:")]


async def test_people_who_may_not_tell_an_audience_may_not_name_it(world: World, office: PostOffice) -> None:
    assert "Ada" in await ask(world, "eve", PLAN.format("in 4h") + " telling clients")
    assert "clients" in await ask(world, "ada", PLAN.format("in 4h") + " telling client")
    assert letters(office) == []


async def test_a_notice_that_lacks_a_fact_says_what_to_type_to_plan_the_work_again(
    new_world: NewWorld, office: PostOffice, tmp_path: Path
) -> None:
    (tmp_path / "maintenance_client.j2").write_text("Maintenance\n\nAsk {{ whom }}")
    runbook = f"{TELLING}\ntemplates: {tmp_path}\n"
    mails = {"SMTP_URL": f"smtp://127.0.0.1:{office.port}", "MAIL_FROM": "bell@example.com"}
    async with new_world(runbook=runbook, **mails) as world:
        await ask(world, "ada", PLAN.format("in 4h") + " silencing instance=db-* telling clients")
        assert letters(office) == []
        said = words_of(card(world))
        assert "press Cancel" in said and "Edit" not in said
        (typed,) = re.findall(r"`(/incident maintenance .* telling clients)`", said)
        answer = await ask(world, "ada", typed.replace("&lt;when&gt;", "in 5h").replace("<when>", "in 5h"))
        assert "M-2" in answer
        assert "instance=db-*" in words_of(card(world))
