"""Pages whoever is on call in PagerDuty: one alert there per incident here, until it is acknowledged.

In the Events API v2, an alert that was acknowledged pages nobody again, no matter what triggers it, and an
acknowledgement can't be undone: the API has only `trigger`, `acknowledge` and `resolve`. So a page after an
acknowledgement (the incident was reopened, its acknowledgement withdrawn, or somebody paged by hand) opens the
incident's next alert under a new key, and the previous alert is resolved. A `resolve` still in flight when an incident
is reopened therefore can't close the new alert, in whatever order the two arrive.
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from typing import Any, Literal

import aiohttp

from bot.clock import Clock
from bot.domain.incidents.incident import Incident
from bot.domain.paging.page import Page, Via
from bot.domain.paging.provider_alert import OURS, ProviderAlert
from bot.pagers import PageCall, Pager, PagerParts, Way
from bot.pagers._unconfirmed import may_have_arrived
from bot.rendering import Rendering
from bot.runbook import Person, Runbook
from bot.wire.answers import Answer, refusal, shown
from bot.wire.http_client import TIMEOUT_S, ask

Action = Literal["trigger", "acknowledge", "resolve"]
OpenAlert = Callable[[Page, str], Awaitable[str]]

WHOSE = "PagerDuty"
# The `status` of an event that was accepted (Events API v2).
TAKEN = "success"
# The API's limit, in characters.
SUMMARY_LENGTH = 1024

WAY = Way(
    "PagerDuty", credentials="PAGERDUTY_ROUTING_KEY", is_set_up=lambda settings: settings.pagerduty_routing_key,
    is_shared=True,
)  # fmt: skip


def pager(parts: PagerParts) -> Pager | None:
    key = parts.settings.pagerduty_routing_key
    if key is None:
        return None
    return PagerDutyPager(
        parts.session, parts.clock, parts.rendering, parts.runbook, parts.open_alert,
        url=parts.settings.pagerduty_events_url, routing_key=key.get_secret_value(),
    )  # fmt: skip


class PagerDutyPager:
    """Speaks the Events API v2. The reference is the `dedup_key`, by which PagerDuty recognises a repeat."""

    via: Via = "pagerduty"

    def __init__(
        self,
        session: aiohttp.ClientSession,
        clock: Clock,
        rendering: Rendering,
        runbook: Runbook,
        open_alert: OpenAlert,
        *,
        url: str,
        routing_key: str,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._session = session
        self._clock = clock
        self._rendering = rendering
        self._runbook = runbook
        self._open_alert = open_alert
        self._url = url
        self._routing_key = routing_key
        self._timeout_s = timeout_s

    def contact(self, person: Person) -> str:
        """The same for everybody: PagerDuty decides whom to call."""
        return "PagerDuty"

    async def page(self, call: PageCall) -> str:
        payload = self._payload(call.page, call.incident)
        key = await self._open_alert(call.page, dedup_key(call.incident))
        call.leaves()
        with may_have_arrived() if call.unsure else nullcontext():
            return await self._send("trigger", key, payload=payload)

    async def follow(self, alert: ProviderAlert) -> str | None:
        """Send PagerDuty the new state of this alert; None while it is still open. Raises a kind of Failed.

        PagerDuty ignores events for alerts that it doesn't know or has closed, so those do no harm.
        """
        if alert.state == "open":
            return None
        return await self._send("resolve" if alert.state == "resolved" else "acknowledge", alert.key)

    def _payload(self, page: Page, incident: Incident) -> Mapping[str, Any]:
        severity = self._runbook.severity_as_declared(incident.severity)
        line = self._rendering.say("page/pagerduty", page=page, incident=incident, severity=severity)
        tier = self._runbook.tiers.get(page.tier or "")
        details = {
            "severity": f"{severity.id} {severity.name}",
            "tier": tier.name if tier else None,
            "reason": None if incident.is_secret else page.reason,
            "room": f"#{incident.room_name}" if incident.room_name else None,
        }
        return {
            "summary": line[:SUMMARY_LENGTH],
            "source": self._runbook.organisation,
            "severity": self._gravity(incident),
            "timestamp": incident.declared_at.isoformat(),
            "custom_details": {name: value for name, value in details.items() if value},
        }

    def _gravity(self, incident: Incident) -> str:
        """PagerDuty has four severities: the runbook's gravest becomes `critical`, the next `error`, and so on."""
        ids = [severity.id for severity in self._runbook.severities]
        rank = ids.index(incident.severity) if incident.severity in ids else len(ids)
        return ("critical", "error", "warning", "info")[min(rank, 3)]

    async def _send(self, action: Action, key: str, **more: Any) -> str:
        event = {"routing_key": self._routing_key, "event_action": action, "dedup_key": key}
        answer = await ask(
            self._session, "POST", self._url, whose=WHOSE, timeout_s=self._timeout_s, json={**event, **more}
        )
        if answer.is_yes and answer.json.get("status") == TAKEN:
            return key
        raise refusal(answer, whose=WHOSE, now=self._clock.now(), is_theirs=_is_refused(answer), why=self._why(answer))

    def _why(self, answer: Answer) -> str:
        """PagerDuty's own explanation, without the routing key in case they quote it."""
        said = answer.json
        errors = said.get("errors")
        words = [str(said.get("message", "")), *(map(str, errors) if isinstance(errors, list) else [])]
        return shown(" ".join(words).replace(self._routing_key, "…"))


def _is_refused(answer: Answer) -> bool:
    """A permanent refusal is a 400 with JSON that says what is wrong with the event."""
    return answer.status == 400 and all(isinstance(answer.json.get(name), str) for name in ("status", "message"))


def dedup_key(incident: Incident) -> str:
    """The key of an incident's first alert. It includes the time of declaration because a new database counts from
    1."""
    return f"{OURS}{incident.ref}.{incident.declared_at.timestamp():.0f}"
