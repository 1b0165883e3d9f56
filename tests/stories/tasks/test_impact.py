"""An incident's impact: how many users, since when, and whether payments are affected."""

from tests.stories.asking import ask, declared, timeline
from tests.world import World, words_of


async def test_the_form_keeps_how_many_since_when_and_whether_payments_are_affected(world: World) -> None:
    room = await declared(world, "P3 Slow reports")
    await ask(world, "ada", "/incident impact", room)
    values = {"impact": "reports time out", "affected_count": "about 40", "affected_since": "14:05", "payments": "yes"}
    await world.ada.submits(values=values)
    await world.settled()
    assert "reports time out · about 40 · since 14:05 · payments affected" in words_of(world.card())
    incident = await world.house.incidents.find("1")
    assert incident.facts["affects"] == "payments affected" and incident.updated_at is None
    assert ("update", "ada", "impact: reports time out, about 40, 14:05, payments affected") in await timeline(world)

    await ask(world, "ada", "/incident impact only exports", room)
    assert "only exports · about 40" in words_of(world.card())
