"""Outlets beside Slack: an alert's level decides where it is sent."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from tests.mail_server import post_office
from tests.stories.alerts.monitoring import TOKEN, WITH_ALERTS, alert, watched
from tests.world import World

NewWorld = Callable[..., AbstractAsyncContextManager[World]]

TO_ADMIN = WITH_ALERTS + "  email: [admin@example.com]\n  levels: {low: [], medium: [email]}\n"


async def test_an_alert_is_mailed_once_to_the_address_its_level_names(new_world: NewWorld) -> None:
    async with (
        post_office() as office,
        new_world(
            runbook=TO_ADMIN, ALERTS_TOKEN=TOKEN, SMTP_URL=f"smtp://127.0.0.1:{office.port}", MAIL_FROM="t@example.com"
        ) as world,
        watched(world) as monitoring,
    ):
        for _ in range(2):
            await monitoring.fires(alert("CertOld", severity="error", host="web-1"))
        await monitoring.fires(alert("CertOld", severity="error", host="web-1", status="resolved"))

        [letter] = office.letters
        assert (letter["To"], letter["Subject"]) == ("admin@example.com", "High: CertOld is bad")
        assert "host: web-1" in letter.get_content()


async def test_a_level_without_slack_has_no_card(new_world: NewWorld) -> None:
    async with new_world(runbook=TO_ADMIN, ALERTS_TOKEN=TOKEN) as world, watched(world) as monitoring:
        await monitoring.fires(alert("Quiet", severity="info"))
        await monitoring.fires(alert("Mailed", severity="warning"))
        assert monitoring.cards == []

        await monitoring.fires(alert("Loud", severity="error"))
        assert monitoring.card.text == "🟠 *High* Loud is bad"


async def test_without_a_mail_server_the_other_outlets_still_work(new_world: NewWorld) -> None:
    async with new_world(runbook=TO_ADMIN, ALERTS_TOKEN=TOKEN) as world, watched(world) as monitoring:
        await monitoring.fires(alert("CertOld", severity="error"))
        assert monitoring.card.text == "🟠 *High* CertOld is bad"
        world.posts()
        world.nothing_else_was_sent()
