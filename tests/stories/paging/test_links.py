"""Acknowledging by a link: opening it shows a page, and only pressing the button acknowledges."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.domain.paging.page import Page
from bot.services.paging.keyring import Keyring
from bot.services.paging.links import Links
from bot.store.paging import pages
from tests.mail_server import PostOffice, post_office
from tests.processes import until
from tests.stories.asking import declared, timeline
from tests.stories.upkeep.connections import line_to
from tests.world import RUNBOOK, World, living, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]

PUBLIC = "https://tocsin.example.com"
BY_MAIL = RUNBOOK.replace("who: [ada]}", "who: [ada], via: [slack, email]}")
ON_AND_ON = BY_MAIL.replace("    escalation:\n      steps:", "    escalation:\n      stops_on: resolved\n      steps:")


@pytest.fixture
async def office() -> AsyncIterator[PostOffice]:
    async with post_office() as office:
        yield office


def by_mail(office: PostOffice, **more: Any) -> dict[str, Any]:
    """The settings of a world with links in its mails."""
    mail = {"SMTP_URL": f"smtp://127.0.0.1:{office.port}", "MAIL_FROM": "bell@example.com", "PUBLIC_URL": PUBLIC}
    return {"runbook": BY_MAIL, **mail, **more}


@pytest.fixture
async def town(new_world: NewWorld, office: PostOffice) -> AsyncIterator[World]:
    async with new_world(**by_mail(office)) as world:
        yield world


def link_in(office: PostOffice) -> str:
    """The path of the link in the newest mail."""
    text = office.letters[-1].get_content()
    (found,) = re.findall(rf"^{re.escape(PUBLIC)}(/ack/\S+)", text, re.MULTILINE)
    return str(found)


async def follow(world: World, path: str, method: str = "GET") -> tuple[int, str]:
    """The status and the text of the page."""
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, f"http://127.0.0.1:{world.app.port}{path}") as answer,
    ):
        assert answer.content_type == "text/html"
        return answer.status, await answer.text()


async def press(world: World, path: str) -> tuple[int, str]:
    answer = await follow(world, path, "POST")
    await world.settled()
    return answer


async def is_acknowledged(world: World) -> bool:
    (incident,) = await world.house.incidents.newest(open_only=False)
    return bool(incident.is_acknowledged)


async def page_of(world: World, person: str = "ada") -> Page:
    async with world.house.db.transaction() as conn:
        every = await pages.of_incident(conn, 1)
    return next(page for page in every if page.person == person)


async def link_for(world: World, person: str = "ada") -> str:
    """The path of a link as it would be in a text message."""
    link = await world.house.links.link_to(await page_of(world, person))
    assert link is not None
    return str(link).removeprefix(PUBLIC)


# What the page is


async def test_pressing_the_button_of_the_link_in_a_mail_stops_the_paging(town: World, office: PostOffice) -> None:
    room = await declared(town)
    link = link_in(office)

    status, words = await follow(town, link)
    assert status == 200
    for said in ("P1 Critical", "INC-1", "Payments failing", "Ada Obi was paged by email as On-call Engineer"):
        assert said in words
    assert words.count("<button") == 1

    status, words = await press(town, link)
    assert (status, "Acknowledged by Ada Obi" in words, "<button" in words) == (200, True, False)
    assert "Acknowledged by Ada Obi" in words_of(town.pages_of("ada")[0])
    assert ("acknowledged", "ada", "") in await timeline(town)
    assert [place for place, _ in town.posts()] == [f"#{room.name}"]
    await town.passes(hours=3)
    assert town.pages_of("ben") == []
    town.nothing_else_was_sent()


async def test_opening_the_link_changes_nothing_however_often(town: World, office: PostOffice) -> None:
    await declared(town)

    for method in ("GET", "HEAD", "GET", "HEAD"):
        assert (await follow(town, link_in(office), method))[0] == 200
    assert not await is_acknowledged(town)

    await town.passes(minutes=15)
    assert len(town.pages_of("ben")) == 1, "the ladder climbs on"
    town.posts()
    town.nothing_else_was_sent()


@pytest.mark.parametrize("method", ["OPTIONS", "PUT", "DELETE", "PATCH"])
async def test_no_other_method_acknowledges(town: World, office: PostOffice, method: str) -> None:
    await declared(town)
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, f"http://127.0.0.1:{town.app.port}{link_in(office)}") as answer,
    ):
        assert answer.status == 405
    assert not await is_acknowledged(town)


async def test_the_page_is_not_cached_or_indexed_and_its_policy_allows_only_the_form(
    town: World, office: PostOffice
) -> None:
    await declared(town)
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{town.app.port}{link_in(office)}") as answer,
    ):
        words = await answer.text()
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self'" in policy
    assert "script" not in policy
    assert "<script" not in words


async def test_a_title_is_escaped_on_the_page(town: World) -> None:
    await declared(town, "P1 <script>alert(1)</script> & <b>more</b>")
    status, words = await follow(town, await link_for(town))
    assert status == 200
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &lt;b&gt;" in words
    assert "<script" not in words


async def test_the_signature_of_a_link_is_never_logged(
    town: World, office: PostOffice, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    await declared(town)
    link = link_in(office)
    for path in (link, f"{link}/", f"{link}/more", link.replace(".", "%2E")):
        await follow(town, path)
    assert "path=/ack/{token} status=200" in caplog.text
    assert link.rpartition(".")[2] not in caplog.text


# Once


async def test_pressing_the_button_twice_says_who_has_already_acknowledged(town: World, office: PostOffice) -> None:
    await declared(town)
    await press(town, link_in(office))
    town.posts()

    status, words = await press(town, link_in(office))

    assert (status, "Already acknowledged by Ada Obi" in words) == (200, True)
    assert [kind for kind, _, _ in await timeline(town)].count("acknowledged") == 1
    town.nothing_else_was_sent()


async def test_a_link_followed_after_somebody_else_acknowledged_says_who_did(town: World, office: PostOffice) -> None:
    await declared(town)
    await town.cleo.presses("Acknowledge", town.card())
    await town.settled()
    town.posts()

    for method in ("GET", "POST"):
        status, words = await follow(town, link_in(office), method)
        assert (status, "Already acknowledged by Cleo Fox" in words) == (200, True)
        assert "<button" not in words
    await town.settled()
    town.nothing_else_was_sent()


async def test_a_link_to_a_resolved_incident_says_who_resolved_it_and_has_no_button(
    town: World, office: PostOffice
) -> None:
    room = await declared(town)
    await town.eve.types("/incident resolve Rolled back", room)
    await town.settled()
    town.posts()

    for method in ("GET", "POST"):
        status, words = await follow(town, link_in(office), method)
        assert (status, f"Resolved by {town.eve.user.real_name}" in words, "<button" in words) == (200, True, False)
    await town.settled()
    town.nothing_else_was_sent()


async def test_everybody_can_acknowledge_on_a_ladder_that_climbs_until_the_incident_is_resolved(
    new_world: NewWorld, office: PostOffice
) -> None:
    async with new_world(**by_mail(office, runbook=ON_AND_ON)) as world:
        await declared(world)
        await world.passes(minutes=15)
        assert "The next tiers will, until INC-1 is resolved" in (await press(world, await link_for(world)))[1]
        assert "Acknowledged by Ben Moss" in (await press(world, await link_for(world, "ben")))[1]
        world.posts()

        assert "Already acknowledged by Ada Obi" in (await press(world, await link_for(world)))[1]
        world.nothing_else_was_sent()


async def test_a_link_from_before_a_reopening_acknowledges_nothing_and_points_to_the_newer_one(
    town: World, office: PostOffice
) -> None:
    room = await declared(town)
    before = link_in(office)
    await press(town, before)
    await town.passes(minutes=5)
    await town.eve.types("/incident resolve Rolled back", room)
    await town.passes(minutes=5)
    await town.eve.types("/incident reopen It is back", room)
    await town.settled()
    town.posts()

    for method in ("GET", "POST"):
        status, words = await follow(town, before, method)
        assert (status, "<button" in words) == (200, False)
        assert "INC-1 has been reopened since this was sent" in words
        assert "newer page" in words
    await town.settled()
    assert not await is_acknowledged(town)
    town.nothing_else_was_sent()

    assert link_in(office) != before
    assert "Acknowledged by Ada Obi" in (await press(town, link_in(office)))[1]
    assert await is_acknowledged(town)


async def test_a_raised_severity_leaves_earlier_links_valid(town: World, office: PostOffice) -> None:
    room = await declared(town, "P2 Payments failing")
    before = link_in(office)
    await town.passes(minutes=5)
    await town.eve.types("/incident severity P1", room)
    await town.settled()
    assert link_in(office) != before, "a new run of the ladder has paged anew"

    assert "<button" in (await follow(town, before))[1]
    assert "Acknowledged by Ada Obi" in (await press(town, before))[1]
    assert await is_acknowledged(town)


# Which links are valid


@pytest.mark.parametrize(("late", "status"), [(timedelta(seconds=-1), 200), (timedelta(0), 410)])
async def test_a_link_is_valid_for_seven_days(town: World, office: PostOffice, late: timedelta, status: int) -> None:
    await declared(town)
    link = link_in(office)
    await town.passes(seconds=(timedelta(days=7) + late).total_seconds())
    town.posts()

    for method in ("GET", "POST"):
        assert (await follow(town, link, method))[0] == status
    await town.settled()
    assert await is_acknowledged(town) == (status == 200)
    if status == 410:
        assert "INC-1" in (await follow(town, link))[1]
        town.nothing_else_was_sent()


async def test_a_clock_set_back_invalidates_no_link(town: World, office: PostOffice) -> None:
    await declared(town)
    town.clock.freeze(town.clock.now() - timedelta(hours=1))

    assert (await press(town, link_in(office)))[0] == 200
    assert await is_acknowledged(town)


async def test_a_link_that_was_altered_truncated_or_made_up_is_not_valid(town: World, office: PostOffice) -> None:
    await declared(town)
    head, _, signature = link_in(office).rpartition(".")
    page, stamp = head.removeprefix("/ack/").split(".")
    twisted = signature[:-1] + chr(ord(signature[-1]) + 1)
    made_up = [
        "", "nonsense", "1", f"{page}.{stamp}", f"{page}.{stamp}.", f"{page}.{stamp}.{signature[:-1]}",
        f"{page}.{stamp}.{twisted}", f"{page}.{stamp}.{signature}A", f"{page}x.{stamp}.{signature}",
        f"{page}.{stamp}x.{signature}", f"{page}.{signature}", f"{stamp}.{page}.{signature}",
        f"{page}.{stamp}.{signature}/", "%00", "%ff", "é" * 300, "x" * 5000,
    ]  # fmt: skip
    for token in made_up:
        for method in ("GET", "POST"):
            status, words = await follow(town, f"/ack/{token}", method)
            assert (status, "not valid" in words) == (404, True), token
            assert "Payments" not in words
    assert not await is_acknowledged(town)


async def test_a_link_signed_with_another_key_is_not_valid(town: World, office: PostOffice) -> None:
    await declared(town)
    page = await page_of(town)
    put = "UPDATE keys SET secret = %s WHERE name = 'links'"
    async with town.house.db.transaction() as conn:
        (ours,) = await (await conn.execute("SELECT secret FROM keys WHERE name = 'links'")).fetchall()
        await conn.execute(put, [bytes(32)])
    keyring = Keyring(town.house.db, town.clock)
    stranger = Links(town.house.db, town.clock, keyring, public_url=PUBLIC)
    forged = str(await stranger.link_to(page)).removeprefix(PUBLIC)
    async with town.house.db.transaction() as conn:
        await conn.execute(put, [ours["secret"]])

    assert forged != link_in(office)
    assert (await press(town, forged))[0] == 404
    assert not await is_acknowledged(town)


async def test_a_link_to_a_page_that_was_deleted_is_not_valid(town: World, office: PostOffice) -> None:
    await declared(town)
    async with town.house.db.transaction() as conn:
        await conn.execute("DELETE FROM pages")

    assert (await press(town, link_in(office)))[0] == 404


async def test_a_mail_is_sent_with_a_default_sender_if_mail_from_is_not_set(
    new_world: NewWorld, office: PostOffice
) -> None:
    async with new_world(**by_mail(office, MAIL_FROM="")) as world:
        await declared(world)
        assert office.letters[-1]["From"] == "tocsin@localhost"
        assert (await page_of(world)).state == "accepted"
        world.nothing_else_was_sent()


# Without a link, in a drill, and without a database


async def test_without_a_public_address_the_mail_says_how_to_acknowledge_in_slack(
    new_world: NewWorld, office: PostOffice
) -> None:
    async with new_world(**by_mail(office, PUBLIC_URL="")) as world:
        await declared(world)
        assert "/escalate ack" in office.letters[-1].get_content()
        assert "/ack/" not in office.letters[-1].get_content()
        assert await world.house.links.link_to(await page_of(world)) is None
        world.nothing_else_was_sent()


async def test_the_page_behind_a_link_says_drill_during_a_drill(town: World) -> None:
    await town.eve.types("/incident drill P1 Payments failing", "#general")
    await town.settled()
    link = await link_for(town)

    assert "<h1>DRILL Payments failing</h1>" in (await follow(town, link))[1]
    assert "<h1>DRILL Payments failing</h1>" in (await press(town, link))[1]
    assert await is_acknowledged(town)
    assert all(headline.startswith("DRILL") for _, headline in town.posts())
    town.nothing_else_was_sent()


@pytest.mark.parametrize(("trouble", "methods"), [("cut", ("GET", "HEAD", "POST")), ("go_dead", ("POST",))])
async def test_the_page_says_not_recorded_while_the_database_is_away(
    database: str, tmp_path: Path, office: PostOffice, trouble: str, methods: tuple[str, ...]
) -> None:
    async with line_to(database) as line, living(line.url, tmp_path, **by_mail(office)) as world:
        await declared(world)
        await line.cut() if trouble == "cut" else line.go_dead()

        answers = await asyncio.gather(*(follow(world, link_in(office), method) for method in methods))
        for method, (status, words) in zip(methods, answers, strict=True):
            assert (status, "Not recorded" in words) == (503, method != "HEAD")

        await line.come_back()

        async def is_taken() -> bool:
            return (await follow(world, link_in(office), "POST"))[0] == 200

        await until(is_taken)
        assert await is_acknowledged(world)


async def test_a_link_stays_valid_when_the_key_is_rotated_and_new_links_use_the_new_key(
    town: World, office: PostOffice
) -> None:
    await declared(town)
    shell = Keyring(town.house.db, town.clock)
    await shell.rotate("links", at_once=False)
    new = str(await Links(town.house.db, town.clock, shell, public_url=PUBLIC).link_to(await page_of(town)))

    assert new.removeprefix(PUBLIC) != link_in(office)
    assert (await follow(town, new.removeprefix(PUBLIC)))[0] == 200
    assert (await press(town, link_in(office)))[0] == 200
    assert await is_acknowledged(town)


async def test_rotating_a_leaked_key_at_once_invalidates_its_links_in_every_running_process(
    town: World, office: PostOffice
) -> None:
    await declared(town)
    assert (await follow(town, link_in(office)))[0] == 200
    await Keyring(town.house.db, town.clock).rotate("links", at_once=True)

    assert (await press(town, link_in(office)))[0] == 404
    assert not await is_acknowledged(town)
