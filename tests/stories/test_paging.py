"""Somebody declares, people are paged tier by tier, somebody answers."""

from tests.world import World


async def test_declaring_pages_the_first_tier_and_opens_a_room(world: World) -> None:
    answer = await world.eve.types("/incident declare P1 Payments failing", "#general")
    await world.settled()

    assert answer.error is None
    assert ("ada", "🔔 *P1* Payments failing (INC-1)") in world.posts()
    assert world.workspace.channel("#inc-2026-08-06-payments-failing").members.count("U0EVE") == 1


async def test_nobody_answers_so_the_lead_is_paged_after_fifteen_minutes(world: World) -> None:
    await world.eve.types("/incident declare P1 Payments failing", "#general")
    await world.settled()
    assert len(world.pages_of("ada")) == 1

    await world.passes(minutes=14, seconds=59)
    assert world.pages_of("ben") == []

    await world.passes(seconds=1)
    assert len(world.pages_of("ben")) == 1
    assert world.pages_of("cleo") == []
