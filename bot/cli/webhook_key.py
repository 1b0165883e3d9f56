"""The key that a webhook's receiver needs, to prove that what it is sent came from here."""

from bot.app import App
from bot.cli.begin import read_runbook, read_settings
from bot.clock import Clock
from bot.domain.errors import NotFound
from bot.hooks import written
from bot.runbook import Runbook
from bot.services.keyring import Keyring

ALERTS = "alerts"


async def webhook_key(name: str) -> str:
    """The key for the webhook of a person, or of `alerts`. Raises NotFound when they have none."""
    settings = read_settings(log_level="WARNING")
    runbook = read_runbook(settings)
    address = _address(runbook, name)
    async with App(settings, runbook, Clock()).at_hand() as services:
        return written(await Keyring(services.db, services.clock).of_webhook(address))


def _address(runbook: Runbook, name: str) -> str:
    person = runbook.people.get(name)
    webhook = person.webhook if person else runbook.alerts.webhook if name == ALERTS else None
    if webhook is None:
        known = [key for key, one in runbook.people.items() if one.webhook] + [ALERTS] * bool(runbook.alerts.webhook)
        there_are = f"There is one of: {', '.join(known)}." if known else "The runbook holds none at all."
        raise NotFound(f"The runbook has no webhook of “{name}”. {there_are}")
    return webhook.reveal()
