"""Updates still waiting when the incident changes: none says that an open one is resolved, or the other way round."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from datetime import timedelta

import pytest

from bot.domain.updates.update import Moment
from bot.store.updates import reminders, updates
from bot.store.updates.updates import NewUpdate
from tests.mail_server import PostOffice, post_office
from tests.stories.updates.test_stakeholder_updates import (
    card,
    declared,
    does,
    letters,
    presses,
    told,
    updating_world,
    writes,
)
from tests.world import World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]
HELLO, OVER = "Hello", "Resolved: problems at Example Tutors"


class MailServer:
    """A mail server that can go away, so that nothing listens on its port."""

    def __init__(self) -> None:
        self.office = PostOffice()
        self._there = AsyncExitStack()

    async def comes(self) -> None:
        await self._there.enter_async_context(post_office(self.office, port=self.office.port))

    async def goes(self) -> None:
        await self._there.aclose()


@pytest.fixture
async def server() -> AsyncIterator[MailServer]:
    server = MailServer()
    await server.comes()
    yield server
    await server.goes()


@pytest.fixture
async def town(new_world: NewWorld, server: MailServer) -> AsyncIterator[World]:
    async with updating_world(new_world, server.office) as world:
        yield world


async def approved(world: World, server: MailServer, who: str = "ben") -> list[tuple[str, str]]:
    await presses(world, who, "Approve", card(world, "clients"))
    return letters(server.office)


async def told_of_it(world: World, server: MailServer) -> None:
    await declared(world)
    await writes(world, "ada", "clients", subject=HELLO)
    await approved(world, server)


def for_the_lead(world: World) -> list[str]:
    return [
        words_of(one) for one in world.workspace.messages(world.room()) if one.text.startswith("✋ *No longer sent")
    ]


async def test_a_resolved_notice_still_waiting_is_not_sent_once_the_incident_is_reopened(
    town: World, server: MailServer
) -> None:
    await told_of_it(town, server)
    await server.goes()
    await does(town, "ada", "/incident resolve Rolled back")
    over = card(town, "clients")
    await approved(town, server)
    await does(town, "ada", "/incident reopen It is back")
    await server.comes()
    await town.passes(minutes=2)

    assert [subject for _, subject in letters(server.office) if subject.startswith("Resolved")] == []
    assert "one@example.com not sent: INC-1 is open again" in words_of(over)
    clients, stakeholders = sorted(for_the_lead(town))
    assert "clients" in clients and "INC-1 is open again" in clients and "none of its addresses has it" in clients
    assert f"<@{town.ada.id}>" in clients and "stakeholders" in stakeholders
    assert any("sending to clients stopped, because INC-1 is open again" in one for one in await told(town, "system"))


async def test_a_half_sent_resolved_notice_shows_who_has_it_and_all_get_the_next_one(
    town: World, server: MailServer
) -> None:
    await told_of_it(town, server)
    server.office.says_to("one@example.com", "451 4.7.1 greylisted")
    await does(town, "ada", "/incident resolve Rolled back")
    over = card(town, "clients")
    assert ("two@example.com", OVER) in await approved(town, server)
    await does(town, "ada", "/incident reopen It is back")
    assert "Back again" in words_of(card(town, "clients"))
    server.office.says.clear()
    await town.passes(minutes=2)

    assert ("one@example.com", OVER) not in letters(server.office)
    assert "two@example.com" in words_of(over) and "one@example.com not sent: INC-1 is open again" in words_of(over)
    (said,) = for_the_lead(town)
    assert "1 of its addresses already has it, or may have (two@example.com)" in said

    await does(town, "ada", "/incident resolve Rolled back again")
    told_now = [reader for reader, subject in await approved(town, server) if subject == OVER]
    assert told_now == ["one@example.com", "two@example.com"]


async def test_a_resolved_notice_that_reached_nobody_is_sent_at_the_next_resolution(
    town: World, server: MailServer
) -> None:
    await told_of_it(town, server)
    await server.goes()
    await does(town, "ada", "/incident resolve Rolled back")
    await approved(town, server)
    await does(town, "ada", "/incident reopen It is back")
    await server.comes()
    await town.passes(minutes=2)
    letters(server.office)

    await does(town, "ada", "/incident resolve For good")
    assert ("one@example.com", OVER) in await approved(town, server)


async def test_a_first_notice_still_waiting_is_not_sent_once_the_incident_is_resolved(
    town: World, server: MailServer
) -> None:
    await server.goes()
    await declared(town)
    await does(town, "ada", "/incident resolve A false alarm")
    await server.comes()
    await town.passes(minutes=2)

    assert letters(server.office) == [], "who has not heard of it is not told that it is over"
    assert "INC-1 is resolved" in "".join(for_the_lead(town))


async def test_a_breach_notice_is_not_superseded_by_an_update(town: World) -> None:
    await declared(town)
    now = town.clock.now()
    moments: list[Moment] = ["resolved", "breach", "update"]
    async with town.house.db.transaction() as conn:
        for moment in moments:
            new = NewUpdate(1, "clients", moment, "resolved", "P1", "ada", "s", "t")
            update = await updates.insert(conn, new, "released", now)
            await updates.insert_deliveries(conn, update.id, [("email", "one@example.com")], gaps={}, now=now)
            on_their_way = await updates.deliveries(conn, update.id)
        newest = on_their_way[0].id
        over, notice = [await updates.delivery(conn, newest - behind) for behind in (2, 1)]
        assert await updates.is_followed(conn, over) and not await updates.is_followed(conn, notice)
        await updates.settle(conn, newest, "cancelled", now=now)
        assert not await updates.is_followed(conn, over)


async def test_an_address_that_got_no_update_is_not_sent_the_resolution_nor_counted_as_told(
    town: World, server: MailServer
) -> None:
    """One of two clients' addresses refuses the first update; the press's only address refuses it too."""
    for reader in ("one@example.com", "press@example.com"):
        server.office.says_to(reader, "550 5.1.1 no such user")
    await told_of_it(town, server)
    await writes(town, "ada", "press", subject=HELLO)
    answer = await town.ada.types("/incident tell", town.room())
    await town.settled()
    offered = words_of(answer.messages[0])
    assert "press*: nothing sent yet" in offered and "clients*: last sent to" in offered
    server.office.says.clear()
    letters(server.office)

    await does(town, "ada", "/incident resolve Rolled back")
    assert [reader for reader, subject in await approved(town, server) if subject == OVER] == ["two@example.com"]
    assert "one@example.com not sent: nothing about it has reached this address" in words_of(card(town, "clients"))
    owed = [words_of(one) for one in town.workspace.messages(town.room()) if "press" in one.text]
    assert not any("Resolved" in one for one in owed)


async def test_a_resolution_is_not_offered_to_audiences_that_were_never_told(town: World, server: MailServer) -> None:
    await declared(town)
    await writes(town, "ada", "clients", subject=HELLO)
    letters(server.office)
    await server.goes()
    await approved(town, server)
    await writes(town, "ada", "press", subject=HELLO)
    await does(town, "ada", "/incident resolve A false alarm")
    await server.comes()
    await town.passes(hours=2)

    assert [reader for reader, _ in letters(server.office) if reader != "board@example.com"] == []
    said = town.workspace.messages(town.room())
    pressed = {label for one in said for label in (*town.ada.labels(one), *town.ben.labels(one))}
    assert pressed.isdisjoint({"Approve", "Tell clients", "Tell press"})
    assert not [one.text for one in said if "none has said yet that" in one.text]


async def test_a_waiting_announcement_of_cancelled_maintenance_is_not_sent(town: World, server: MailServer) -> None:
    await server.goes()
    await town.ada.types("/incident maintenance Database upgrade at 18:00 for 1h telling clients, press", "#general")
    await town.settled()
    shown = next(one for one in town.workspace.messages("#incidents") if "M-1" in one.text)
    await presses(town, "ada", "Cancel", shown)
    await town.ada.submits(values={"why": "Not needed"})
    await server.comes()
    await town.passes(minutes=2)
    assert letters(server.office) == []
    assert any("press" in one and "not sent" in one for one in words_of(shown).splitlines()), words_of(shown)


async def test_moved_maintenance_is_announced_only_for_its_newest_time(town: World, server: MailServer) -> None:
    await town.ada.types("/incident maintenance Upgrade at 18:00 for 1h telling stakeholders", "#general")
    await town.settled()
    assert len(letters(server.office)) == 1
    await server.goes()
    shown = next(one for one in town.workspace.messages("#incidents") if "M-1" in one.text)
    for when in ("20:00", "22:00"):
        await presses(town, "ada", "Move", shown)
        await town.ada.submits(values={"when": when, "lasts": "1h", "why": ""})
        await town.settled()
    await server.comes()
    await town.passes(minutes=2)
    assert ["22:00" in str(one) for one in server.office.letters] == [True], letters(server.office)


async def test_a_text_waiting_for_approval_is_replaced_only_by_a_newer_one_of_its_kind(town: World) -> None:
    await declared(town)
    async with town.house.db.transaction() as conn:
        kept = {}
        moments: list[Moment] = ["breach", "update", "postmortem", "update", "breach"]
        for moment in moments:
            new = NewUpdate(1, "clients", moment, "resolved", "P1", "ada", "s", "t")
            update = await updates.insert(conn, new, "waiting", town.clock.now())
            kept[update.id] = (await updates.replace_waiting(conn, update), moment)
    (breach, _), (news, _), *rest = list(kept.items())
    assert [said[0] for _, said in rest] == [[], [news], [breach]]


async def test_the_reminder_comes_at_the_time_the_text_promised_however_late_it_was_sent(town: World) -> None:
    await declared(town)
    await does(town, "ada", "/incident tell clients")
    await town.passes(minutes=20)
    await town.ada.submits(values={"subject": HELLO})
    await town.settled()
    await presses(town, "ben", "Approve", card(town, "clients"))
    async with town.house.db.transaction() as conn:
        (promised,) = [one for one in await reminders.of_incident(conn, 1) if one.audience == "clients"]
    assert promised.promised_at <= town.clock.now() + timedelta(minutes=25, seconds=5)
