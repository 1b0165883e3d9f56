"""An audience with a webhook gets every change of an incident, in order and once."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import pytest

from tests.provider import Provider, provider
from tests.stories.updates.test_stakeholder_updates import card, declared, does, told, updating
from tests.world import RUNBOOK, World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]


@pytest.fixture
async def receiver() -> AsyncIterator[Provider]:
    async with provider() as one:
        one.answers(200, b"")
        yield one


def machines(receiver: Provider) -> str:
    more = f'\naudiences: {{machines: {{webhook: "{receiver.url}/s3cret"}}}}\n'
    both = updating(RUNBOOK, "machines", more)
    return both.replace("    name: High\n", "    name: High\n    tell: [machines]\n")


def heard(receiver: Provider) -> list[tuple[str, str, str]]:
    bodies = [request.json for request in receiver.received]
    return [(one["type"], one["incident"]["severity"], one["incident"]["status"]) for one in bodies]


async def test_every_change_is_posted_to_a_webhook_once_and_in_order(new_world: NewWorld, receiver: Provider) -> None:
    async with new_world(runbook=machines(receiver)) as world:
        await declared(world)
        for command in ("status identified", "severity P2 fewer are affected", "resolve Rolled back", "reopen again"):
            await does(world, "ada", f"/incident {command}")

        assert heard(receiver) == [
            ("incident.declared", "P1", "investigating"),
            ("incident.update", "P1", "identified"),
            ("incident.severity", "P2", "identified"),
            ("incident.resolved", "P2", "resolved"),
            ("incident.reopened", "P2", "investigating"),
        ]
        assert len({request.headers["Webhook-Id"] for request in receiver.received}) == 5
        assert (await told(world))[0].startswith("machines by webhook: ")
        assert "s3cret" not in words_of(card(world, "machines"))


async def test_a_webhook_that_was_away_gets_every_change_and_not_only_the_newest(
    new_world: NewWorld, receiver: Provider
) -> None:
    async with new_world(runbook=machines(receiver)) as world:
        receiver.answers(503)
        await declared(world)
        await does(world, "ada", "/incident status identified")
        await does(world, "ada", "/incident resolve Rolled back")
        receiver.received.clear()
        receiver.answers(200, b"")
        await world.passes(minutes=30)
        await world.passes(minutes=1)

        assert [kind for kind, _, _ in heard(receiver)] == ["incident.declared", "incident.update", "incident.resolved"]
        assert len(await told(world)) == 3


@pytest.mark.parametrize("verb", ["drill", "private"])
async def test_drills_and_private_incidents_are_not_posted_to_webhooks(
    new_world: NewWorld, receiver: Provider, verb: str
) -> None:
    async with new_world(runbook=machines(receiver)) as world:
        await world.ada.types(f"/incident {verb} P1 Payments failing", "#general")
        await world.passes(seconds=5)
        await world.passes(minutes=5)

        assert receiver.received == []
