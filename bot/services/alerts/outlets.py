"""Outlets of alerts besides Slack: mail, and a webhook of the organisation's own."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from bot.domain.alerts.alert import GroupStanding
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.services.outbox.kinds import UPDATE, DeliveryKind, NoLongerWanted, NotSetUp, way_by
from bot.services.outbox.outbox import Outbox
from bot.store.alerts import alerts
from bot.store.database import Database
from bot.store.outbox.outbox import Delivery
from bot.store.pipelined import Connection
from bot.wire.mail import Letter, Mail, subject_and_body


class Hook(Protocol):
    """Posts JSON to an address; `key` is equal for all attempts. Returns the answer, raises a Failed."""

    async def __call__(self, url: str, body: Mapping[str, Any], *, key: str) -> str: ...


class AlertOutlets(DeliveryKind[str]):
    """Deliveries of kind `alert_email` and `alert_webhook`. Outlets that are not set up are skipped."""

    def __init__(
        self,
        db: Database,
        runbook: Runbook,
        outbox: Outbox,
        rendering: Rendering,
        *,
        mail: Mail | None = None,
        hook: Hook | None = None,
    ) -> None:
        self._db = db
        self._runbook = runbook
        self._outbox = outbox
        self._rendering = rendering
        self._mail = mail
        self._hook = hook

    async def tell(self, conn: Connection, standing: GroupStanding, outlets: Iterable[str]) -> None:
        """Send it by these outlets; the caller does so once per group and outlet. Slack's outlet is the card."""
        told = set(outlets)
        if "email" in told and self._mail:
            for address in self._runbook.alerts.email:
                await self._put(conn, "alert_email", {"alert": standing.group.id, "to": address})
        if "webhook" in told and self._hook and self._runbook.alerts.webhook:
            await self._put(conn, "alert_webhook", {"alert": standing.group.id})

    async def send(self, delivery: Delivery) -> str:
        async with self._db.transaction() as conn:
            standing = await alerts.standing(conn, delivery.payload["alert"])
        if standing is None or standing.group.closed_at or standing.is_over:
            raise NoLongerWanted("the alert is over")
        if delivery.kind == "alert_email":
            return await self._send_mail(standing, delivery.payload["to"])
        return await self._send_hook(standing)

    async def _put(self, conn: Connection, kind: str, payload: Mapping[str, Any]) -> None:
        await self._outbox.put(conn, kind, payload, priority=UPDATE, way=way_by(kind.removeprefix("alert_")))

    async def _send_mail(self, standing: GroupStanding, to: str) -> str:
        if self._mail is None:
            raise NotSetUp("email")
        words = self._rendering.say("email/alert", **self._facts(standing))
        subject, body = subject_and_body(words)
        return await self._mail.send(Letter(to, subject, body, _key(standing)))

    async def _send_hook(self, standing: GroupStanding) -> str:
        address = self._runbook.alerts.webhook
        if self._hook is None or address is None:
            raise NotSetUp("webhook")
        lead = standing.lead
        body = {
            "title": self._title(standing), "level": standing.level, "source": lead.source, "status": "firing",
            "description": lead.description, "labels": standing.labels, "url": lead.url,
        }  # fmt: skip
        return await self._hook(address.reveal(), body, key=_key(standing))

    def _facts(self, standing: GroupStanding) -> dict[str, object]:
        title = self._title(standing)
        return {"standing": standing, "title": title, "organisation": self._runbook.organisation}

    def _title(self, standing: GroupStanding) -> str:
        return self._rendering.say("documents/alert_title", standing=standing)


def _key(standing: GroupStanding) -> str:
    """Includes the time, because a new database starts again at id 1."""
    return f"alert-{standing.group.id}.{standing.group.opened_at.timestamp():.0f}"
