"""The door to Slack: what comes in is stored, then acknowledged, then done once, whatever goes wrong on the way."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot.sandbox import interactions
from bot.sandbox.answers import Answer
from bot.sandbox.delivery import Acknowledgement, Delivery
from bot.sandbox.workspace import Workspace
from bot.store import requests
from bot.store.requests import Request
from tests.stories.asking import ask, asked, count, declared, notes, timeline, told, whispered
from tests.stories.lines import FORM, JSON, line_to, sent_by_hand, stored
from tests.world import BEGINNING, World, living, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]
BOTH = pytest.mark.parametrize("transport", ["socket", "http"])


def command(world: World, typed: str, who: str = "eve", **changed: Any) -> Delivery:
    """A slash command as Slack would send it, not sent yet."""
    workspace, channel = world.workspace, world.workspace.channel("#general")
    url = workspace.response_urls.give(channel.id, workspace.person(who).id, of_command=True)
    name, _, text = typed.partition(" ")
    user = workspace.person(who).user
    delivery = interactions.slash_command(workspace, user, channel, name, text, url)
    return Delivery("slash_commands", delivery.payload | changed)


def event(world: World, number: str, **body: Any) -> Delivery:
    envelope = {"type": "event_callback", "team_id": world.workspace.team_id, "event_id": f"Ev{number}", "event": body}
    return Delivery("events_api", envelope | {"event_time": 1, "authorizations": []})


async def delivered(world: World, delivery: Delivery) -> Acknowledgement:
    answer = await world.workspace.courier.send(delivery)
    await world.settled()
    return answer


# Who may come in


WRONG_STAMPS = [("now", 400), ("12.5", 400), ("", 400), (None, 401), ("-1", 401), ("99999999999999", 401)]


async def test_only_slack_comes_in_over_http_and_nothing_else_is_stored(new_world: NewWorld) -> None:
    async with new_world(transport="http") as world:
        body = command(world, "/incident declare P1 x").payload
        assert (await sent_by_hand(world, body, secret="somebody else's"))[0] == 401
        assert (await sent_by_hand(world, body, X_Slack_Signature=None))[0] == 401
        assert (await sent_by_hand(world, body, X_Slack_Signature="v0=00"))[0] == 401
        assert (await sent_by_hand(world, body, late_s=305))[0] == 401
        assert (await sent_by_hand(world, body, late_s=-305))[0] == 401
        for stamp, status in WRONG_STAMPS:
            assert (await sent_by_hand(world, body, X_Slack_Request_Timestamp=stamp))[0] == status, stamp
        await world.settled()
        assert await stored(world) == []
        assert await count(world) == 0

        assert (await sent_by_hand(world, body, late_s=295))[0] == 200
        await world.settled()
        assert await count(world) == 1


async def test_what_cannot_be_read_is_refused_and_not_a_fault(new_world: NewWorld) -> None:
    async with new_world(transport="http") as world:
        for body, content_type in (
            (b"{not json", JSON),
            (b"payload=%7Bnot+json", FORM),
            (b'{"type": ', FORM),
            (b"\xff\xfe\x00", JSON),
            (b"[]", JSON),
            (b"payload=%5B1%5D", FORM),
            (b"payload=7", FORM),
        ):
            status, _ = await sent_by_hand(world, body, content_type)
            assert status == 400, body
        assert (await sent_by_hand(world, b"text=" + b"x" * (1024 * 1024), FORM))[0] == 413
        assert await stored(world) == []
        assert "is declared" in await ask(world, "eve", "/incident declare P1 still here")


async def test_slack_checks_the_address_and_the_certificate(new_world: NewWorld) -> None:
    async with new_world(transport="http") as world:
        assert await world.workspace.courier.transport.verify()  # type: ignore[union-attr]
        status, _ = await sent_by_hand(world, {"ssl_check": "1", "token": "x"}, X_Slack_Signature=None)
        assert status == 200
        assert (await sent_by_hand(world, {"type": "app_rate_limited", "minute_rate_limited": 1}, JSON))[0] == 200
        assert await stored(world) == []


# Once


@BOTH
async def test_a_command_delivered_twice_is_done_once(new_world: NewWorld, transport: str) -> None:
    async with new_world(transport=transport) as world:
        delivery = command(world, "/incident declare P1 Payments failing")
        answers = await asyncio.gather(*(world.workspace.courier.send(delivery) for _ in range(3)))
        await world.settled()
        assert all(answer.accepted for answer in answers)
        assert (await delivered(world, delivery)).accepted
        assert await count(world) == 1
        assert len(world.pages_of("ada")) == 1
        assert len(whispered(world, "eve", "#general")) == 1
        world.posts()
        world.nothing_else_was_sent()


@BOTH
async def test_a_press_delivered_twice_is_done_once_and_a_second_press_is_another(
    new_world: NewWorld, transport: str
) -> None:
    async with new_world(transport=transport) as world:
        await declared(world)
        card, user = world.card(), world.eve.user
        element = next(e for b in card.blocks or [] for e in b.get("elements", []) if e["action_id"] == "escalate.next")
        block = next(b for b in card.blocks or [] if element in b.get("elements", []))
        url = world.workspace.response_urls.give(card.channel, user.id, source=card)
        pressed = {**element, "block_id": block["block_id"]}
        delivery = interactions.message_action(world.workspace, user, card, pressed, {}, url)
        for _ in range(2):
            assert (await delivered(world, delivery)).accepted
        assert (len(world.pages_of("ben")), len(world.pages_of("cleo"))) == (1, 0)
        assert len(url.answers) == 1


@BOTH
async def test_an_event_delivered_twice_is_done_once(new_world: NewWorld, transport: str) -> None:
    async with new_world(transport=transport) as world:
        room = await declared(world)
        world.workspace.courier.repeats_events = True
        await world.eve.reacts("pushpin", await world.eve.says("We roll back", room))
        await world.settled()
        assert await notes(world) == ["We roll back"]
        assert len(whispered(world, "eve", room)) == 1
        assert all(row["attempts"] == 0 and row["worked_at"] for row in await stored(world, "event"))


@BOTH
async def test_the_first_delivery_of_an_event_and_its_repetitions_are_all_taken(
    new_world: NewWorld, transport: str
) -> None:
    """Over Socket Mode a first delivery is numbered 0: it is no repetition to be dropped."""
    async with new_world(transport=transport) as world:
        room = await declared(world)
        for number in (0, 3):
            message = await world.eve.says(f"message {number}", room)
            item = {"type": "message", "channel": room.id, "ts": message.ts}
            once = event(world, f"{number}", type="reaction_added", user="U0EVE", reaction="pushpin", item=item)
            again = Delivery("events_api", once.payload, retry_attempt=number, retry_reason="http_timeout")
            assert (await delivered(world, again)).accepted
        assert await notes(world) == ["message 0", "message 3"]


@BOTH
async def test_what_nobody_here_cares_about_is_acknowledged(new_world: NewWorld, transport: str) -> None:
    async with new_world(transport=transport) as world:
        await world.eve.invites("tocsin", "#random")
        await world.settled()
        for number, body in enumerate([
            {"type": "team_join", "user": {"id": "U0NEW", "name": "new"}},
            {"type": "message", "channel": "C1", "user": "U0EVE", "text": "hello", "ts": "1.2"},
            {"type": "message", "subtype": "message_changed", "channel": "C1", "message": {"text": "x"}, "ts": "1.2"},
            {"type": "message", "subtype": "message_deleted", "channel": "C1", "deleted_ts": "1.1", "ts": "1.2"},
            {"type": "message", "subtype": "channel_join", "channel": "C1", "user": "U0TOCSIN", "ts": "1.2"},
            {"type": "message", "subtype": "bot_message", "channel": "C1", "bot_id": "B1", "text": "x", "ts": "1.2"},
            {"type": "member_joined_channel", "user": world.workspace.bot.id, "channel": "C1"},
            {"type": "reaction_added", "user": "U0EVE", "reaction": "pushpin", "item": {"type": "file", "file": "F1"}},
            {"type": "app_home_opened", "user": "U0EVE", "channel": "D1", "tab": "messages"},
            {"type": "something_new"},
        ]):  # fmt: skip
            assert (await delivered(world, event(world, f"{number}", **body))).accepted, body
        for row in await stored(world, "event"):
            assert row["worked_at"] and row["error"] is None, row["body"]
        world.nothing_else_was_sent()


# Whatever the load


@BOTH
async def test_forty_commands_at_once_are_all_acknowledged_and_answered(new_world: NewWorld, transport: str) -> None:
    async with new_world(transport=transport) as world:
        answers = await asyncio.gather(*(world.eve.types(f"/incident declare P3 number {n}") for n in range(40)))
        await world.settled()
        assert [answer.error for answer in answers] == [None] * 40
        assert all("is declared as P3: number" in told(answer) for answer in answers)
        assert await count(world) == 40


@BOTH
async def test_a_slack_that_does_not_answer_does_not_delay_an_acknowledgement(
    new_world: NewWorld, transport: str
) -> None:
    def silent(workspace: Workspace) -> None:
        for method in ("auth.test", "users.info"):
            workspace.faults.hang(method, 3.5, times=None)

    async with new_world(transport=transport, prepare=silent) as world:
        answer = await world.eve.types("/incident declare P1 Payments failing", "#general")
        assert answer.error is None
        await world.workspace.until(lambda: world.pages_of("ada"), within=2.0)
        assert [one.what for one in world.workspace.complaints] == []


@pytest.mark.parametrize("trouble", ["429", "500", "404", "silence"])
async def test_an_answer_that_slack_does_not_take_spoils_nothing(new_world: NewWorld, trouble: str) -> None:
    async with new_world(transport="http") as world, unkind_slack(trouble) as address:
        body = command(world, "/incident declare P1 Payments failing", response_url=address).payload
        assert (await sent_by_hand(world, body))[0] == 200
        await world.settled()
        assert await count(world) == 1
        assert len(world.pages_of("ada")) == 1
        (row,) = await stored(world)
        assert row["worked_at"] and row["error"] is None
        assert "is declared" in await ask(world, "eve", "/incident declare P3 next")


@asynccontextmanager
async def unkind_slack(trouble: str) -> AsyncIterator[str]:
    """Takes no answer: a status, or the connection is closed."""

    async def refuse(request: web.Request) -> web.Response:
        if trouble == "silence" and request.transport:
            request.transport.abort()
        return web.Response(status=int(trouble) if trouble.isdecimal() else 500, headers={"Retry-After": "1"})

    app = web.Application()
    app.router.add_post("/", refuse)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


async def test_an_answer_after_half_an_hour_is_whispered_instead(world: World) -> None:
    room = await declared(world)
    await asked(world, "eve", "/incident note", room)
    await world.passes(minutes=31)
    await world.eve.submits(values={"Note": "late, but here"})
    await world.settled()
    assert await notes(world) == ["late, but here"]
    assert "has it in its timeline" in words_of(whispered(world, "eve", room)[-1])
    assert [one.what for one in world.workspace.complaints] == ["expired_url"]


# The connection


async def test_slack_asks_for_a_new_connection_and_no_command_is_lost(world: World) -> None:
    for number in range(3):
        renewal = asyncio.create_task(world.workspace.sockets.refresh())
        answers = await asyncio.gather(*(said_when_connected(world, f"P3 {number} {n}") for n in range(5)))
        await renewal
        await world.workspace.until(lambda: world.workspace.connected)
        assert [answer.error for answer in answers] == [None] * 5
    await world.settled()
    assert await count(world) == 15


async def said_when_connected(world: World, title: str) -> Any:
    await world.workspace.until(lambda: world.workspace.connected)
    return await world.eve.types(f"/incident declare {title}", "#general")


async def test_a_connection_that_is_cut_comes_back_and_what_was_acknowledged_is_done(world: World) -> None:
    answer = await world.eve.types("/incident declare P1 Payments failing", "#general")
    assert answer.error is None
    await world.workspace.sockets.cut()
    await world.settled()
    assert await count(world) == 1

    await world.workspace.until(lambda: world.workspace.connected, within=15.0)
    assert "is declared" in await ask(world, "eve", "/incident declare P3 next")


# Processes and databases die


async def test_a_request_of_a_process_that_died_is_done_by_the_next_one(database: str, tmp_path: Path) -> None:
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
async def test_without_a_database_everybody_is_told_at_once_that_nothing_was_recorded(
    database: str, tmp_path: Path, transport: str, trouble: str
) -> None:
    async with line_to(database) as line, living(line.url, tmp_path, transport=transport) as world:
        room = await declared(world)
        message = await world.eve.says("We roll back", room)
        await asked(world, "eve", "/incident update", room)
        await world.settled()
        world.workspace.timing.ack_seconds = 2.0
        world.workspace.timing.retry_scale = 0.0

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
            await world.workspace.until(lambda answer=answer: answer.messages)
            assert_nothing_recorded(words_of(answer.messages[0]))

        assert not (await world.workspace.courier.send(event(world, "1", type="team_join"))).accepted
        world.workspace.complaints.clear()
        await world.eve.reacts("pushpin", message)
        await line.mend()
        await until_taken(lambda: world.eve.submits())
        await world.settled()
        assert "Cards work again" in words_of(world.card())
        assert await count(world) == 1


async def until_taken(deed: Callable[[], Awaitable[Answer | Acknowledgement]]) -> None:
    """The database is there again, and within seconds the bot has noticed."""
    async with asyncio.timeout(20):
        while True:
            answer = await deed()
            if not answer.error and not getattr(answer, "errors", None):
                return
            await asyncio.sleep(0.1)


def assert_nothing_recorded(words: str) -> None:
    assert words.startswith("⚠ *Nothing was recorded: my database does not answer.* Call people yourself now")
    assert "Ada Obi +447700900001 ada@example.com" in words


async def test_an_event_that_could_not_be_stored_is_done_when_slack_repeats_it(database: str, tmp_path: Path) -> None:
    async with line_to(database) as line, living(line.url, tmp_path) as world:
        room = await declared(world)
        message = await world.eve.says("We roll back", room)
        item = {"type": "message", "channel": room.id, "ts": message.ts}
        pin = event(world, "1", type="reaction_added", user="U0EVE", reaction="pushpin", item=item)
        await line.cut()
        assert not (await world.workspace.courier.send(pin)).accepted
        await line.mend()
        again = Delivery("events_api", pin.payload, 1, "http_timeout")
        await until_taken(lambda: world.workspace.courier.send(again))
        await world.settled()
        assert await notes(world) == ["We roll back"]


# What an operator has to mend


async def test_a_missing_scope_is_told_in_words_and_the_page_goes_out_all_the_same(world: World) -> None:
    world.workspace.faults.withhold("channels:manage")
    await ask(world, "eve", "/incident declare P1 Payments failing")
    assert len(world.pages_of("ada")) == 1
    announcement = words_of(world.workspace.messages("#incidents")[-1])
    assert "There is no channel for it" in announcement
    assert "needs the scope channels:manage" in announcement

    world.workspace.faults.clear()
    await world.passes(minutes=1)
    assert "Payments failing" in words_of(world.card())


async def test_a_fault_of_ours_is_told_and_not_tried_again(world: World) -> None:
    await declared(world)
    await asked(world, "eve", "/incident severity INC-1")
    form = world.eve.modal()
    form.content["private_metadata"] = form.content["private_metadata"].replace('"1"', '"no number"')
    await world.eve.submits(values={"Severity": "P2", "Why?": "x"})
    await world.settled()

    said = words_of(whispered(world, "eve", "#general")[-1])
    assert said.startswith("⚠ *Something broke inside Tocsin; what you typed was fine.*")
    assert "do it again if not" in said
    row = next(row for row in await stored(world) if row["kind"] == "form")
    assert row["error"].startswith("ValueError") and row["worked_at"]
    assert "INC-1 · P1" in words_of(world.card())
    world.nothing_else_was_sent()
