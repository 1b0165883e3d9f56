"""Updates are linted before they are sent: findings can be overruled with a reason, and approval is for that text."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from bot.domain.errors import Refused
from bot.store import audit
from bot.store.updates import updates
from tests.mail_server import PostOffice
from tests.stories.updates.test_stakeholder_updates import (
    AUDIENCES,
    card,
    declared,
    does,
    letters,
    presses,
    told,
    updating,
    updating_world,
    writes,
)
from tests.stories.updates.test_stakeholder_updates import office as office
from tests.stories.updates.test_stakeholder_updates import town as town
from tests.world import RUNBOOK, World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]
BAD = "The host db-01 is full, which Ada Obi caused. We'll update you by 23:50."


async def test_findings_in_a_text_are_shown_can_be_overruled_with_a_reason_and_the_approval_is_for_that_text(
    town: World, office: PostOffice
) -> None:
    await declared(town)
    await writes(town, "ada", "clients", subject="Hello")
    await presses(town, "ben", "Approve", card(town, "clients"))
    letters(office)

    await does(town, "ada", "/incident tell clients")
    await town.ada.submits(values={"subject": "What happened", "text": BAD})
    await town.passes(seconds=5)
    shown = str(town.ada.modal().content)
    assert "db-01" in shown and "blames" in shown
    assert card(town, "clients").text.startswith("📨"), "nothing waits yet"

    await town.ada.submits(values={"why": "They asked for the cause"})
    await town.passes(seconds=5)
    asked = words_of(card(town, "clients"))
    assert "db-01" in asked and "They asked for the cause" in asked
    assert "Changed since what they read last:" in asked and "+ The host db-01" in asked.replace("&gt; ", "")
    assert any("They asked for the cause" in one for one in await told(town, "system"))

    ben = town.house.people.actor(town.ben.id, None, None)
    async with town.house.db.transaction() as conn:
        waiting = await updates.waiting(conn, 1, "clients")
        overruled = [one for one in await audit.newest(conn) if one["deed"] == "audience.overrule"]
    assert waiting and waiting.digest in asked
    assert [(one["actor"], one["facts"]["why"]) for one in overruled] == [("ada", "They asked for the cause")]
    assert set(overruled[0]["facts"]["found"]) == {"address", "blame"}
    with pytest.raises(Refused, match="text has changed"):
        await town.house.approvals.approve(ben, waiting.id, "00000000")
    await presses(town, "ben", "Approve", card(town, "clients"))
    assert [subject for _, subject in letters(office)] == ["What happened", "What happened"]


async def test_a_reason_does_not_cover_findings_made_after_it_was_given(town: World, office: PostOffice) -> None:
    await declared(town)
    letters(office)
    await does(town, "ada", "/incident tell stakeholders")
    await town.ada.submits(values={"subject": "What happened", "text": BAD})
    await town.passes(seconds=5)
    secret = f"{BAD} The password=hunter2hunter2 was changed."
    await town.ada.submits(values={"why": "They asked for the cause", "text": secret})
    await town.passes(seconds=5)
    shown = str(town.ada.modal().content)
    assert (
        "looks like a password" in shown
        and "They asked for the cause" in shown
        and "hunter2" not in shown.split("text")[0]
    )
    assert "What happened" not in [subject for _, subject in letters(office)]

    await town.ada.submits(values={"why": "It is void", "text": secret.replace("hunter2", "hunter3")})
    await town.passes(seconds=5)
    assert town.ada.modals(), "another password is another finding"
    await town.ada.submits(values={"why": "It is void", "text": secret.replace("hunter2", "hunter3")})
    await town.passes(seconds=5)
    assert "What happened" in [subject for _, subject in letters(office)]


async def test_an_approval_is_refused_until_the_approver_has_seen_every_finding(
    town: World, office: PostOffice
) -> None:
    await declared(town)
    await writes(town, "ada", "clients", subject="Hello", text="The shop fails for 200 customers.")
    await presses(town, "ben", "Approve", card(town, "clients"))
    await writes(town, "ada", "clients", subject="Hello", text="The shop fails for 200 customers still.")
    old = card(town, "clients")
    # The last update now says something else, as if it had arrived only after this text was written.
    async with town.house.db.transaction() as conn:
        await conn.execute(
            "UPDATE stakeholder_updates SET text = 'It fails for 300 customers.' WHERE state = 'released'"
        )
    letters(office)
    answer = await presses(town, "ben", "Approve", old)
    assert "something was found" in answer and letters(office) == []
    assert "(last time 300)" in words_of(card(town, "clients"))
    await presses(town, "ben", "Approve", card(town, "clients"))
    assert [subject for _, subject in letters(office)] == ["Hello", "Hello"]


TOKEN = "token=abcd1234abcd1234"


async def test_an_automatic_update_uses_general_words_if_a_secret_is_found_in_it(
    new_world: NewWorld, office: PostOffice
) -> None:
    more = AUDIENCES.replace("approval: true, update", "approval: true, automatic: true, update")
    async with updating_world(new_world, office, updating(RUNBOOK, more=more)) as town:
        await _general_words_leave(town, office)


async def _general_words_leave(town: World, office: PostOffice) -> None:
    await declared(town, f"declare P1 Payments fail with {TOKEN}")
    await does(town, "ada", "/incident status identified")
    assert [(letter["To"], TOKEN in str(letter)) for letter in office.letters] == [("board@example.com", False)] * 2
    said = [words_of(one) for one in town.workspace.messages(town.room()) if "general words" in words_of(one)]
    assert len(said) == 1 and "looks like a password" in said[0], "once for the same words"
    held = card(town, "clients")
    assert "Not sent" in held.text and "looks like a password" in words_of(held), "it is not even shown to who approves"
    assert "Edit" in town.ada.labels(held)
    letters(office)
    await does(town, "ada", "/incident impact Payments by card fail, says db-01")
    await writes(town, "ada", "stakeholders", subject="Payments", text="Cards fail.")
    assert [subject for _, subject in letters(office)] == ["Payments"]


async def test_a_text_without_findings_is_submitted_with_one_press_and_says_when_the_next_comes(
    town: World, office: PostOffice
) -> None:
    await declared(town)
    await does(town, "ada", "/incident tell clients")
    offered = str(town.ada.modal().content)
    assert "Next update by" in offered and "Send it anyway" not in offered
    await town.ada.submits(values={"subject": "Payments", "text": "Card payments fail. We are working on it."})
    await town.passes(seconds=5)
    assert not town.ada.modals()
    assert "Card payments fail. We are working on it." in words_of(card(town, "clients"))
    assert "Next update by " in words_of(card(town, "clients"))


async def test_the_form_previews_the_text_for_each_outlet_without_losing_it(
    new_world: NewWorld, office: PostOffice
) -> None:
    more = AUDIENCES.replace("email: [board@", 'webhook: "https://example.com/hook", email: [board@')
    async with updating_world(new_world, office, updating(RUNBOOK, more=more)) as world:
        await declared(world)
        letters(office)
        await does(world, "ada", "/incident tell stakeholders")
        world.ada.modal().values["subject"]["text"]["value"] = "<Payments> & more"
        for name, said in (
            ("email", "Subject: &lt;Payments&gt; &amp; more"),
            ("Slack", "*&lt;Payments&gt; &amp; more*"),
            ("webhook", '"type": "incident.update"'),
        ):
            await world.ada.selects("Preview as", name)
            await world.passes(seconds=1)
            blocks = world.ada.modal().content["blocks"]
            assert said in "".join(one["text"]["text"] for one in blocks if one["type"] == "section"), name
        assert letters(office) == []
        await world.ada.submits(values={})
        await world.passes(seconds=5)
        assert [subject for _, subject in letters(office)] == ["<Payments> & more"]


async def test_changing_the_kind_of_notice_in_the_form_keeps_text_the_author_wrote(
    town: World, office: PostOffice
) -> None:
    await declared(town)
    await does(town, "ada", "/incident tell clients")
    await town.ada.selects("About", "Security notice")
    await town.passes(seconds=1)
    shown = str(town.ada.modal().content)
    assert "We found a security problem" in shown and "Next update by" not in shown.split("'blocks'")[0]
    await town.ada.submits(values={"subject": "Security", "text": "Somebody tried to log in as you. We stopped them."})
    await town.passes(seconds=5)
    assert not town.ada.modals()
    async with town.house.db.transaction() as conn:
        waiting = await updates.waiting(conn, 1, "clients")
    assert waiting and waiting.moment == "security" and "Next update" not in waiting.text

    await does(town, "ben", "/incident tell clients")
    before = str(town.ben.modal().content)
    assert "Somebody tried to log in" in before, "what waits is shown with its moment"
    await town.ben.selects("About", "First notice")
    await town.passes(seconds=1)
    assert "Somebody tried to log in" in str(town.ben.modal().content)
    assert "Your own words are kept" in str(town.ben.modal().content)
