"""The door to Slack: a request is stored, then acknowledged, then done once, whatever goes wrong on the way."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from aiohttp import web

from bot.sandbox import interactions
from bot.sandbox.delivery import AppRequest
from tests.stories.asking import ask, asked, count, declared, notes, told, whispered
from tests.stories.upkeep.connections import FORM, JSON, command, delivered, event, sent_by_hand, stored
from tests.world import World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]
BOTH = pytest.mark.parametrize("transport", ["socket", "http"])


# Authenticity and shape


WRONG_STAMPS = [("now", 400), ("12.5", 400), ("", 400), (None, 401), ("-1", 401), ("99999999999999", 401)]


async def test_a_request_without_a_valid_slack_signature_is_refused_and_not_stored(new_world: NewWorld) -> None:
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


async def test_a_body_that_cannot_be_parsed_is_refused_without_an_error(new_world: NewWorld) -> None:
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
        assert "declared" in await ask(world, "eve", "/incident declare P1 still here")


# Shapes that Slack never sends, each of which makes the library that parses them fail.
MISSHAPEN = [
    {"team": 5}, {"user": 5}, {"channel": 7}, {"enterprise": 5}, {"authorizations": 7}, {"authorizations": ["x"]},
    {"event": {"message": 5, "previous_message": {"user": 5}}}, {"ssl_check": "1", "team": 5},
]  # fmt: skip


async def test_no_body_is_parsed_before_its_signature_is_verified(
    new_world: NewWorld, caplog: pytest.LogCaptureFixture
) -> None:
    async with new_world(transport="http") as world:
        for raw in (b"[" * 100_000, b"a&" * 500_000):
            for content_type in (JSON, FORM, f"{JSON}; charset=klingon", "nonsense; charset="):
                assert (await sent_by_hand(world, raw, content_type, secret="somebody else's"))[0] == 401, content_type
        assert (await sent_by_hand(world, b"[" * 100_000, JSON))[0] == 400
        for body in MISSHAPEN:
            for content_type, raw in (
                (JSON, json.dumps(body).encode()),
                (FORM, b"payload=" + quote(json.dumps(body)).encode()),
            ):
                assert (await sent_by_hand(world, raw, content_type, secret="somebody else's"))[0] == 401, body
                assert (await sent_by_hand(world, raw, content_type))[0] == 400, body
    assert [one for one in caplog.records if one.exc_info] == []


# Each replaces one part of a valid form submission, or of a valid button press.
FORM_UNLIKE_SLACKS: list[dict[str, Any]] = [
    {"state": None}, {"state": {}}, {"state": {"values": []}}, {"state": {"values": {"title": None}}},
    {"state": {"values": {"title": []}}}, {"state": {"values": {"title": {"value": {"value": 7}}}}},
    {"state": {"values": {"title": {"value": {"selected_option": "x"}}}}},
    {"state": {"values": {"title": {"value": {"selected_options": [{}]}}}}},
    {"blocks": None}, {"blocks": [{"type": "input"}, 7]}, {"blocks": [{"block_id": "title"}]},
    {"private_metadata": None}, {"callback_id": 7},
]  # fmt: skip
PRESS_UNLIKE_SLACKS: list[dict[str, Any]] = [
    {"actions": []}, {"actions": [{}]}, {"actions": None}, {"actions": [{"action_id": "page.acknowledge", "value": 1}]},
    {"user": None}, {"user": {}}, {"channel": 7}, {"message": 7},
    {"type": "dialog_submission", "callback_id": "x", "actions": None},
    {"type": "message_action", "callback_id": "add_to_timeline", "message": {"ts": "now"}},
    {"message": {"blocks": [float("nan")]}}, {"message": {"blocks": json.loads("[" * 500 + "]" * 500)}},
]  # fmt: skip


EVENTS_UNLIKE_SLACKS: list[dict[str, Any]] = [
    {"type": "channel_rename", "channel": {"id": "C1"}}, {"type": "channel_rename", "channel": "C1"},
    {"type": "reaction_added", "user": "U0EVE", "reaction": "pushpin", "item": "x"},
    {"type": "reaction_added", "user": "U0EVE", "reaction": "pushpin", "item": {"type": "message", "channel": "C1"}},
    {"type": "app_home_opened", "x": float("inf")},
]  # fmt: skip


async def test_a_signed_request_of_the_wrong_shape_is_refused_without_an_error(
    new_world: NewWorld, caplog: pytest.LogCaptureFixture
) -> None:
    async with new_world(transport="http") as world:
        await ask(world, "eve", "/incident declare")
        eve = world.eve
        form = interactions.view_submission(world.workspace, eve.user, eve.modal(), []).payload
        used = {"action_id": "x", "type": "button"}
        press = interactions.view_action(world.workspace, eve.user, eve.modal(), used).payload
        bodies = [{**form, "view": {**form["view"], **change}} for change in FORM_UNLIKE_SLACKS]
        bodies += [{**press, **change} for change in PRESS_UNLIKE_SLACKS]
        for body in bodies:
            assert (await sent_by_hand(world, {"payload": json.dumps(body)}))[0] == 400, body
        for happened in EVENTS_UNLIKE_SLACKS:
            assert (await sent_by_hand(world, event(world, "1", **happened).payload, JSON))[0] == 400, happened
        assert await stored(world, "form", "action", "shortcut") == []
        assert "event Ev1" not in {row["key"] for row in await stored(world, "event")}
        assert (await sent_by_hand(world, {"payload": json.dumps(form)}))[0] == 200
        assert (await sent_by_hand(world, {"payload": json.dumps(press)}))[0] == 200
    assert [one for one in caplog.records if one.exc_info] == []


async def test_the_url_verification_and_the_certificate_check_of_slack_are_answered(new_world: NewWorld) -> None:
    async with new_world(transport="http") as world:
        assert await world.workspace.courier.transport.verify()  # type: ignore[union-attr]
        status, _ = await sent_by_hand(world, {"ssl_check": "1", "token": "x"}, X_Slack_Signature=None)
        assert status == 200
        assert (await sent_by_hand(world, {"type": "app_rate_limited", "minute_rate_limited": 1}, JSON))[0] == 200
        assert await stored(world) == []


# Once


async def test_requests_without_a_usable_id_are_each_done(new_world: NewWorld) -> None:
    async with new_world(transport="http") as world:
        for own in (None, "", "\0", "\ud800", "1" * 4000):
            for title in ("Payments failing", "Search is slow"):
                body = command(world, f"/incident declare P3 {title}", trigger_id=own).payload
                asked = {name: value for name, value in body.items() if value is not None}
                for _ in range(2):
                    raw = urlencode(asked, errors="surrogatepass").encode()
                    assert (await sent_by_hand(world, raw, FORM))[0] == 200, own
        home = event(world, "1", type="app_home_opened", user="U0EVE", tab="home").payload | {"event_id": "\0"}
        assert (await sent_by_hand(world, home, JSON))[0] == 200
        await world.settled()
        assert await count(world) == 10
        assert {row["error"] for row in await stored(world, "command", "event")} == {None}


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
async def test_a_first_delivery_numbered_zero_and_a_retry_are_both_accepted(
    new_world: NewWorld, transport: str
) -> None:
    """Over Socket Mode a first delivery has retry number 0, which must not be taken for a repetition."""
    async with new_world(transport=transport) as world:
        room = await declared(world)
        for number in (0, 3):
            message = await world.eve.says(f"message {number}", room)
            item = {"type": "message", "channel": room.id, "ts": message.ts}
            once = event(world, f"{number}", type="reaction_added", user="U0EVE", reaction="pushpin", item=item)
            again = AppRequest("events_api", once.payload, retry_attempt=number, retry_reason="http_timeout")
            assert (await delivered(world, again)).accepted
        assert await notes(world) == ["message 0", "message 3"]


@BOTH
async def test_events_the_bot_does_not_use_are_acknowledged(new_world: NewWorld, transport: str) -> None:
    async with new_world(transport=transport) as world:
        await world.eve.invites("tocsin", "#random")
        await world.settled()
        bodies: list[dict[str, Any]] = [
            {"type": "team_join", "user": {"id": "U0NEW", "name": "new"}},
            {"type": "message", "channel": "C1", "user": "U0EVE", "text": "hello", "ts": "1.2"},
            {"type": "message", "subtype": "message_changed", "channel": "C1", "message": {"text": "x"}, "ts": "1.2"},
            {"type": "message", "subtype": "message_deleted", "channel": "C1", "deleted_ts": "1.1", "ts": "1.2"},
            {"type": "message", "subtype": "channel_join", "channel": "C1", "user": "U0TOCSIN", "ts": "1.2"},
            {"type": "message", "subtype": "bot_message", "channel": "C1", "bot_id": "B1", "text": "x", "ts": "1.2"},
            {"type": "member_joined_channel", "user": "U0EVE", "channel": "C1"},
            {"type": "reaction_added", "user": "U0EVE", "reaction": "pushpin", "item": {"type": "file", "file": "F1"}},
            {"type": "app_home_opened", "user": "U0EVE", "channel": "D1", "tab": "messages"},
            {"type": "something_new"},
        ]
        for number, body in enumerate(bodies):
            assert (await delivered(world, event(world, f"{number}", **body))).accepted, body
        rows = await stored(world, "event")
        # The bot's own joining is stored: a channel that was closed to it may accept messages again.
        joined = [row["body"]["event"] for row in rows if row["body"]["event"]["type"] == "member_joined_channel"]
        assert {one["user"] for one in joined} == {world.workspace.bot.id}
        others = {row["body"]["event"]["type"] for row in rows} - {"member_joined_channel"}
        assert others == {"reaction_added", "app_home_opened", "message"}
        # Edits and deletions are stored because they may concern a timeline; ordinary messages are not.
        said = [row["body"]["event"] for row in rows if row["body"]["event"]["type"] == "message"]
        assert {one["subtype"] for one in said} == {"message_changed", "message_deleted"}
        for row in rows:
            assert row["worked_at"] and row["error"] is None, row["body"]
        world.nothing_else_was_sent()


# Under load


@BOTH
async def test_forty_commands_at_once_are_all_acknowledged_and_answered(new_world: NewWorld, transport: str) -> None:
    async with new_world(transport=transport) as world:
        answers = await asyncio.gather(*(world.eve.types(f"/incident declare P3 number {n}") for n in range(40)))
        await world.settled()
        assert [answer.error for answer in answers] == [None] * 40
        assert all("declared as P3: number" in told(answer) for answer in answers)
        assert await count(world) == 40


@BOTH
async def test_a_hanging_slack_api_does_not_delay_the_acknowledgement_of_a_command(
    new_world: NewWorld, transport: str
) -> None:
    async with new_world(transport=transport) as world:
        for method in ("auth.test", "users.info"):
            world.workspace.faults.hang(method, 3600, times=None)
        answer = await world.eve.types("/incident declare P1 Payments failing", "#general")
        assert answer.error is None
        await world.workspace.until(lambda: world.pages_of("ada"))
        assert [one.what for one in world.workspace.complaints] == []


@pytest.mark.parametrize("trouble", ["429", "500", "404", "silence"])
async def test_a_command_is_done_even_if_slack_rejects_the_answer(new_world: NewWorld, trouble: str) -> None:
    async with new_world(transport="http") as world, unkind_slack(trouble) as address:
        body = command(world, "/incident declare P1 Payments failing", response_url=address).payload
        assert (await sent_by_hand(world, body))[0] == 200
        await world.settled()
        assert await count(world) == 1
        assert len(world.pages_of("ada")) == 1
        (row,) = await stored(world)
        assert row["worked_at"] and row["error"] is None
        assert "declared" in await ask(world, "eve", "/incident declare P3 next")


@asynccontextmanager
async def unkind_slack(trouble: str) -> AsyncIterator[str]:
    """A response URL that rejects every answer with a status, or by closing the connection."""

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


async def test_an_answer_after_the_response_url_has_expired_is_sent_as_an_ephemeral_message(world: World) -> None:
    room = await declared(world)
    await asked(world, "eve", "/incident note", room)
    await world.passes(minutes=31)
    await world.eve.submits(values={"Note": "late, but here"})
    await world.settled()
    assert await notes(world) == ["late, but here"]
    assert "s timeline" in words_of(whispered(world, "eve", room)[-1])
    assert [one.what for one in world.workspace.complaints] == ["expired_url"]


# The connection


async def test_no_command_is_lost_when_slack_asks_for_a_new_connection(world: World) -> None:
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


async def test_a_command_acknowledged_before_the_connection_was_cut_is_done(world: World) -> None:
    answer = await world.eve.types("/incident declare P1 Payments failing", "#general")
    assert answer.error is None
    await world.workspace.sockets.cut()
    await world.settled()
    assert await count(world) == 1

    await world.workspace.until(lambda: world.workspace.connected)
    assert "declared" in await ask(world, "eve", "/incident declare P3 next")
