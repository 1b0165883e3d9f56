"""Once a quarter, everybody confirms each of their ways by answering a test page through it."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import aiohttp
import pytest

from bot.domain.actor import Actor
from bot.domain.errors import Refused
from bot.domain.incidents.incident import Incident
from bot.sandbox.looking import labels
from bot.sandbox.model import Message
from bot.store.paging import confirmations
from tests.commandline import tocsin
from tests.mail_server import PostOffice, post_office
from tests.stories.asking import ask
from tests.stories.paging.test_links import follow, press
from tests.stories.paging.test_test_pages import PUBLIC, mail_of
from tests.stories.telephone.telephones import ADA, BEN, by, heard, replied, telephones
from tests.world import RUNBOOK, World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]
LONDON = ZoneInfo("Europe/London")
# 3 October 2026 is a Saturday.
ROUND = 'maintenance: {tasks: [{do: Verify contacts, every: quarter, "on": 3, proved_by: contacts}]}\n'
ASKING = RUNBOOK.replace("who: [ada]}", "who: [ada], via: [slack, email]}") + ROUND


@pytest.fixture
async def office() -> AsyncIterator[PostOffice]:
    async with post_office() as office:
        yield office


async def until(world: World, day: int, hour: int) -> None:
    """Moves the clock to this day of October."""
    await world.settled()
    world.clock.move(datetime(2026, 10, day, hour, tzinfo=LONDON) - world.clock.now())
    await world.settled()


def asked_of(world: World, name: str) -> list[Message]:
    return [one for one in world.pages_of(name) if "TEST" in words_of(one)]


async def opens_link(world: World, office: PostOffice) -> None:
    (path,) = re.findall(rf"^{PUBLIC}(/ack/\S+)", office.letters[-1].get_content(), re.MULTILINE)
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"http://127.0.0.1:{world.app.port}{path}") as answer,
    ):
        assert "Acknowledged by Ada Obi" in await answer.text()
    await world.settled()


async def test_everybody_is_asked_once_by_each_way_in_working_hours_and_an_unconfirmed_way_is_a_gap(
    new_world: NewWorld, office: PostOffice, database: str, tmp_path: Path
) -> None:
    async with new_world(runbook=ASKING, **mail_of(office)) as world:
        assert "Not confirmed" not in await ask(world, "eve", "/escalate oncall")
        async with world.joined():
            await until(world, 3, 9)
            await until(world, 4, 23)
            assert asked_of(world, "ada") == [] and office.letters == [], "nobody is asked on a Saturday, or at night"
            await until(world, 5, 9)
            assert [len(asked_of(world, name)) for name in ("ada", "ben", "cleo", "dev")] == [1, 1, 1, 0]
            assert len(office.letters) == 1 and "TEST" in office.letters[0]["Subject"]
            assert "confirm that pages by Slack reach you" in words_of(asked_of(world, "ada")[0])
            assert "No incident is open" in await ask(world, "eve", "/incident list")

            assert "where it arrived" in await ask(world, "ada", "/incident ack INC-2"), "Slack proves no mail"
            for name in ("ada", "ben"):
                await world.workspace.person(name).presses("Acknowledge", asked_of(world, name)[0])
            await world.passes(minutes=1)
            missing = (await ask(world, "eve", "/escalate oncall")).partition("Not confirmed")[2]
            assert "Ada Obi by email" in missing and "Cleo Fox by Slack" in missing
            assert "Ada Obi by Slack" not in missing and "Ben" not in missing
        (tmp_path / "runbook.yml").write_text(ASKING)
        checked = await tocsin("check", "--simulate", at=tmp_path, DATABASE_URL=database, **mail_of(office))
        examined = await tocsin("doctor", at=tmp_path, DATABASE_URL=database, **mail_of(office))
        for out in (checked.out, examined.out):
            assert "Ada Obi by email: asked Mon 05 Oct 2026 09:00 BST, not confirmed" in out

        await opens_link(world, office)
        await world.cleo.presses("Acknowledge", asked_of(world, "cleo")[0])
        await until(world, 6, 9)
        assert "Not confirmed" not in await ask(world, "eve", "/escalate oncall")
        (due,) = [one for one in world.workspace.messages("#incidents") if "Verify contacts" in words_of(one)]
        assert "proved by 3 people who confirmed 4 ways" in words_of(due) and labels(due) == []
        assert len(asked_of(world, "ada")) == 1 and len(office.letters) == 1


async def test_a_provider_refusal_is_reported_as_such_and_people_who_left_are_not_asked(
    new_world: NewWorld, office: PostOffice
) -> None:
    office.says["RCPT"] = "550 no such mailbox"
    without_ben = ASKING.replace("who: [ben]}", "who: [cleo]}")
    async with new_world(runbook=without_ben, **mail_of(office)) as world:
        await until(world, 5, 9)
        await world.passes(minutes=1)
        missing = (await ask(world, "eve", "/escalate oncall")).partition("Not confirmed")[2]
        assert "Ada Obi by email: the test page of" in missing and "no such mailbox" in missing
        assert asked_of(world, "ben") == []
        assert "No tier of the runbook pages you" in await ask(world, "eve", "/escalate test")

        office.says.clear()
        assert "by Slack, email" in await ask(world, "ada", "/escalate test")
        await world.settled()
        await opens_link(world, office)
        await world.ada.presses("Acknowledge", asked_of(world, "ada")[-1])
        await world.passes(minutes=1)
        missing = (await ask(world, "eve", "/escalate oncall")).partition("Not confirmed")[2]
        assert "Ada" not in missing and "Cleo Fox by Slack" in missing
        await world.passes(hours=24 * 7)
        assert "Resolved by Tocsin" in words_of(asked_of(world, "cleo")[0]), "after a week nobody waits for it"


async def test_a_text_is_confirmed_by_a_word_or_by_its_link_and_a_call_by_a_key(
    new_world: NewWorld, database: str, tmp_path: Path
) -> None:
    """Each answer confirms only its own way; the gap is shown everywhere until it is closed."""
    asking = by("sms", "voice", then="sms") + ROUND
    async with telephones(new_world, asking) as (world, company):
        await until(world, 5, 9)
        await world.passes(minutes=1)
        (text,), (of_ben,), (call,) = company.texts(ADA), company.texts(BEN), company.calls(ADA)
        assert "TEST" in text.body and "TEST" in of_ben.body

        assert "acknowledged" not in await replied(world, company, ADA, "who is this?")
        environ = {"DATABASE_URL": database, "PUBLIC_URL": PUBLIC, **company.environ}
        gaps = ["Ada Obi by SMS", "Ada Obi by call", "Ben Moss by SMS", "Cleo Fox by Slack"]
        assert await unconfirmed(world, asking, tmp_path, environ) == gaps

        assert "acknowledged" in await replied(world, company, ADA, "ack")
        (path,) = re.findall(rf"{PUBLIC}(/ack/\S+)", of_ben.body)
        assert (await follow(world, path))[0] == 200
        assert await unconfirmed(world, asking, tmp_path, environ) == [gaps[1], gaps[2], gaps[3]], "nobody pressed yet"
        await press(world, path)
        assert "acknowledged" in heard(await company.pressed(call, "1"))
        await world.cleo.presses("Acknowledge", asked_of(world, "cleo")[0])
        await world.passes(minutes=2)
        assert await unconfirmed(world, asking, tmp_path, environ) == []
        (due,) = [one for one in world.workspace.messages("#incidents") if "Verify contacts" in words_of(one)]
        assert "proved by 3 people who confirmed 4 ways" in words_of(due)


async def unconfirmed(world: World, runbook: str, at: Path, environ: dict[str, str]) -> list[str]:
    """The people `/escalate oncall` names; asserts that the shell names the same."""
    (at / "runbook.yml").write_text(runbook)
    named = re.findall(r"⚠ (.+?): asked", (await ask(world, "eve", "/escalate oncall")).partition("Not confirmed")[2])
    for command in (("check", "--simulate"), ("doctor",)):
        out = (await tocsin(*command, at=at, **environ)).out
        assert re.findall(r"(\w+ \w+ by \w+): asked", out) == named, command
    return named


@pytest.mark.parametrize("typed", ["ack", "lead", "resolve", "status {} resolved"])
async def test_an_answer_typed_in_slack_confirms_only_slack(
    new_world: NewWorld, office: PostOffice, typed: str
) -> None:
    """Nor does a shell confirm anything; and only the person paged can confirm."""
    async with new_world(runbook=ASKING, **mail_of(office)) as world:
        await ask(world, "ada", "/escalate test")
        await world.settled()
        by_mail = next(one for one in await asked_by(world) if one.confirms == "email")
        command = typed.format(by_mail.ref) if "{}" in typed else f"{typed} {by_mail.ref}"
        assert "where it arrived" in await ask(world, "ada", f"/incident {command}")
        with pytest.raises(Refused, match="where it arrived"):
            await world.house.acknowledgements.acknowledge(Actor("ada"), by_mail.id, by=None)
        async with world.house.db.statement() as conn:
            assert [one.confirmed_at for one in await confirmations.latest(conn)] == [None, None]


async def asked_by(world: World) -> list[Incident]:
    return [await world.house.incidents.find(f"INC-{number}") for number in (1, 2)]
