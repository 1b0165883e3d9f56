"""Processes die, databases go away, scopes are missing: stored requests are done, and people are told the rest."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

import aiohttp
import pytest

from bot.sandbox.answers import AppAnswer
from bot.sandbox.delivery import Acknowledgement, AppRequest
from bot.store import requests, waits
from bot.store.requests import Request
from tests.stories.asking import ask, asked, count, declared, notes, timeline, whispered
from tests.stories.telephone.telephones import ADA, PUBLIC, by, telephones
from tests.stories.upkeep.connections import command, event, line_to, stored
from tests.world import BEGINNING, World, living, words_of

# Clients hang up after ten seconds at the latest.
NOBODY_WAITS_LONGER_S = 8.0
# A request that could not be stored is not acknowledged, however long Slack waits; then Slack repeats it.
UNHEARD_AFTER_S = 1.0
AGAIN_AFTER_S = 2.0
TOKENS = {"API_TOKEN": "t", "ALERTS_TOKEN": "t"}
ASKED = (
    ("POST", "/alerts/generic"),
    ("GET", "/api/v1/incidents"),
    ("GET", "/api/v1/incidents/INC-1"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
)
BOTH = pytest.mark.parametrize("transport", ["socket", "http"])


# Processes and databases die


async def test_a_request_left_by_a_process_that_died_is_done_by_the_next_one(database: str, tmp_path: Path) -> None:
    async with living(database, tmp_path) as world:
        left = command(world, "/incident declare P1 Payments failing")
        key = f"command {left.payload['trigger_id']}"
        async with world.house.db.transaction() as conn:
            orphan = Request(key, "command", left.payload, BEGINNING - timedelta(seconds=31))
            await requests.store(conn, orphan, taken_over_at=BEGINNING - timedelta(seconds=1))
    async with living(database, tmp_path) as world:
        await world.settled()
        assert [one.title for one in await world.house.incidents.newest(open_only=True)] == ["Payments failing"]
        assert len(world.pages_of("ada")) == 1
        (row,) = await stored(world)
        assert (row["attempts"], row["error"]) == (1, None)


async def test_a_request_that_was_done_but_not_finished_is_not_done_again(database: str, tmp_path: Path) -> None:
    async with living(database, tmp_path) as world:
        room = await declared(world)
        await ask(world, "eve", "/incident update A fix is out", room)
        async with world.house.db.transaction() as conn:
            await conn.execute("UPDATE requests SET worked_at = NULL, due_at = %s", [BEGINNING])
    async with living(database, tmp_path) as world:
        await world.settled()
        assert [kind for kind, _, _ in await timeline(world)].count("update") == 1
        assert await count(world) == 1


@BOTH
@pytest.mark.parametrize("trouble", ["cut", "go_dead"])
async def test_without_a_database_every_request_is_answered_at_once_that_nothing_was_recorded(
    database: str, tmp_path: Path, transport: str, trouble: str
) -> None:
    async with line_to(database) as line, living(line.url, tmp_path, transport=transport) as world:
        room = await declared(world)
        message = await world.eve.says("We roll back", room)
        await asked(world, "eve", "/incident update", room)
        await world.settled()
        world.workspace.timing.retry_scale = 0.0

        world.gives_up_soon()
        await (line.cut() if trouble == "cut" else asyncio.to_thread(line.go_dead))
        command_, press, form, shortcut = await asyncio.gather(
            world.eve.types("/incident declare P1 Payments failing", "#general"),
            world.ada.presses("Acknowledge", world.card()),
            world.eve.submits(values={"What changed?": "Cards work again"}),
            world.ben.uses_shortcut("declare_from_message", await world.ben.says("Help!", "#random")),
        )
        assert [one.error for one in (command_, press, form, shortcut)] == [None] * 4
        assert_nothing_recorded(words_of(command_.messages[0]))
        assert_nothing_recorded(form.errors["update"])
        assert world.eve.modal().values["update"]["text"]["value"] == "Cards work again", "the form stays"
        for answer in (press, shortcut):
            assert_nothing_recorded(await said_in(world, answer))

        world.workspace.timing.ack_seconds = UNHEARD_AFTER_S
        assert not (await world.workspace.courier.send(event(world, "1", type="app_home_opened"))).accepted
        world.workspace.complaints.clear()
        await world.eve.reacts("pushpin", message)
        await line.come_back()
        world.workspace.timing.ack_seconds = AGAIN_AFTER_S
        await until_taken(lambda: world.eve.submits())
        await world.settled()
        assert "Cards work again" in words_of(world.card())
        assert await count(world) == 1


async def until_taken(deed: Callable[[], Awaitable[AppAnswer | Acknowledgement]]) -> None:
    """Repeat the deed until it succeeds: within seconds the bot notices that the database is back."""
    async with asyncio.timeout(60):
        while True:
            answer = await deed()
            if not answer.error and not getattr(answer, "errors", None):
                return
            await asyncio.sleep(0.1)


async def said_in(world: World, answer: AppAnswer) -> str:
    """The first message a person gets, as soon as it has arrived."""
    await world.workspace.until(lambda: answer.messages)
    return words_of(answer.messages[0])


def assert_nothing_recorded(words: str) -> None:
    assert words.startswith("⚠ *Nothing was recorded: my database isn't answering.* Call people yourself now")
    assert "Ada Obi +447700900001 ada@example.com" in words


async def test_no_client_is_left_waiting_while_the_database_does_not_respond(database: str, tmp_path: Path) -> None:
    async with (
        line_to(database) as line,
        telephones(partial(living, line.url, tmp_path), by("sms"), **TOKENS) as (world, company),
    ):
        await declared(world)
        world.gives_up_soon()
        line.go_dead()
        async with asyncio.timeout(NOBODY_WAITS_LONGER_S):
            *answers, text = await asyncio.gather(
                *(asked_over_http(world, method, path) for method, path in ASKED),
                company.texted(ADA, "ack", public_url=PUBLIC),
            )
        assert answers == [503, 503, 503, 503, 200]
        assert text == "Not acknowledged: our database isn't answering. Call someone."
        await line.cut()
        await line.come_back()


async def asked_over_http(world: World, method: str, path: str) -> int:
    """The status with which a client that has the tokens is answered."""
    async with (
        aiohttp.ClientSession(f"http://127.0.0.1:{world.app.port}", headers={"Authorization": "Bearer t"}) as session,
        session.request(method, path, json={"title": "Disk full", "status": "firing"}) as answer,
    ):
        return answer.status


async def test_connections_that_went_dead_are_dropped_and_paging_goes_on_over_new_ones(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many there are: if one is found dead, all that are as old are dropped with it."""
    async with line_to(database) as line, living(line.url, tmp_path) as world:
        await declared(world)
        monkeypatch.setattr(waits, "LONGEST_S", 1.0)
        line.strand()
        world.clock.move(timedelta(minutes=15))
        await world.workspace.until(lambda: world.pages_of("ben"), within=60)
        await line.cut()
        await line.come_back()


async def test_an_event_that_could_not_be_stored_is_done_when_slack_repeats_it(database: str, tmp_path: Path) -> None:
    async with line_to(database) as line, living(line.url, tmp_path) as world:
        room = await declared(world)
        message = await world.eve.says("We roll back", room)
        item = {"type": "message", "channel": room.id, "ts": message.ts}
        pin = event(world, "1", type="reaction_added", user="U0EVE", reaction="pushpin", item=item)
        world.gives_up_soon()
        world.workspace.timing.ack_seconds = UNHEARD_AFTER_S
        await line.cut()
        assert not (await world.workspace.courier.send(pin)).accepted
        await line.come_back()
        world.workspace.timing.ack_seconds = AGAIN_AFTER_S
        again = AppRequest("events_api", pin.payload, 1, "http_timeout")
        await until_taken(lambda: world.workspace.courier.send(again))
        await world.settled()
        assert await notes(world) == ["We roll back"]


# What an operator has to fix


async def test_a_missing_scope_is_named_and_the_page_is_sent_anyway(world: World) -> None:
    world.workspace.faults.withhold("channels:manage")
    await ask(world, "eve", "/incident declare P1 Payments failing")
    assert len(world.pages_of("ada")) == 1
    announcement = words_of(world.workspace.messages("#incidents")[-1])
    assert "No channel" in announcement
    assert "needs the scope channels:manage" in announcement

    world.workspace.faults.clear()
    await world.passes(minutes=1)
    assert "Payments failing" in words_of(world.card())


async def tell(world: World, statement: str) -> None:
    async with world.house.db.statement() as conn:
        await conn.execute(statement.encode())


async def test_an_internal_error_is_reported_to_the_author_and_not_retried(world: World) -> None:
    await declared(world)
    await asked(world, "eve", "/incident severity INC-1")
    await tell(world, "ALTER TABLE timeline RENAME TO elsewhere")
    await world.eve.submits(values={"Severity": "P2", "Why?": "x"})
    await world.settled()
    await tell(world, "ALTER TABLE elsewhere RENAME TO timeline")

    said = words_of(whispered(world, "eve", "#general")[-1])
    assert said.startswith("⚠ *Something broke inside Tocsin; what you typed was fine.*")
    assert "try again" in said
    row = next(row for row in await stored(world) if row["kind"] == "form")
    assert row["error"].startswith("UndefinedTable") and row["worked_at"]
    assert "INC-1 · P1" in words_of(world.card())
    world.nothing_else_was_sent()
