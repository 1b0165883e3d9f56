"""The App Home: what waits for me, the state of everything, kept up to date while I look."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

from bot.domain.backups.drill import DrillFindings
from bot.sandbox.model import View
from bot.store.backups import drills
from tests.stories.asking import ask, declared
from tests.stories.postmortems.test_postmortems import OWING
from tests.world import RUNBOOK, World

NewWorld = Callable[..., AbstractAsyncContextManager[World]]
APPROVING = (
    OWING.replace("    name: Critical\n", "    name: Critical\n    tell: [clients]\n")
    + "audiences: {clients: {slack: ['#general'], automatic: true, approval: true}}\n"
    + "permissions: {audience.approve: [tier/lead]}\n"
)


async def opened(world: World, name: str) -> View:
    person = world.workspace.person(name)
    await person.opens_home()
    await world.settled()
    home = person.home()
    assert home is not None
    return home


def lines(home: View) -> list[tuple[str, str | None]]:
    """Every line with its button's label."""
    sections = [one for one in home.blocks if one["type"] == "section"]
    return [(one["text"]["text"], one.get("accessory", {}).get("text", {}).get("text")) for one in sections]


async def test_what_waits_for_me_comes_first_each_with_its_button(new_world: NewWorld) -> None:
    async with new_world(runbook=APPROVING) as world:
        assert "Nothing waits for you" in str((await opened(world, "ada")).blocks)
        room = await declared(world)
        mine = lines(await opened(world, "ada"))
        assert ("🔔 You were paged", "Acknowledge") in [(words[:16], label) for words, label in mine]
        await world.ada.presses("Acknowledge", world.ada.home())
        await world.settled()
        refreshed = world.ada.home()
        assert refreshed is not None and "You were paged" not in str(refreshed.blocks)
        await ask(world, "eve", "/incident task @ada Call the bank 15m", room)
        await ask(world, "eve", "/incident action @ada Alert on lag by Friday", room)
        await opened(world, "ben")
        await world.ben.presses("Approve", world.ben.home())
        await ask(world, "ada", "/incident resolve The bank", room)
        labels = [label for words, label in lines(await opened(world, "ada")) if words[0] in "🔔👉🔧📝"]
        assert labels == ["Done", "Edit"]
        approvals = [one for one in lines(await opened(world, "ben")) if one[0].startswith("✋")]
        assert [label for _, label in approvals] == ["Approve"] and "clients" in approvals[0][0]
        assert not [one for one in lines(await opened(world, "ada")) if one[0].startswith("✋")]
        await world.ben.presses("Approve", world.ben.home())
        await world.settled()
        assert any("*Resolved*" in words or "esolved" in words for words in world.said_in("#general"))


async def test_responders_are_offered_to_send_an_update_and_others_to_join(world: World) -> None:
    room = await declared(world)
    await ask(world, "ada", "/incident lead", room)

    def offered(home: View) -> list[str | None]:
        return [label for words, label in lines(home) if words.startswith("*INC-1*")]

    assert offered(await opened(world, "ada")) == ["Update INC-1"]
    assert offered(await opened(world, "ben")) == ["Join INC-1"]
    await world.ada.presses("Update INC-1", world.ada.home())
    await world.settled()
    assert "INC-1" in str(world.ada.modal().content["title"])


async def test_the_home_is_republished_on_changes_at_most_every_ten_seconds(world: World) -> None:
    def published() -> int:
        return len([one for one in world.workspace.sent if one.method == "views.publish"])

    await opened(world, "finn")
    await world.passes(seconds=30)
    assert published() == 1
    room = await declared(world)
    await ask(world, "eve", "/incident note one more", room)
    assert published() == 1
    await world.passes(seconds=10)
    home = world.finn.home()
    assert published() == 2 and home is not None and "Payments failing" in str(home.blocks)
    await world.passes(hours=2)
    await ask(world, "eve", "/incident resolve fixed", room)
    await world.passes(seconds=10)
    assert published() <= 3 and "Payments failing" in str(home.blocks)


async def test_an_open_home_is_updated_once_by_another_process_after_its_own_has_ended(world: World) -> None:
    def published() -> int:
        return len([one for one in world.workspace.sent if one.method == "views.publish"])

    async with world.joined() as first:
        await first.services.homes.opened("U0FINN")
    async with world.joined(), world.joined():
        await world.passes(seconds=10)
        assert published() == 0, "nothing has changed"
        await declared(world)
        await world.passes(seconds=10)
        home = world.finn.home()
        assert published() == 1 and home is not None and "Payments failing" in str(home.blocks)


async def test_an_open_home_never_shows_the_work_of_somebody_who_has_their_key_in_a_newer_runbook(
    new_world: NewWorld,
) -> None:
    async with new_world() as world:
        await opened(world, "ada")
    async with new_world(runbook=RUNBOOK.replace("ada@example.com", "eve@example.com")) as world:
        await declared(world)
        await world.passes(seconds=10)
        home = world.ada.home()
        assert home is not None and "Payments failing" in str(home.blocks)
        assert "Acknowledge" not in [label for _, label in lines(home)], "nobody has paged this account"
        assert "Acknowledge" in [label for _, label in lines(await opened(world, "eve"))]


async def test_a_passed_backup_drill_updates_the_home(new_world: NewWorld) -> None:
    kept = 'backups: {orders: {postgresql: "postgresql://nowhere.example.com/orders", at: "03:00"}}\n'
    async with new_world(runbook=RUNBOOK + kept) as world:
        async with world.house.db.transaction() as conn:
            begun = await drills.begin(conn, name="orders", backup_id=None, started_by="ada", now=world.clock.now())
        assert begun and "restoring it: never" in str((await opened(world, "ada")).blocks)
        async with world.house.db.transaction() as conn:
            found, took = DrillFindings(1, 1, 0, counted=True), timedelta(seconds=1)
            await drills.passed(conn, begun.id, found, took=took, rto=None, now=world.clock.now())
        await world.passes(seconds=10)
        home = world.ada.home()
        assert home is not None and "restoring it: never" not in str(home.blocks)


async def test_the_home_says_what_was_rehearsed_and_who_never_got_a_test_page(world: World) -> None:
    shown = str((await opened(world, "ada")).blocks)
    assert "Last rehearsed incident: never" in shown and "Ada Obi never" in shown
    await ask(world, "eve", "/incident drill P3 Rehearsal")
    assert "Last rehearsed incident: <!date^" in str((await opened(world, "ada")).blocks)


async def test_a_very_full_home_stays_within_slacks_limits(world: World) -> None:
    await declared(world)
    room = world.workspace.channel(world.room())
    for number in range(30):
        await ask(world, "eve", f"/incident action @ada {'Very long words ' * 15}{number} by Friday", room)
    for number in range(12):
        await ask(world, "eve", f"/incident declare P3 {'Another ' * 20}{number}")
    home = await opened(world, "ada")
    assert len(home.blocks) <= 100 and "more line" in str(home.blocks)
    assert [str(one) for one in world.workspace.complaints] == []


async def test_somebody_removed_from_a_private_incident_sees_nothing_of_it(world: World) -> None:
    await ask(world, "eve", "/incident private P1 Data copied")
    await ask(world, "eve", "/incident task INC-1 @ada Look at the logs")
    await ask(world, "eve", "/incident remove INC-1 @ada")
    shown = str((await opened(world, "ada")).blocks)
    assert "Data copied" not in shown and "Look at the logs" not in shown


async def test_boxes_with_a_due_time_wait_in_the_leads_home_and_can_be_ticked_there(new_world: NewWorld) -> None:
    boxes = "checklists: {aftercare: [Tidy up, {do: Stakeholders notified, within: 2h}]}\n"
    async with new_world(runbook=OWING + boxes) as world:
        room = await declared(world, "P3 Search is slow")
        await ask(world, "ada", "/incident lead", room)
        await ask(world, "eve", "/incident resolve fixed", room)
        found = [one for one in lines(await opened(world, "ada")) if one[0].startswith("☐")]
        assert len(found) == 1 and "Stakeholders notified" in found[0][0] and found[0][1] == "Done"
        await world.ada.presses("Done", world.ada.home())
        await world.settled()
        assert not [one for one in lines(await opened(world, "ada")) if one[0].startswith("☐")]
