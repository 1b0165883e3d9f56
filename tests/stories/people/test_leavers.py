"""Somebody has left: their Slack account is deactivated, and they are still in the runbook."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from bot.store.paging import pages
from tests.stories.asking import ask
from tests.world import RUNBOOK, World

NewWorld = Callable[..., AbstractAsyncContextManager[World]]
BY_EMAIL, BY_ID = RUNBOOK, RUNBOOK.replace("email: ada@example.com", "slack: U0ADA, email: ada@example.com")


def leaves(world: World, who: str) -> None:
    world.workspace.users[world.workspace.person(who).id].deleted = True


async def by_slack(world: World, who: str) -> list[str]:
    """The states of this person's pages by Slack."""
    async with world.house.db.transaction() as conn:
        return [one.state for one in await pages.of_incident(conn, 1) if (one.person, one.via) == (who, "slack")]


@pytest.mark.parametrize(("runbook", "tried"), [(BY_EMAIL, ["refused"]), (BY_ID, [])])
async def test_a_deactivated_account_is_not_called_paged_and_the_next_tier_is(
    new_world: NewWorld, runbook: str, tried: list[str]
) -> None:
    async with new_world(runbook=runbook) as world:
        leaves(world, "ada")
        await world.house.leavers.look()
        await world.eve.types("/incident declare P1 Payments failing")
        await world.settled()
        # Not tried, although Slack may accept a message into a conversation nobody reads.
        assert await by_slack(world, "ada") == tried
        assert len(world.pages_of("ben")) == 1


async def test_somebody_who_has_left_cannot_get_a_role(world: World) -> None:
    await world.eve.types("/incident declare P1 Payments failing")
    await world.settled()
    room = world.room("INC-1")
    leaves(world, "ben")
    assert "isn't in this workspace" in await ask(world, "eve", "/incident lead ben", room)
    assert "isn't" not in await ask(world, "eve", "/incident lead cleo", room)


async def test_somebody_who_returns_is_paged_again_and_a_new_account_is_found_by_email(world: World) -> None:
    leavers, people = world.house.leavers, world.house.people
    first = await people.account("ada")
    leaves(world, "ada")
    await leavers.look()
    assert people.known_account("ada") is None and leavers.has_left(first)

    world.workspace.users[first].deleted = False
    await world.passes(minutes=10)
    assert await people.account("ada") == first
    await world.passes(hours=1)
    await leavers.look()
    assert not leavers.has_left(first)


async def test_a_lead_who_has_left_is_not_asked_and_the_acknowledger_is_instead(world: World) -> None:
    await world.eve.types("/incident declare P1 Payments failing")
    await world.settled()
    room = world.room("INC-1")
    await ask(world, "ada", "/incident ack", room)
    await ask(world, "ada", "/incident lead cleo", room)
    leaves(world, "cleo")
    await world.house.leavers.look()
    await world.passes(minutes=10)
    (nudge,) = [one for one in world.nudges() if "No word since" in one.text]
    assert f"<@{world.ada.id}>" in nudge.text and "leo" not in nudge.text
