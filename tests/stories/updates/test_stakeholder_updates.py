"""Audiences are told automatically and by hand, with approval if needed, and nothing is shown as sent that wasn't."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from psycopg import AsyncConnection

from bot.domain.actor import Actor
from bot.domain.errors import AlreadyDone, NotPermitted, Refused
from bot.sandbox.model import Json, Message, View
from bot.sandbox.workspace import Workspace
from bot.services.outbox.kinds import CARD
from bot.store.incidents import deadlines, incidents
from bot.store.rooms import cards
from bot.store.updates import updates
from tests.mail_server import PostOffice, post_office
from tests.stories.alerts.test_races import until_it_waits
from tests.world import RUNBOOK, World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]

AUDIENCES = """
audiences:
  stakeholders: {email: [board@example.com], slack: ["#stakeholders"], automatic: true}
  clients: {email: [one@example.com, two@example.com], template: client, approval: true, update_every: 45m}
  team: {slack: ["#team"], template: internal}
  press: {email: [press@example.com], automatic: true}
permissions:
  audience.send: [ada, ben]
  audience.approve: [ben, ada]
"""


def updating(runbook: str, tell: str = "stakeholders, clients", more: str = AUDIENCES) -> str:
    """This runbook with audiences, of which a P1 tells these."""
    return runbook.replace("    name: Critical\n", f"    name: Critical\n    tell: [{tell}]\n") + more


def with_channels(workspace: Workspace) -> None:
    workspace.add_channel("stakeholders")
    workspace.add_channel("team")


@pytest.fixture
async def office() -> AsyncIterator[PostOffice]:
    async with post_office() as office:
        yield office


@asynccontextmanager
async def updating_world(new_world: NewWorld, office: PostOffice, runbook: str = "") -> AsyncIterator[World]:
    settings = {"SMTP_URL": f"smtp://127.0.0.1:{office.port}", "MAIL_FROM": "bell@example.com"}
    async with new_world(runbook=runbook or updating(RUNBOOK), prepare=with_channels, **settings) as world:
        yield world


@pytest.fixture
async def town(new_world: NewWorld, office: PostOffice) -> AsyncIterator[World]:
    """A world with audiences and a mail server."""
    async with updating_world(new_world, office) as world:
        yield world


async def declared(world: World, words: str = "declare P1 Payments failing", by: str = "ada") -> None:
    await world.workspace.person(by).types(f"/incident {words}", "#general")
    await world.settled()
    # A card that was painted before the room existed is painted again a moment later.
    await world.passes(seconds=5)


async def does(world: World, who: str, text: str) -> str:
    """Type this in the incident's room, and return the answer."""
    answer = await world.workspace.person(who).types(text, world.room())
    await world.settled()
    return answer.text


async def presses(world: World, who: str, label: str, message: Message) -> str:
    answer = await world.workspace.person(who).presses(label, message)
    await world.settled()
    return answer.text


async def writes(world: World, who: str, audience: str, **words: str) -> None:
    """Open the form for an audience, change its words, and send."""
    await does(world, who, f"/incident tell {audience}")
    author = world.workspace.person(who)
    await author.submits(values=words)
    await world.passes(seconds=5)
    if author.modals() and "Send it anyway" in str(author.modal().content):
        await author.submits(values={"why": "Reviewed"})
        await world.passes(seconds=5)


def letters(office: PostOffice) -> list[tuple[str, str]]:
    """The (reader, subject) of the mails accepted since the last call, sorted by reader."""
    taken = sorted((letter["To"], letter["Subject"]) for letter in office.letters)
    office.letters.clear()
    return taken


def posted_in(world: World, channel: str) -> list[str]:
    """What the bot posted there, oldest first. Slack's own remark that it joined has no blocks."""
    return [words_of(one) for one in world.workspace.messages(channel) if one.blocks]


def card(world: World, audience: str) -> Message:
    """The newest message in the room about telling this audience."""
    about = [m for m in world.workspace.messages(world.room()) if f"*{audience}*" in m.text and m.text[0] not in "↩⏰"]
    return about[-1]


async def told(world: World, kind: str = "told") -> list[str]:
    return [entry.text for entry in await world.house.incidents.timeline(1) if entry.kind == kind]


# Automatically


async def test_an_automatic_audience_is_told_of_the_declaration_status_changes_and_the_resolution(
    town: World, office: PostOffice
) -> None:
    await declared(town)
    assert letters(office) == [("board@example.com", "P1 Critical: Payments failing (INC-1)")]

    await does(town, "ada", "/incident status identified")
    assert letters(office) == [("board@example.com", "P1 update: Payments failing (INC-1)")]

    await does(town, "ada", "/incident resolve Rolled back")
    assert letters(office) == [("board@example.com", "Resolved: Payments failing (INC-1)")]

    await does(town, "ada", "/incident reopen It is back")
    assert letters(office) == [("board@example.com", "Reopened: Payments failing (INC-1)")]

    assert posted_in(town, "#stakeholders")[0].startswith("*P1 Critical: Payments failing (INC-1)*\n")
    assert len(posted_in(town, "#stakeholders")) == 4
    assert set((await told(town))[:2]) == {
        "stakeholders by email: P1 Critical: Payments failing (INC-1)",
        "stakeholders by Slack: P1 Critical: Payments failing (INC-1)",
    }
    assert len(await told(town)) == 8


async def test_the_letters_about_one_incident_form_a_thread(town: World, office: PostOffice) -> None:
    await declared(town)
    await does(town, "ada", "/incident resolve")

    first, second = office.letters
    assert first["References"] == second["References"]
    assert first["Message-ID"] != second["Message-ID"]


async def test_notes_updates_and_severity_changes_are_not_sent_to_audiences_automatically(
    town: World, office: PostOffice
) -> None:
    await declared(town, "declare P2 Payments slow")
    await does(town, "ada", "/incident severity P1")
    await does(town, "ada", "/incident update Looking at the queue")
    await does(town, "ada", "/incident note Somebody called")

    assert letters(office) == []
    assert posted_in(town, "#stakeholders") == []


async def test_an_audience_not_listed_for_the_severity_is_never_told_automatically(
    town: World, office: PostOffice
) -> None:
    await declared(town, "declare P2 Payments slow")
    await does(town, "ada", "/incident status monitoring")
    await does(town, "ada", "/incident resolve")

    assert letters(office) == []
    assert posted_in(town, "#stakeholders") == []


@pytest.mark.parametrize("kind", ["drill", "private"])
async def test_drills_and_private_incidents_tell_no_audience_not_even_by_hand(
    town: World, office: PostOffice, kind: str
) -> None:
    await declared(town, f"{kind} P1 Payments failing")
    answer = await does(town, "ada", "/incident tell stakeholders")
    bare = await does(town, "ada", "/incident tell")
    await does(town, "ada", "/incident resolve")

    assert f"INC-1 is {'a drill' if kind == 'drill' else 'private'}" in answer
    assert bare == answer
    assert letters(office) == []
    assert posted_in(town, "#stakeholders") == []


async def test_a_missing_template_is_reported_in_the_room_and_stops_no_page(
    new_world: NewWorld, office: PostOffice
) -> None:
    runbook = updating(
        RUNBOOK, more="\naudiences: {vips: {email: [vip@example.com], template: vip, automatic: true}}\n"
    )
    async with updating_world(new_world, office, runbook.replace("stakeholders, clients", "vips")) as world:
        await declared(world)

        assert len(world.pages_of("ada")) == 1
        assert card(world, "vips").text.startswith("⚠ Not sent to *vips*: There is no template “vip”")
        assert letters(office) == []


# In the room


ROOM_ONLY = """
audiences:
  team: {slack: ["#team"], automatic: true}
"""


def is_in_a_room(world: World) -> Callable[[Json], bool]:
    """A predicate: is a call to Slack about a channel that was created after this function was called?"""
    before = {one.id for one in world.workspace.conversations}

    def opened_since(asked: Json) -> bool:
        found = world.workspace.find_channel(asked["channel"])
        return found is not None and found.kind != "im" and found.id not in before

    return opened_since


async def test_the_incident_card_is_the_first_message_in_its_room_however_long_slack_is_busy(
    new_world: NewWorld,
) -> None:
    async with new_world(runbook=updating(RUNBOOK, "team", ROOM_ONLY), prepare=with_channels) as world:
        opened = is_in_a_room(world)
        world.workspace.faults.break_down(
            "chat.postMessage", times=None, when=lambda asked: opened(asked) and "*team*" not in asked["text"]
        )
        await declared(world)
        await world.passes(seconds=30)
        assert posted_in(world, world.room()) == []

        world.workspace.faults.clear()
        await world.passes(minutes=1)
        first, second = [one for one in world.workspace.messages(world.room()) if one.blocks]
        assert "Resolve" in world.ada.labels(first)
        assert "*team*" in second.text


async def test_a_post_that_comes_while_the_incident_card_is_being_recorded_goes_below_it(new_world: NewWorld) -> None:
    async with new_world(runbook=updating(RUNBOOK, "team", ROOM_ONLY), prepare=with_channels) as world:
        await declared(world)
        room = world.room()
        before = len(posted_in(world, room))
        async with world.house.db.transaction() as conn:
            standing = await cards.get(conn, "incident:1")
            assert standing is not None
            for key in ("incident:1", "update:1"):
                await cards.forget(conn, key)
            # The card is in the outbox again.
            lane, soon = "card incident:1", world.clock.now() + timedelta(hours=1)
            await world.house.outbox.put(conn, "card", {"card": "incident:1"}, priority=CARD, lane=lane, due_at=soon)

        async with world.house.db.transaction() as posting:
            await cards.save(posting, "incident:1", standing)
            await world.house.rooms.begin(posting, 1, standing)
            async with world.house.db.transaction() as conn:
                await world.house.cards.touch(conn, "update:1", incident=1)
            later: asyncio.Future[object] = asyncio.ensure_future(world.settled())
            await until_it_waits(world, later)
            assert len(posted_in(world, room)) == before
        await later
        assert len(posted_in(world, room)) == before + 1


async def test_an_incident_card_that_slack_refuses_does_not_keep_other_posts_from_the_room(new_world: NewWorld) -> None:
    async with new_world(runbook=updating(RUNBOOK, "team", ROOM_ONLY), prepare=with_channels) as world:
        opened = is_in_a_room(world)
        world.workspace.faults.refuse(
            "chat.postMessage", "invalid_blocks", times=None,
            when=lambda asked: opened(asked) and "*team*" not in asked["text"],
        )  # fmt: skip
        await declared(world)
        await world.passes(seconds=5)

        (only,) = [one for one in world.workspace.messages(world.room()) if one.blocks]
        assert "*team*" in only.text


# By hand


async def test_a_bare_tell_offers_every_audience(town: World) -> None:
    await declared(town)
    answer = await town.ada.types("/incident tell", town.room())
    await town.settled()

    (offer,) = answer.messages
    assert town.ada.labels(offer) == ["Tell stakeholders", "Tell clients", "Tell team", "Tell press"]
    assert "*clients*: nothing sent yet; needs approval; the runbook lists them for P1" in words_of(offer)
    assert "*stakeholders*: last sent to" in words_of(offer)

    await presses(town, "ada", "Tell team", offer)
    assert town.ada.modal().title == "Tell team"


async def test_the_text_as_the_author_edited_it_is_sent(town: World, office: PostOffice) -> None:
    await declared(town)
    letters(office)
    await does(town, "ada", "/incident tell stakeholders")
    form = town.ada.modal()
    assert form.values["subject"]["text"]["value"] == "P1 update: Payments failing (INC-1)"
    assert "Status: investigating" in form.values["text"]["text"]["value"]
    assert "email: board@example.com" in str(form.content)

    await town.ada.submits(values={"subject": "A word from us", "text": "All hands\n\nare on it."})
    await town.settled()

    (letter,) = office.letters
    assert letter["Subject"] == "A word from us"
    text, _ = letter.iter_parts()
    assert text.get_content().replace("\r\n", "\n") == "All hands\n\nare on it.\n"
    assert posted_in(town, "#stakeholders")[-1] == "*A word from us*\nAll hands\nare on it."
    assert card(town, "stakeholders").text.startswith("📨 Sent to *stakeholders* by email (board@example.com)")
    assert "A word from us" in words_of(card(town, "stakeholders"))
    assert "are on it" not in words_of(card(town, "stakeholders")), "the room is not given the whole mail"


async def test_typed_text_can_neither_mention_anybody_nor_forge_a_link_or_a_header(
    town: World, office: PostOffice
) -> None:
    evil = "<!channel> & <https://evil.example|click> @here"
    town.workspace.untrusted.add(evil)
    await declared(town)
    letters(office)
    await writes(town, "ada", "stakeholders", subject=f"{evil}\u2028Bcc: all@example.com", text=evil)

    (letter,) = office.letters
    assert letter["Bcc"] is None
    assert letter["Subject"] == f"{evil} Bcc: all@example.com"
    assert posted_in(town, "#stakeholders")[-1].endswith(
        "&lt;!channel&gt; &amp; &lt;https://evil.example|click&gt; @here"
    )
    assert town.workspace.audit() == []
    assert [str(one) for one in town.workspace.complaints] == []


async def test_an_unknown_audience_is_answered_with_the_nearest_name(town: World) -> None:
    await declared(town)

    answer = await does(town, "ada", "/incident tell clents")
    assert "There is no audience “clents”. Did you mean clients?" in answer


async def test_only_permitted_people_can_send_and_a_refused_text_is_kept_as_a_draft(town: World) -> None:
    await declared(town)
    assert "Ada Obi, Ben Moss" in await does(town, "ada", "/incident tell clients") or town.ada.modal()
    await town.eve.joins(town.room())
    assert "`audience.send`" in await does(town, "eve", "/incident tell clients")

    dev = Actor("dev")
    with pytest.raises(NotPermitted, match=r"Your words are kept: `/incident tell clients`"):
        await town.house.telling.tell(dev, 1, "clients", "Hello", "I typed for an hour")
    kept = await _draft(town, "dev")
    assert kept == ("Hello", "I typed for an hour")


async def test_a_draft_comes_back_in_the_form_and_is_gone_once_sent(town: World) -> None:
    await declared(town)
    ada = Actor("ada", "U0ADA")
    with pytest.raises(Refused, match="text is empty"):
        await town.house.telling.tell(ada, 1, "team", "Half a thought", "   ")

    await does(town, "ada", "/incident tell team")
    form = town.ada.modal()
    assert form.values["subject"]["text"]["value"] == "Half a thought"
    assert "Unsent draft" in str(form.content)
    await town.ada.submits(values={"text": "The other half"})
    await town.settled()
    assert posted_in(town, "#team") == ["*Half a thought*\nThe other half"]

    await does(town, "ada", "/incident tell team")
    assert town.ada.modal().values["subject"]["text"]["value"] == "UPDATE P1: Payments failing (INC-1)"


async def test_a_form_without_text_is_not_sent(town: World) -> None:
    await declared(town)
    await does(town, "ada", "/incident tell team")

    answer = await town.ada.submits(values={"subject": " ", "text": " "})
    assert answer.errors == {
        "subject": "Say in a few words what this is about.",
        "text": "Write what they should know.",
    }


# Approval


async def test_an_update_that_needs_approval_is_sent_only_when_somebody_else_approves_it(
    town: World, office: PostOffice
) -> None:
    await declared(town)
    letters(office)
    await writes(town, "ada", "clients", subject="Sorry", text="We are on it.")

    asked = card(town, "clients")
    assert town.ben.labels(asked) == ["Approve", "Reject", "Edit"]
    assert "Sorry" in words_of(asked) and "> We are on it." in words_of(asked).replace("&gt;", ">")
    assert "<@U0BEN>" in asked.text
    assert letters(office) == []

    assert "You wrote this, so somebody else has to approve it." in await presses(town, "ada", "Approve", asked)
    assert letters(office) == []

    # The same person under another name: one process knew whose account it is, the other did not.
    ada = town.house.people.actor(town.ada.id)
    assert ada.name == "ada"
    town.house.people._accounts.pop("ada")
    unknown = Actor(town.ada.id, town.ada.id)
    with pytest.raises(NotPermitted):
        await town.house.approvals.approve(unknown, 1)

    await presses(town, "ben", "Approve", card(town, "clients"))
    assert letters(office) == [("one@example.com", "Sorry"), ("two@example.com", "Sorry")]
    assert "approved by Ben Moss" in words_of(card(town, "clients"))
    assert await told(town, "system") == ["approved for clients: Sorry"]
    assert "clients by email: Sorry" in await told(town)


async def test_approving_without_permission_is_refused_and_names_the_permission(
    town: World, office: PostOffice
) -> None:
    await declared(town)
    letters(office)
    await writes(town, "ada", "clients")
    await town.eve.joins(town.room())

    assert "`audience.approve`" in await presses(town, "eve", "Approve", card(town, "clients"))
    assert letters(office) == []


async def test_the_second_of_two_decisions_is_refused_and_names_who_was_first(town: World, office: PostOffice) -> None:
    await declared(town)
    letters(office)
    await writes(town, "ada", "clients")
    asked = card(town, "clients")
    first, second = Actor("ben", "U0BEN"), Actor("ben", "U0BEN")
    assert asked
    await town.house.approvals.approve(first, 2)
    await town.settled()
    with pytest.raises(Refused, match="Ben Moss already approved this"):
        await town.house.approvals.reject(second, 2)

    assert len(letters(office)) == 2


async def test_a_rejected_text_is_not_sent_and_can_be_edited_and_approved(town: World, office: PostOffice) -> None:
    await declared(town)
    letters(office)
    await writes(town, "ada", "clients", subject="Sory", text="We are on it.")
    await presses(town, "ben", "Reject", card(town, "clients"))

    assert card(town, "clients").text.startswith("🚫 Ben Moss rejected this")
    assert letters(office) == []

    await presses(town, "ada", "Edit", card(town, "clients"))
    assert town.ada.modal().values["text"]["text"]["value"].startswith("We are on it.")
    await town.ada.submits(values={"subject": "Sorry"})
    await town.settled()
    await presses(town, "ben", "Approve", card(town, "clients"))
    assert letters(office) == [("one@example.com", "Sorry"), ("two@example.com", "Sorry")]


async def test_starting_over_withdraws_the_text_that_waits_for_approval_and_tells_the_room(
    town: World, office: PostOffice
) -> None:
    await declared(town)
    letters(office)
    await writes(town, "ada", "clients", subject="Sory", text="We are on it.")
    asked = card(town, "clients")
    await does(town, "ada", "/incident tell clients")
    form = town.ada.modal()
    assert form.values["subject"]["text"]["value"] == "Sory"
    assert "waits for approval" in str(form.content) and "once Ben Moss approves" in str(form.content)

    await town.ada.presses("Start over")
    await town.settled()
    fresh = town.ada.modal()
    assert "Problems at Example Tutors" in _typed(fresh, "subject")
    assert "waits for approval" not in str(fresh.content) and len(town.ada.modals()) == 1
    assert "Not sent to *clients*: Ada Obi is writing a new text" in asked.text
    assert "Approve" not in town.ben.labels(asked)
    said = next(words for words in posted_in(town, town.room()) if "rewriting the update for *clients*" in words)
    assert "<@U0BEN>" in said and "Sory" in said

    await town.ada.submits(values={"subject": "Sorry"})
    await town.settled()
    await presses(town, "ben", "Approve", card(town, "clients"))
    assert {subject for _, subject in letters(office)} == {"Sorry"}


async def test_the_author_of_a_text_somebody_else_withdrew_gets_it_back(town: World, office: PostOffice) -> None:
    await declared(town)
    await writes(town, "ada", "clients", subject="Sorry", text="We are on it.")
    await does(town, "ben", "/incident tell clients")
    await town.ben.presses("Start over")
    await town.settled()
    back = next(m for m in town.workspace.messages(town.room()) if "<@U0ADA>, your update for" in m.text)
    assert "Ben Moss is writing a new text" in back.text and "Edit" in town.ada.labels(back)


async def test_starting_over_with_ones_own_draft_tells_nobody(town: World) -> None:
    await declared(town)
    with pytest.raises(Refused, match="text is empty"):
        await town.house.telling.tell(Actor("ada", "U0ADA"), 1, "team", "Half a thought", "   ")
    before = posted_in(town, town.room())
    await does(town, "ada", "/incident tell team")
    await town.ada.presses("Start over")
    await town.settled()
    assert "Payments failing" in _typed(town.ada.modal(), "subject")
    await town.ada.dismisses()
    await does(town, "ada", "/incident tell team")
    assert "Start over" not in town.ada.labels()
    assert posted_in(town, town.room()) == before


async def test_an_automatic_update_that_needs_approval_asks_for_it_at_once_and_is_replaced_by_newer_ones(
    new_world: NewWorld, office: PostOffice
) -> None:
    runbook = updating(RUNBOOK).replace("template: client, ", "template: client, automatic: true, ")
    async with updating_world(new_world, office, runbook) as world:
        await declared(world)
        asked = card(world, "clients")
        assert [reader for reader, _ in letters(office)] == ["board@example.com"]
        assert "Problems at Example Tutors" in words_of(asked)

        await does(world, "ada", "/incident status identified")
        assert "the status is identified now" in asked.text
        assert world.ben.labels(asked) == ["Edit"]

        letters(office)
        await presses(world, "ada", "Approve", card(world, "clients"))
        assert [subject for _, subject in letters(office)] == ["Problems at Example Tutors"] * 2


async def waiting(world: World, office: PostOffice, who: str = "ada") -> Message:
    """A text for the clients that waits for approval in an open incident; the clients have been told before."""
    await declared(world)
    await writes(world, "ada", "clients", subject="Sorry")
    await presses(world, "ben", "Approve", card(world, "clients"))
    await writes(world, who, "clients", subject="Soon", text="We are looking for the cause.")
    letters(office)
    return card(world, "clients")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("resolve Rolled back", "INC-1 was resolved before anybody approved it"),
        ("status identified", "the status is identified now"),
        ("severity P2 a way around it", "the severity is P2 now"),
        ("update The queue was full", "a newer update was posted"),
        ("impact Nobody can pay", "the impact has changed"),
    ],
)
async def test_a_text_waiting_for_approval_cannot_be_approved_once_the_facts_have_changed(
    town: World, office: PostOffice, change: str, why: str
) -> None:
    asked = await waiting(town, office)
    await does(town, "ada", f"/incident {change}")

    assert town.ben.labels(asked) == ["Edit"] and why in words_of(asked)
    with pytest.raises(Refused, match=f"out of date: {why}"):
        await town.house.approvals.approve(Actor("ben", "U0BEN"), 3)
    assert not [one for one in letters(office) if one[0] == "one@example.com"]

    (back,) = [one for one in town.workspace.messages(town.room()) if one.text.startswith("↩")]
    assert back.text == f"↩ <@U0ADA>, your update for *clients* was not sent: {why}."
    await presses(town, "ada", "Edit", back)
    assert town.ada.modal().values["text"]["text"]["value"].startswith("We are looking for the cause.")


@pytest.mark.parametrize("decide", ["approve", "reject"])
async def test_deciding_about_a_text_while_the_incident_is_being_resolved_says_it_is_out_of_date(
    town: World, office: PostOffice, decide: str
) -> None:
    """In one process or two: the change has begun, and the text still waits for approval."""
    await waiting(town, office)
    house, ada, ben = town.house, Actor("ada", "U0ADA"), Actor("ben", "U0BEN")
    async with house.db.transaction() as conn:
        await incidents.lock(conn, 1)
        resolving = asyncio.ensure_future(house.incidents.resolve(ada, 1))
        await until_it_waits(town, resolving)
        deciding = asyncio.ensure_future(getattr(house.approvals, decide)(ben, 3))
        await until_they_wait(town, resolving, deciding)
    await resolving
    with pytest.raises(AlreadyDone, match="out of date: INC-1 was resolved"):
        await deciding
    await town.settled()
    assert not [one for one in letters(office) if one[0] == "one@example.com"]


async def until_they_wait(world: World, *tasks: asyncio.Future[None]) -> None:
    """Wait until all of these tasks wait for locks; fail if one ends without waiting."""
    waiting = "SELECT count(*) AS count FROM pg_stat_activity WHERE cardinality(pg_blocking_pids(pid)) > 0"
    async with await AsyncConnection.connect(world.house.db.conninfo, autocommit=True) as conn:
        while (row := await (await conn.execute(waiting)).fetchone()) and row[0] < len(tasks):
            assert not any(task.done() for task in tasks), "it did not wait"


async def test_audiences_that_were_told_are_told_of_the_resolution_and_the_reopening_after_approval_if_needed(
    town: World, office: PostOffice
) -> None:
    await waiting(town, office)
    await writes(town, "ada", "team", subject="For you")
    await does(town, "ada", "/incident resolve Rolled back")

    assert "Resolved: problems at Example Tutors" in words_of(card(town, "clients"))
    await presses(town, "ben", "Approve", card(town, "clients"))
    assert ("one@example.com", "Resolved: problems at Example Tutors") in letters(office)
    offer = next(one for one in town.workspace.messages(town.room()) if "No update has said so" in one.text)
    assert ":* team." in offer.text and town.ada.labels(offer) == ["Tell team"]
    await presses(town, "ada", "Tell team", offer)
    assert "INC-1 is resolved" in str(town.ada.modal().content)
    await town.ada.submits()
    await town.settled()
    assert posted_in(town, "#team")[-1].startswith("*RESOLVED P1")
    await town.passes(hours=3)
    assert reminders(town) == []

    await does(town, "ada", "/incident reopen It is back")
    assert "Back again" in words_of(card(town, "clients")) and town.ben.labels(card(town, "clients"))[0] == "Approve"
    assert [
        one for one in town.workspace.messages(town.room()) if "The last update said it's resolved:* team." in one.text
    ]


async def test_an_audience_already_told_of_the_resolution_is_not_told_again(town: World, office: PostOffice) -> None:
    await waiting(town, office)
    await does(town, "ada", "/incident resolve Rolled back")
    await presses(town, "ben", "Approve", card(town, "clients"))
    await does(town, "ada", "/incident reopen A false alarm")
    asked = card(town, "clients")
    await does(town, "ada", "/incident resolve It was none")

    assert town.ben.labels(asked) == ["Edit"] and card(town, "clients") == asked


@pytest.mark.parametrize("decision", ["", "Reject"])
async def test_an_audience_that_was_never_told_is_not_told_of_the_resolution(
    new_world: NewWorld, office: PostOffice, decision: str
) -> None:
    runbook = updating(RUNBOOK).replace("template: client, ", "template: client, automatic: true, ")
    async with updating_world(new_world, office, runbook) as world:
        await declared(world)
        if decision:
            await presses(world, "ben", decision, card(world, "clients"))
        await does(world, "ada", "/incident resolve Rolled back")
        await world.passes(hours=3)

        said = world.workspace.messages(world.room())
        assert not [
            one for one in said if "Approve" in world.ben.labels(one) or "Tell clients" in world.ben.labels(one)
        ]
        assert not [one for one in said if "clients" in one.text and "solved" in words_of(one).split("INC-1 was")[0]]
        assert {reader for reader, _ in letters(office)} == {"board@example.com"}
        answer = await world.ada.types("/incident tell", world.room())
        await world.settled()
        offered = words_of(answer.messages[0])
        assert "clients*: nothing sent yet" in offered and "lists them" not in offered


async def test_an_audience_listed_only_for_a_later_severity_is_not_told_of_the_resolution_alone(
    town: World, office: PostOffice
) -> None:
    await declared(town, "declare P3 Payments failing")
    await does(town, "ada", "/incident severity P1")
    await does(town, "ada", "/incident resolve Rolled back")
    assert letters(office) == [] and posted_in(town, "#stakeholders") == []
    assert not [one for one in town.workspace.messages(town.room()) if "stakeholders" in one.text]


async def test_a_text_written_while_the_incident_was_resolved_is_shown_again_before_it_is_sent(
    town: World, office: PostOffice
) -> None:
    await declared(town)
    await does(town, "ada", "/incident tell team")
    await town.ben.types("/incident resolve INC-1 Rolled back", "#general")
    await town.settled()
    await town.ada.submits(values={"subject": "Soon", "text": "We are looking for the cause."})
    await town.settled()

    assert posted_in(town, "#team") == []
    form = town.ada.modal()
    assert "P1 and resolved now" in str(form.content)
    assert form.values["text"]["text"]["value"] == "We are looking for the cause."
    await town.ada.submits(values={"text": "It is over."})
    await town.settled()
    assert posted_in(town, "#team") == ["*Soon*\nIt is over."]


async def test_a_form_submitted_after_the_severity_changed_shows_the_current_state_and_sends_nothing(
    town: World, office: PostOffice
) -> None:
    await declared(town)
    await does(town, "ada", "/incident tell team")
    await town.ben.types("/incident severity INC-1 P2 fewer users", "#general")
    await town.settled()
    await town.ada.submits(values={"subject": "Soon", "text": "It is a P1."})
    await town.settled()
    assert "it's P2 and investigating now" in str(town.ada.modal().content)
    assert posted_in(town, "#team") == []


async def test_an_author_whose_words_were_rejected_is_asked_until_they_are_told(
    town: World, office: PostOffice
) -> None:
    await waiting(town, office)
    await presses(town, "ben", "Reject", card(town, "clients"))
    (back,) = [one for one in town.workspace.messages(town.room()) if one.text.startswith("↩")]
    assert back.text == "↩ <@U0ADA>, your update for *clients* was not sent: Ben Moss rejected it."
    assert town.ada.labels(back) == ["Edit"] and "Press Edit" in words_of(back)
    await writes(town, "ada", "clients", subject="Soon", text="We have found the cause.")
    await presses(town, "ben", "Approve", card(town, "clients"))
    assert town.ada.labels(back) == [] and "Press Edit" not in words_of(back)


@pytest.fixture
async def automatic(new_world: NewWorld, office: PostOffice) -> AsyncIterator[World]:
    """A world in which updates to the clients are automatic and need approval."""
    more = AUDIENCES.replace("approval: true", "approval: true, automatic: true")
    async with updating_world(new_world, office, updating(RUNBOOK, more=more)) as world:
        yield world


@pytest.mark.parametrize("by", ["ada", "tocsin"])
async def test_a_text_that_promises_a_time_now_past_is_not_sent_when_approved(
    automatic: World, office: PostOffice, by: str
) -> None:
    await declared(automatic)
    if by == "ada":
        at = f"{automatic.clock.now().astimezone(ZoneInfo('Europe/London')) + timedelta(minutes=30):%H:%M}"
        await writes(automatic, "ada", "clients", subject="Soon", text=f"You hear from us by {at}.")
    old = card(automatic, "clients")
    await automatic.passes(minutes=50)
    answer = await presses(automatic, "ben", "Approve", old)

    assert "Not sent" in answer and "has passed" in answer
    assert not [to for to, _ in letters(office) if to == "one@example.com"]
    assert "passed" in next(words_of(one) for one in automatic.workspace.messages(automatic.room()) if one.ts == old.ts)
    if by == "ada":
        (back,) = [one for one in automatic.workspace.messages(automatic.room()) if one.text.startswith("↩")]
        assert automatic.ada.labels(back) == ["Edit"]
    else:
        assert card(automatic, "clients").ts != old.ts
        await presses(automatic, "ben", "Approve", card(automatic, "clients"))
        assert "one@example.com" in [to for to, _ in letters(office)]


async def test_a_form_submitted_after_the_time_it_promises_is_not_sent_and_its_text_is_kept(
    town: World, office: PostOffice
) -> None:
    await declared(town)
    at = f"{town.clock.now().astimezone(ZoneInfo('Europe/London')) + timedelta(minutes=30):%H:%M}"
    words = {"subject": "Soon", "text": f"You hear from us by {at}."}
    await does(town, "ada", "/incident tell stakeholders")
    letters(office)
    await town.passes(minutes=40)
    for _ in "the form", "the draft that was kept":
        await town.ada.submits(values=words)
        await town.passes(seconds=5)
        assert "Soon" not in [subject for _, subject in letters(office)]
        assert "which has passed" in str(town.ada.modal().content)
        await does(town, "ada", "/incident tell stakeholders")
        assert town.ada.modal().values["text"]["text"]["value"] == words["text"]
    await town.ada.submits(values={"subject": "Soon", "text": "You hear from us soon."})
    await town.passes(seconds=5)
    assert "Soon" in [subject for _, subject in letters(office)]


async def test_editing_a_text_composed_before_the_resolution_shows_the_resolved_wording(
    automatic: World, office: PostOffice
) -> None:
    await declared(automatic)
    old = card(automatic, "clients")
    await does(automatic, "ada", "/incident resolve Rolled back")
    await presses(automatic, "ada", "Edit", old)
    assert "fixed" in automatic.ada.modal().values["text"]["text"]["value"]


async def test_the_card_and_the_mail_name_the_same_deadline_after_severity_changes_and_a_reopening(
    new_world: NewWorld, office: PostOffice
) -> None:
    runbook = updating(RUNBOOK).replace("    name: Critical\n", "    name: Critical\n    resolve_within: 2h\n")
    runbook = runbook.replace("    name: High\n", "    name: High\n    resolve_within: 8h\n")
    async with updating_world(new_world, office, runbook) as world:
        await declared(world)
        for change in ("severity P2 fewer", "severity P1", "resolve Done", "reopen It is back"):
            await world.passes(minutes=7)
            await does(world, "ada", f"/incident {change}")
            if change.startswith("resolve"):
                continue
            async with world.house.db.transaction() as conn:
                by = (await deadlines.of_incident(conn, 1))["resolve"].by.astimezone(ZoneInfo("Europe/London"))
            await does(world, "ada", "/incident tell stakeholders")
            text = world.ada.modal().values["text"]["text"]["value"]
            assert f"resolved by {by:%a %d %b %Y %H:%M}" in text
            assert f"resolve by <!date^{int(by.timestamp())}^" in words_of(world.card())


async def test_a_reminder_for_an_archived_room_is_posted_where_incidents_are_announced(
    town: World, office: PostOffice
) -> None:
    await declared(town)
    await writes(town, "ada", "clients", subject="Sorry")
    await presses(town, "ben", "Approve", card(town, "clients"))
    await town.ada.archives(town.workspace.channel(town.room()))
    await town.passes(minutes=50)
    assert any("An update to *clients* is due" in words for words in posted_in(town, "#incidents"))


async def test_audiences_that_were_told_a_severity_are_told_when_it_is_lowered(
    automatic: World, office: PostOffice
) -> None:
    await declared(automatic)
    await presses(automatic, "ben", "Approve", card(automatic, "clients"))
    old = card(automatic, "clients")
    await does(automatic, "ada", "/incident severity P2 fewer users")
    assert card(automatic, "clients").ts != old.ts
    assert "Approve" in automatic.ben.labels(card(automatic, "clients"))
    asked = next(one for one in automatic.workspace.messages(automatic.room()) if one.text.startswith("📣"))
    assert "P2 now" in asked.text and "Tell stakeholders" in automatic.ben.labels(asked)


async def test_a_severity_back_at_what_an_audience_was_told_is_not_sent_as_news(
    town: World, office: PostOffice
) -> None:
    await declared(town)
    for words in ("P2 fewer users", "P1", "P2 fewer again"):
        await does(town, "ada", f"/incident severity {words}")
    asked = [one.text for one in town.workspace.messages(town.room()) if one.text.startswith("📣")]
    assert [one.partition(" now")[0] for one in asked] == ["📣 *INC-1 is P2"] * 2

    last = [one for one in town.workspace.messages(town.room()) if one.text.startswith("📣")][-1]
    assert town.ada.labels(last) == ["Tell stakeholders"]
    await writes(town, "ada", "stakeholders", subject="Fewer users", text="It is P2 now.")
    last = next(one for one in town.workspace.messages(town.room()) if one.ts == last.ts)
    assert town.ada.labels(last) == [] and "has been sent the latest" in last.text
    await does(town, "ada", "/incident severity P1")
    assert "is P1 now" in town.workspace.messages(town.room())[-1].text


async def test_a_subject_shortened_for_a_long_title_still_names_the_incident(town: World, office: PostOffice) -> None:
    await declared(town, "declare P1 " + "Nobody can pay " * 20)
    assert [subject for _, subject in letters(office)][-1].endswith("… (INC-1)")


# Failures


async def test_the_room_is_told_that_an_audience_removed_from_the_runbook_gets_no_resolution(
    new_world: NewWorld, office: PostOffice
) -> None:
    async with updating_world(new_world, office) as world:
        await declared(world)
        await writes(world, "ada", "clients", subject="Hello")
        await presses(world, "ben", "Approve", card(world, "clients"))
        await writes(world, "ada", "clients", subject="Hello again")
        renamed = updating(RUNBOOK, "stakeholders, customers", AUDIENCES.replace("clients:", "customers:"))
        async with world.joined(runbook=renamed) as second:
            house, waiting = second.services, await waits_for(world, "clients")
            ben, ada = (house.people.actor(one.id, None, None) for one in (world.ben, world.ada))
            with pytest.raises(Refused, match="no longer has that audience"):
                await house.approvals.approve(ben, waiting)
            await house.incidents.resolve(ada, 1, "Rolled back")
            await world.settled()
        (said,) = [one for one in posted_in(world, world.room()) if "no longer has clients" in one]
        assert "yourself" in said


async def waits_for(world: World, audience: str) -> int:
    async with world.house.db.transaction() as conn:
        found = await updates.waiting(conn, 1, audience)
    assert found
    return found.id


async def test_a_refused_address_is_shown_and_the_others_still_get_their_mail(town: World, office: PostOffice) -> None:
    office.says_to("one@example.com", "550 no such mailbox")
    await declared(town)
    letters(office)
    await writes(town, "ada", "clients", subject="Sorry")
    await presses(town, "ben", "Approve", card(town, "clients"))

    assert letters(office) == [("two@example.com", "Sorry")]
    shown = words_of(card(town, "clients"))
    assert "by email (two@example.com)" in shown
    assert "✗ email: one@example.com not sent: the mail server says 550 no such mailbox" in shown
    assert "not sent to clients by email (one@example.com)" in (await told(town, "system"))[-1]
    (asked,) = [one for one in posted_in(town, town.room()) if "Not sent to clients" in one]
    assert "again" in asked and "or fix it" not in asked, "the others have it already"


async def test_an_address_is_mailed_once_and_shown_as_told_only_when_the_server_accepted(
    town: World, office: PostOffice
) -> None:
    office.says["DATA"] = "451 try again later"
    await declared(town)
    assert letters(office) == []
    assert await told(town) == ["stakeholders by Slack: P1 Critical: Payments failing (INC-1)"]
    assert "⏳ email: 1 not sent yet" in words_of(card(town, "stakeholders"))

    office.says.clear()
    await town.passes(minutes=1)
    assert letters(office) == [("board@example.com", "P1 Critical: Payments failing (INC-1)")]
    assert card(town, "stakeholders").text.startswith("📨 Sent to *stakeholders* by email (board@example.com)")
    await town.passes(minutes=5)
    assert letters(office) == []


async def test_a_mail_that_may_have_arrived_is_never_shown_as_not_sent(town: World, office: PostOffice) -> None:
    office.says["DATA"] = "354 as if the letter had not ended"
    await declared(town)
    assert "⏳ email: 1 not known whether sent (" in words_of(card(town, "stakeholders"))

    office.says["DATA"] = "550 no such mailbox"
    await town.passes(minutes=1)
    assert "✗ email: board@example.com not known whether it was sent: " in words_of(card(town, "stakeholders"))
    assert (await told(town, "system"))[-1].startswith("not known whether it was sent to stakeholders by email")


async def test_neither_a_superseded_nor_a_last_attempt_that_may_have_arrived_is_shown_as_not_sent(
    new_world: NewWorld, office: PostOffice
) -> None:
    async with updating_world(new_world, office, updating(RUNBOOK, "press")) as world:
        office.says["DATA"] = "354 as if the letter had not ended"
        await declared(world)
        first = card(world, "press")
        await world.passes(minutes=6)
        await does(world, "ada", "/incident status identified")
        await world.passes(minutes=2)
        assert "press@example.com not known whether it was sent: a newer text is on its way" in words_of(first)
        await world.has_tried_for(hours=7)
        await world.passes(minutes=5)
        assert card(world, "press").text.startswith("⚠ Not known whether it was sent to *press*")


async def test_only_the_newest_text_is_sent_after_an_outage_of_the_mail_server(town: World, office: PostOffice) -> None:
    office.says["DATA"] = "451 try again later"
    await declared(town)
    await does(town, "ada", "/incident status identified")
    await town.passes(minutes=10)
    await does(town, "ada", "/incident status monitoring")

    office.says.clear()
    for _ in range(3):
        await town.passes(minutes=1)
    ((reader, subject),) = letters(office)
    assert reader == "board@example.com" and "update" in subject.lower()


async def test_a_missing_channel_is_shown_on_the_card_and_the_mail_is_still_sent(
    new_world: NewWorld, office: PostOffice
) -> None:
    runbook = updating(RUNBOOK).replace("#stakeholders", "#nowhere")
    async with updating_world(new_world, office, runbook) as world:
        await declared(world)

        assert len(letters(office)) == 1
        shown = words_of(card(world, "stakeholders"))
        assert "✗ Slack: #nowhere not sent: there is no channel #nowhere" in shown


async def test_a_channel_the_bot_was_removed_from_is_shown_on_the_card(town: World, office: PostOffice) -> None:
    town.workspace.faults.refuse(
        "chat.postMessage",
        "not_in_channel",
        times=None,
        when=lambda sent: sent.get("text", "").startswith("*P1 Critical"),
    )
    await declared(town)

    assert "the bot may not post in #stakeholders: not_in_channel" in words_of(card(town, "stakeholders"))


async def test_an_outlet_that_is_not_set_up_is_shown_as_not_sent(new_world: NewWorld, office: PostOffice) -> None:
    more = "\naudiences: {everybody: {statuspage: {page: abc123}, email: [all@example.com], automatic: true}}\n"
    async with new_world(runbook=updating(RUNBOOK, "everybody", more)) as world:
        await declared(world)

        assert card(world, "everybody").text.startswith("⚠ Not sent to *everybody*")
        shown = words_of(card(world, "everybody"))
        assert "✗ email: all@example.com not sent: email is not set up here" in shown
        assert "✗ statuspage.io: abc123 not sent: statuspage is not set up here" in shown
        assert await told(world) == []

        await does(world, "ada", "/incident tell everybody")
        assert "⚠ not email (all@example.com): email is not set up here" in str(world.ada.modal().content)


async def test_a_post_whose_response_was_lost_is_found_again_and_not_posted_twice(
    town: World, office: PostOffice
) -> None:
    town.workspace.faults.drop("chat.postMessage", when=lambda sent: sent.get("text", "").startswith("*P1 Critical"))
    await declared(town)
    await town.passes(seconds=30)

    assert len(posted_in(town, "#stakeholders")) == 1
    assert card(town, "stakeholders").text.startswith("📨 Sent to *stakeholders* by email (board@example.com)")


# Promises


async def test_an_audience_with_update_every_is_reminded_of_until_it_is_told_of_the_resolution(
    town: World, office: PostOffice
) -> None:
    await declared(town)
    await writes(town, "ada", "clients")
    await presses(town, "ben", "Approve", card(town, "clients"))
    town.posts()

    await town.passes(minutes=44)
    assert reminders(town) == []

    await town.passes(minutes=1)
    (reminder,) = reminders(town)
    assert "update to *clients* is due" in reminder.text
    assert town.ada.labels(reminder) == ["Tell clients", "Snooze 15 min", "Snooze 30 min"]

    await presses(town, "ada", "Tell clients", reminder)
    assert town.ada.modal().values["subject"]["text"]["value"] == "Update: problems at Example Tutors"

    await town.passes(minutes=45)
    assert len(reminders(town)) == 2
    await does(town, "ada", "/incident resolve")
    await town.passes(hours=2)
    await town.passes(hours=2)
    assert len(reminders(town)) == 3
    assert "INC-1 is resolved" in reminders(town)[-1].text


async def test_an_audience_without_its_own_update_every_is_due_when_its_text_promised(
    new_world: NewWorld, office: PostOffice
) -> None:
    runbook = updating(RUNBOOK).replace("    name: Critical\n", "    name: Critical\n    update_every: 30m\n")
    async with updating_world(new_world, office, runbook) as world:
        declared_at = world.clock.now()
        await declared(world)
        promised = declared_at.astimezone(ZoneInfo("Europe/London")) + timedelta(minutes=30)
        assert f"{promised:%H:%M}" in posted_in(world, "#stakeholders")[-1]

        await world.passes(minutes=29)
        assert reminders(world) == []
        await world.passes(minutes=1)
        (reminder,) = reminders(world)
        assert "update to *stakeholders* is due" in reminder.text
        assert world.ada.labels(reminder) == ["Tell stakeholders", "Snooze 15 min", "Snooze 30 min"]

        await does(world, "ada", "/incident resolve")
        await world.passes(hours=1)
        assert len(reminders(world)) == 1, "they were told of the end"


async def test_a_text_approved_late_keeps_the_time_it_promised(town: World, office: PostOffice) -> None:
    await declared(town)
    await writes(town, "ada", "clients")
    await town.passes(minutes=20)
    await presses(town, "ben", "Approve", card(town, "clients"))

    await town.passes(minutes=24)
    assert reminders(town) == []
    await town.passes(minutes=1)
    assert len(reminders(town)) == 1


async def test_a_new_update_restarts_the_time_until_the_next_reminder(town: World, office: PostOffice) -> None:
    await declared(town)
    await writes(town, "ada", "clients")
    await presses(town, "ben", "Approve", card(town, "clients"))
    await town.passes(minutes=40)
    await writes(town, "ben", "clients")
    await presses(town, "ada", "Approve", card(town, "clients"))

    await town.passes(minutes=44)
    assert reminders(town) == []
    await town.passes(minutes=1)
    assert len(reminders(town)) == 1


def reminders(world: World) -> list[Message]:
    """The reminders that an update to an audience is due."""
    return [one for one in world.workspace.messages(world.room()) if "* is due now" in one.text]


def _typed(form: View, name: str) -> str:
    """The text in a field of the form."""
    (held,) = form.values[name].values()
    return str(held["value"])


async def _draft(world: World, author: str) -> tuple[str, str]:
    async with world.house.db.transaction() as conn:
        draft = await updates.draft(conn, 1, "clients", author)
    assert draft is not None
    return draft.subject, draft.text
