"""The sandbox's sample events, posted to a bot: each becomes a card."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from bot.sandbox.alert_events import alert_events
from bot.sandbox.report_event import REPORT, report_event
from tests.stories.alerts.monitoring import TOKEN, WITH_ALERTS, watched
from tests.stories.alerts.reporter import WITH_FORM
from tests.world import World


async def test_every_event_is_accepted_and_shown(new_world: Callable[..., AbstractAsyncContextManager[World]]) -> None:
    async with new_world(runbook=WITH_ALERTS, ALERTS_TOKEN=TOKEN) as world, watched(world) as monitoring:

        async def post(source: str, body: bytes) -> None:
            assert (await monitoring.sends(source, body)).status in (200, 202), source

        for event in alert_events(post):
            before = len(monitoring.cards)
            await event.happen()
            await world.settled()
            assert len(monitoring.cards) > before, event.id


async def test_a_customer_reports_through_the_real_form(
    new_world: Callable[..., AbstractAsyncContextManager[World]],
) -> None:
    async with new_world(runbook=WITH_FORM) as world, watched(world) as monitoring:

        async def form() -> str:
            return f"http://127.0.0.1:{world.app.port}{await world.house.report_link.path()}"

        await report_event(form).happen()
        await world.settled()
        assert REPORT["contact"] in monitoring.words
