"""Pages a person by their own webhook."""

from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from typing import Any

from bot.domain.errors import Rejected
from bot.domain.paging.page import Page, Via
from bot.pagers import PageCall, Pager, PagerParts, Way
from bot.pagers._unconfirmed import may_have_arrived
from bot.rendering import Rendering
from bot.runbook import Person, Runbook
from bot.wire.webhooks import Hooks

WAY = Way("webhook", ("webhook",), "no webhook")


def pager(parts: PagerParts) -> Pager:
    return WebhookPager(parts.hooks, parts.rendering, parts.runbook, parts.acknowledge_link)


class WebhookPager:
    """The payload is documented in `docs/webhooks.md`. The reference is the receiver's own, otherwise its HTTP
    status."""

    via: Via = "webhook"

    def __init__(
        self,
        hooks: Hooks,
        rendering: Rendering,
        runbook: Runbook,
        acknowledge_link: Callable[[Page], Awaitable[str | None]],
    ) -> None:
        self._hooks = hooks
        self._rendering = rendering
        self._runbook = runbook
        self._acknowledge_link = acknowledge_link

    def contact(self, person: Person) -> str | None:
        """The address as people may see it: the full URL is a secret and isn't stored with the page."""
        return person.webhook.shown if person.webhook else None

    async def page(self, call: PageCall) -> str:
        """Post the page. A receiver can't be asked what it accepted, so a repeat reuses the first key."""
        webhook = call.person.webhook
        if webhook is None:
            raise Rejected(f"{call.person.name} has no webhook in the runbook any more")
        payload = self._payload(call, await self._acknowledge_link(call.page))
        call.leaves()
        key = f"page-{call.page.key}"
        with may_have_arrived() if call.unsure else nullcontext():
            return await self._hooks.post(
                webhook.reveal(), payload, key=key, whose=f"the webhook of {call.person.name}"
            )

    def _payload(self, call: PageCall, link: str | None) -> dict[str, Any]:
        page, incident, person = call.page, call.incident, call.person
        severity = self._runbook.severity_as_declared(incident.severity)
        tier = self._runbook.tiers.get(page.tier or "")
        return {
            "type": "page",
            "text": self._rendering.say("page/line", page=page, incident=incident, severity=severity),
            "organisation": self._runbook.organisation,
            "incident": {
                "ref": incident.ref,
                "title": incident.title,
                "severity": severity.id,
                "severity_name": severity.name,
                "status": incident.status,
                "private": incident.is_secret,
                "drill": incident.drill,
                "declared_at": incident.declared_at.isoformat(),
                "channel": {"id": incident.room_id, "name": incident.room_name} if incident.room_id else None,
            },
            "page": {
                "id": page.key,
                "tier": page.tier,
                "tier_name": tier.name if tier else None,
                "reason": page.reason,
                "late": page.late,
                "due_at": page.due_at.isoformat(),
            },
            "person": {"key": person.key, "name": person.name},
            "acknowledge_url": link,
        }
