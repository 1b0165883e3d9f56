"""Sends updates to a program: each as signed JSON, posted to the organisation's own URL."""

import json

from bot.domain.errors import Rejected
from bot.domain.incidents.incident import Incident
from bot.domain.maintenance.window import Window
from bot.domain.updates.update import Outlet, Update
from bot.publishers import OutletFacts, Publication, Publisher, PublisherParts, key_of
from bot.runbook import Runbook
from bot.wire.webhooks import Hooks

# Only part of the URL is shown: the rest may be a secret. `takes_all`: a program wants every change, however late.
OUTLET = OutletFacts(
    "webhook",
    addresses=lambda audience: [audience.webhook.shown] if audience.webhook else [],
    takes_all=True,
)


def publisher(parts: PublisherParts) -> Publisher:
    return WebhookPublisher(parts.hooks, parts.runbook)


class WebhookPublisher:
    """The reference is the receiver's own id, if it returns one. `docs/webhooks.md` describes payload and replies."""

    via: Outlet = "webhook"

    def __init__(self, hooks: Hooks, runbook: Runbook) -> None:
        self._hooks = hooks
        self._runbook = runbook

    async def publish(self, publication: Publication) -> str:
        """Post the update. A receiver can't be asked what it accepted, so a repeat has the same id and the same
        body."""
        audience = self._runbook.audiences.get(publication.update.audience)
        if audience is None or audience.webhook is None:
            raise Rejected(f"the runbook has no webhook of {publication.update.audience} any more")
        whose = f"the webhook of {audience.key}"
        address = audience.webhook.reveal()
        return await self._hooks.post(address, self._body(publication), key=key_of(publication), whose=whose)

    def shown(self, publication: Publication) -> str:
        return json.dumps(self._body(publication), indent=2, ensure_ascii=False)

    def _body(self, publication: Publication) -> dict[str, object]:
        """The payload: the facts at the time of the update, even if sent late. It leaves out the incident's title,
        because an audience reads only words meant for it."""
        update, about = publication.update, publication.about
        is_planned = isinstance(about, Window)
        return {
            "type": update.moment.replace("_", ".", 1) if is_planned else f"incident.{update.moment}",
            "timestamp": _told_at(update),
            "organisation": self._runbook.organisation,
            "audience": update.audience,
            **(
                {"maintenance": _planned(update, about)} if isinstance(about, Window) else self._incident(update, about)
            ),
            "update": {"id": update.id, "subject": update.subject, "text": update.text},
        }

    def _incident(self, update: Update, incident: Incident) -> dict[str, object]:
        severity = self._runbook.severity_as_declared(update.severity or incident.severity)
        facts = {
            "ref": incident.ref,
            "severity": severity.id,
            "severity_name": severity.name,
            "status": update.status,
            "declared_at": incident.declared_at.isoformat(),
        }
        return {"incident": facts}


def _planned(update: Update, window: Window) -> dict[str, object]:
    return {
        "ref": window.ref,
        "starts_at": (update.planned_from or window.starts_at).isoformat(),
        "ends_at": (update.planned_until or window.ends_at).isoformat(),
        "components": list(window.components),
    }


def _told_at(update: Update) -> str:
    return (update.decided_at or update.created_at).isoformat()
