"""Slack limits each channel and each process finds out by itself: nothing is lost or posted twice."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta

from bot.domain.alerts.received import ReceivedAlert
from bot.sandbox.model import Json
from tests.stories.alerts.monitoring import WITH_ALERTS, watched
from tests.stories.asking import ask
from tests.world import World

NewWorld = Callable[..., AbstractAsyncContextManager[World]]
COUNT = 16
AT_ONCE, WITHIN_S = 4, 4


class Busy:
    """A Slack that rate-limits messages per channel, by the world's clock."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._taken: dict[str, list[datetime]] = {}

    def refuses(self, sent: Json) -> bool:
        now, channel = self._world.clock.now(), sent["channel"]
        lately = [at for at in self._taken.get(channel, []) if now - at < timedelta(seconds=WITHIN_S)]
        self._taken[channel] = [*lately, now][:AT_ONCE]
        return len(lately) >= AT_ONCE


async def test_two_rate_limited_processes_show_each_alert_once_in_time_and_page_at_once(new_world: NewWorld) -> None:
    async with new_world(runbook=WITH_ALERTS) as world, watched(world) as monitoring, world.joined() as other:
        limited = Busy(world).refuses
        world.workspace.faults.limit("chat.postMessage", retry_after=WITHIN_S, times=None, when=limited)
        for number in range(COUNT):
            one = ReceivedAlert(f"Thing {number}", True, f"t{number}", severity="low")
            await (other.services if number % 2 else world.house).alerts.receive("generic", [one])
        await ask(world, "eve", "/incident declare P1 Payments failing")
        assert len(monitoring.cards) == AT_ONCE and len(world.pages_of("ada")) == 1

        for _ in range(2 * COUNT // WITHIN_S):
            await world.passes(seconds=WITHIN_S)
        assert len(monitoring.cards) == len({card.text for card in monitoring.cards}) == COUNT
        assert len(world.pages_of("ada")) == 1
