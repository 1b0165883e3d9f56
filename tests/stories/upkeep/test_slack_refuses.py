"""The bot starts while Slack is away or refuses it: people are paged by every other way, and `/readyz` says why."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path

import aiohttp
import pytest

from bot.app import App
from bot.clock import Clock
from bot.domain.actor import Actor
from bot.domain.errors import Rejected
from tests.mail_server import PostOffice, post_office
from tests.processes import Fleet, fleet, until
from tests.stories.paging.test_test_pages import mail_of
from tests.world import RUNBOOK

NewFleet = Callable[..., AbstractAsyncContextManager[Fleet]]

BY_MAIL = RUNBOOK.replace("who: [ben]}", "who: [ben], via: [slack, email]}").replace(
    "page: oncall, wait: 15m", "page: oncall, wait: 1s"
)


@pytest.fixture
def new_fleet(database: str, tmp_path: Path) -> NewFleet:
    """`async with new_fleet() as fleet`: a fleet that has no process yet."""
    return partial(fleet, database, tmp_path)


async def ready(app: App) -> tuple[int, str]:
    async with aiohttp.ClientSession(f"http://127.0.0.1:{app.port}") as session, session.get("/readyz") as answer:
        return answer.status, (await answer.json())["not_ready"].get("slack", "")


@pytest.mark.parametrize("trouble", ["the token is revoked", "a proxy answers"])
async def test_a_bot_restarted_while_slack_refuses_it_pages_by_every_other_way_and_is_not_ready(
    new_fleet: NewFleet, trouble: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with post_office(PostOffice()) as office, new_fleet(runbook=BY_MAIL, **mail_of(office)) as fleet:
        await fleet.house.declarations.declare(Actor("eve"), "Payments failing", severity="P1")
        if trouble == "the token is revoked":
            fleet.workspace.faults.revoked = True
        else:
            for method in ("auth.test", "apps.connections.open"):
                fleet.workspace.faults.break_down(method, status=200, times=None)

        app = fleet.app(Clock())
        async with app.running():
            await until(lambda: arrived(office))
            status, why = await ready(app)

        assert status == 503
        if trouble == "the token is revoked":
            assert "token_revoked" in why
            assert "every other way is used" in why
            assert "every other way is used" in caplog.text


async def arrived(office: PostOffice) -> bool:
    return bool(office.letters)


async def test_the_bot_reconnects_and_is_ready_when_slack_accepts_its_token_again(
    new_fleet: NewFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.slack_connection.CONNECT_AGAIN_AFTER_S", 0.05)
    async with new_fleet() as fleet:
        await fleet.house.declarations.declare(Actor("eve"), "Payments failing", severity="P1")
        fleet.workspace.faults.revoked = True
        app = fleet.app(Clock())
        async with app.running():
            fleet.workspace.faults.revoked = False
            await until(lambda: is_ready(app))
            await fleet.until(lambda: fleet.posted("page:"))


async def is_ready(app: App) -> bool:
    return (await ready(app))[0] == 200


async def test_a_first_start_with_a_refused_token_fails_and_names_the_setting(
    new_fleet: NewFleet,
) -> None:
    async with new_fleet() as fleet:
        fleet.workspace.faults.revoked = True
        with pytest.raises(Rejected, match="SLACK_BOT_TOKEN"):
            async with fleet.app(Clock()).running():
                pass
