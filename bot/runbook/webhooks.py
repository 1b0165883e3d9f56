"""All webhooks of the organisation that we post to."""

from collections.abc import Mapping

from bot.runbook.addresses import Webhook
from bot.runbook.models import Runbook

ALERTS = "alerts"


def webhooks_of(runbook: Runbook) -> Mapping[str, Webhook]:
    """By name. Audiences are prefixed with their kind, because a person may have the same key."""
    found = {key: one.webhook for key, one in runbook.people.items()}
    found |= {ALERTS: runbook.alerts.webhook} if runbook.alerts.webhook else {}
    found |= {f"audience/{key}": one.webhook for key, one in runbook.audiences.items()}
    return {name: webhook for name, webhook in found.items() if webhook}
