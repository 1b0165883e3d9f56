"""Test pages: real pages that say TEST, announced to nobody."""

import asyncio
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import aiohttp
import pytest

from bot.clock import Clock
from bot.sandbox.server import Server
from bot.sandbox.workspace import Workspace
from tests.commandline import begun, line_with, tocsin
from tests.mail_server import PostOffice, post_office
from tests.stories.asking import ask
from tests.stories.telephone.telephones import ADA, by, heard, telephones
from tests.world import RUNBOOK, World, manifest, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]

BY_MAIL = RUNBOOK.replace("who: [ada]}", "who: [ada], via: [slack, email]}")
PUBLIC = "https://tocsin.example.com"


@pytest.fixture
async def office() -> AsyncIterator[PostOffice]:
    async with post_office() as office:
        yield office


def mail_of(office: PostOffice) -> dict[str, str]:
    return {"SMTP_URL": f"smtp://127.0.0.1:{office.port}", "MAIL_FROM": "bell@example.com", "PUBLIC_URL": PUBLIC}


def link_in(office: PostOffice) -> str:
    (found,) = re.findall(rf"^{PUBLIC}(/ack/\S+)", office.letters[-1].get_content(), re.MULTILINE)
    return str(found)


async def test_a_test_page_goes_out_by_every_way_and_says_test_and_nobody_else_is_told(
    new_world: NewWorld, office: PostOffice
) -> None:
    async with new_world(runbook=BY_MAIL, **mail_of(office)) as world:
        page_test = await world.house.test_pages.begin("ada")
        await world.settled()

        ((place, headline),) = world.posts()
        assert (place, headline.startswith("DRILL"), "TEST" in headline) == ("ada", True, True)
        (letter,) = office.letters
        assert "TEST" in letter["Subject"]
        assert "TEST" in letter.get_content()
        assert not any(one.name.startswith("inc-") for one in world.workspace.conversations)
        await world.passes(hours=5)
        await world.ada.presses("Escalate", world.pages_of("ada")[0])
        await world.settled()
        assert world.pages_of("ben") == [], "nobody else is paged, however long it takes, whatever is pressed"
        assert "INC-1 is a test page" in words_of(world.pages_of("ada")[-1])

        async with (
            aiohttp.ClientSession() as session,
            session.post(f"http://127.0.0.1:{world.app.port}{link_in(office)}") as answer,
        ):
            assert "Acknowledged by Ada Obi" in await answer.text()
        await world.settled()
        assert "Acknowledged by Ada Obi" in words_of(world.pages_of("ada")[0])

        await world.house.test_pages.end(page_test.id)
        await world.house.test_pages.end(page_test.id)
        await world.settled()
        assert "Resolved by Tocsin" in words_of(world.pages_of("ada")[0])
        assert await world.house.incidents.newest(open_only=True) == []
        world.nothing_else_was_sent()


@pytest.mark.parametrize("typed", ["severity INC-1 P1", "lead INC-1", "status INC-1 resolved", "resolve INC-1"])
async def test_a_test_page_can_be_acknowledged_and_nothing_else(world: World, typed: str) -> None:
    """A higher severity would page the people of its ladder, and leading or resolving acknowledges."""
    await world.house.test_pages.begin("ada")
    assert "INC-1 is a test page: acknowledge it." in await ask(world, "ada", f"/incident {typed}")
    await world.passes(hours=1)
    assert [len(world.pages_of(name)) for name in ("ada", "ben", "cleo")] == [1, 0, 0]
    incident = await world.house.incidents.find("INC-1")
    assert (incident.is_acknowledged, incident.is_open, incident.severity) == (False, True, "P3")

    await world.ada.presses("Acknowledge", world.pages_of("ada")[0])
    await world.settled()
    await world.house.test_pages.end(1)
    assert "INC-1 is a test page" in await ask(world, "ada", "/incident reopen INC-1")


async def test_a_test_page_by_text_and_call_says_test_and_does_not_mention_a_private_incident(
    new_world: NewWorld,
) -> None:
    async with telephones(new_world, by("slack", "sms", "voice")) as (world, company):
        await world.house.test_pages.begin("ada")
        await world.settled()
        (text,), (call,), (posted,) = company.texts(ADA), company.calls(ADA), world.pages_of("ada")
        for words in (text.body, heard(await company.picked_up(call)), words_of(posted)):
            assert "TEST" in words
            assert "rivate" not in words


async def test_a_test_page_nobody_ended_is_ended_when_the_next_one_begins(world: World) -> None:
    left = await world.house.test_pages.begin("ada")
    await world.settled()
    again = await world.house.test_pages.begin("ada")
    await world.settled()

    assert [one.id for one in await world.house.incidents.newest(open_only=True)] == [again.id]
    assert "Resolved by Tocsin" in words_of(world.pages_of("ada")[0])
    assert left.id != again.id


async def test_a_test_page_that_goes_well_logs_no_warning(
    new_world: NewWorld, office: PostOffice, caplog: pytest.LogCaptureFixture
) -> None:
    async with new_world(runbook=BY_MAIL, **mail_of(office)) as world:
        caplog.set_level("INFO")
        page_test = await world.house.test_pages.begin("ada")
        await world.settled()
        await world.ada.presses("Acknowledge", world.pages_of("ada")[0])
        await world.settled()
        await world.house.test_pages.end(page_test.id)
        await world.settled()

    assert "there is nothing to show any more" in caplog.text, "it is told, as what it is"
    assert "a test page has no room" in caplog.text
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == []


async def test_a_person_in_no_tier_gets_a_test_page_by_every_contact_in_the_runbook(new_world: NewWorld) -> None:
    nobody = RUNBOOK.replace("who: [ben]}", "who: [cleo]}")
    async with new_world(runbook=nobody) as world:
        assert world.house.test_pages.ways_of("ada") == ("slack",)
        assert sorted(world.house.test_pages.ways_of("ben")) == ["email", "slack", "sms", "voice"]


# From a shell


@pytest.fixture
def here() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="tocsin-test-page-"))
    (folder / "runbook.yml").write_text(BY_MAIL)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
async def workspace() -> AsyncIterator[Workspace]:
    workspace = Workspace(Clock(), manifest())
    server = Server(workspace)
    await server.start()
    yield workspace
    await server.stop()


def environment(workspace: Workspace, database: str, office: PostOffice) -> dict[str, str]:
    return {
        "SLACK_BOT_TOKEN": workspace.bot_token,
        "SLACK_APP_TOKEN": workspace.app_token,
        "SLACK_API_URL": f"{workspace.base_url}/api/",
        "DATABASE_URL": database,
        "PORT": "0",
        **mail_of(office),
    }


async def test_the_doctor_reports_what_each_provider_answered_and_who_acknowledged(
    here: Path, workspace: Workspace, database: str, office: PostOffice
) -> None:
    environ = environment(workspace, database, office)
    async with begun("run", at=here, **environ) as bot:
        await line_with("slack=connected", bot.stderr)
        async with begun("doctor", "--page", "Ada Obi", at=here, **environ) as doctor:
            await line_with("waiting for Ada Obi to acknowledge", doctor.stdout)
            (page,) = workspace.direct_messages("ada")
            await workspace.person("ada").presses("Acknowledge", page)
            out, err = await asyncio.wait_for(doctor.communicate(), 60)

    assert (doctor.returncode, err.decode()) == (0, "")
    assert "✓ acknowledgement: by Ada Obi after " in out.decode()
    assert len(office.letters) == 1


async def test_the_doctor_sends_the_test_page_itself_if_no_bot_runs_and_names_what_failed(
    here: Path, workspace: Workspace, database: str, office: PostOffice
) -> None:
    office.says["RCPT"] = "550 no such mailbox"

    ended = await tocsin("doctor", "--page", "ada", at=here, **environment(workspace, database, office))

    assert ended.code == 1
    assert "✓ slack to " in ended.out
    assert "✗ email to ada@example.com: refused" in ended.out
    assert "no such mailbox" in ended.out
    assert "✗ acknowledgement: no bot runs on this database" in ended.out
    assert "TEST" in words_of(workspace.direct_messages("ada")[0])


async def test_the_doctor_stops_waiting_for_an_acknowledgement_at_its_time_limit(
    here: Path, workspace: Workspace, database: str, office: PostOffice
) -> None:
    environ = environment(workspace, database, office)
    async with begun("run", at=here, **environ) as bot:
        await line_with("slack=connected", bot.stderr)
        ended = await tocsin("doctor", "--page", "ada", "--wait", "1s", at=here, **environ)

    assert ended.code == 1
    assert "✗ acknowledgement: none within 1 s. Ask Ada Obi" in ended.out


@pytest.mark.parametrize(
    ("words", "said"), [(("ada", "--wait", "soon"), "soon"), (("nobody",), "I don't know anybody called")]
)
async def test_a_test_page_with_a_bad_argument_pages_nobody(
    here: Path, workspace: Workspace, database: str, office: PostOffice, words: tuple[str, ...], said: str
) -> None:
    ended = await tocsin("doctor", "--page", *words, at=here, **environment(workspace, database, office))

    assert ended.code == 1
    assert said in ended.err
    assert office.letters == []
    assert workspace.sent == []
