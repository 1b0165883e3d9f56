"""The alert that a provider such as PagerDuty keeps for an incident: open, acknowledged or resolved."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.domain.incidents.incident import Incident
from bot.domain.paging.page import Via

AlertState = Literal["open", "acknowledged", "resolved"]
# The prefix of each alert's key.
OURS = "tocsin-"


@dataclass(frozen=True)
class ProviderAlert:
    """Alert number 1, 2 … of an incident; `since`: when the page that opened it was due.

    `state` is what the provider has to be told. `changed_at` None: unchanged since it was opened.
    """

    incident_id: int
    via: Via
    number: int
    key: str
    since: datetime
    state: AlertState
    changed_at: datetime | None


def alert_key(first: str, number: int) -> str:
    """The first alert uses the incident's own key."""
    return first if number == 1 else f"{first}-{number}"


def state_now(alert: ProviderAlert, incident: Incident, *, answered_at: datetime | None, followed: bool) -> AlertState:
    """The state it should have. `answered_at`: the latest acknowledgement; `followed`: the provider accepted a later
    alert.

    States never go back: reopening the incident or withdrawing the acknowledgement opens another alert.
    """
    if alert.state == "resolved" or followed or not incident.is_open:
        return "resolved"
    # An acknowledgement does not answer an alert opened after it by calling somebody by hand.
    answered = answered_at is not None and answered_at >= alert.since
    return "acknowledged" if answered else alert.state
