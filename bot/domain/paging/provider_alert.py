"""The alert that a service which pages on our behalf has of an incident: open, acknowledged, over."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.domain.incidents.incident import Incident
from bot.domain.paging.page import Via

AlertState = Literal["open", "acknowledged", "resolved"]
# What the key of each of them begins with.
OURS = "tocsin-"


@dataclass(frozen=True)
class ProviderAlert:
    """An incident's alert number 1, 2 …; `since`: when the page was due that opened it.

    The state is what the provider has to be told. `changed_at` None: it is as it was opened.
    """

    incident_id: int
    via: Via
    number: int
    key: str
    since: datetime
    state: AlertState
    changed_at: datetime | None


def alert_key(first: str, number: int) -> str:
    """The first alert has the incident's own key."""
    return first if number == 1 else f"{first}-{number}"


def state_now(alert: ProviderAlert, incident: Incident, *, answered_at: datetime | None, followed: bool) -> AlertState:
    """What has become of it. `answered_at`: the latest acknowledgement; `followed`: the provider took a later one.

    No way leads back: an incident that is reopened, or whose acknowledgement is withdrawn, gets another alert.
    """
    if alert.state == "resolved" or followed or not incident.is_open:
        return "resolved"
    # Who is called by hand after an acknowledgement has not been answered by it.
    answered = answered_at is not None and answered_at >= alert.since
    return "acknowledged" if answered else alert.state
