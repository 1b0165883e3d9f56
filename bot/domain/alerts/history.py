"""News for the thread of an alert's card."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.alerts.alert import Alert, Group


@dataclass(frozen=True)
class AlertNews:
    """`until`: the time of the latest item."""

    fired: Sequence[Alert]
    resolved: Sequence[Alert]
    acknowledged: bool
    closed: bool
    until: datetime


def told_up_to(group: Group) -> datetime:
    """The card itself tells what fired first."""
    return group.history_at or group.opened_at


def news_of(group: Group, changed: Sequence[Alert]) -> AlertNews | None:
    """`changed`: alerts begun or ended since. None: nothing beyond what the card tells.

    The card tells what fired first, the acknowledgement and the end; a thread begins only when its alerts diverge.
    """
    since = told_up_to(group)
    fired = [alert for alert in changed if alert.first_at > since]
    resolved = [alert for alert in changed if alert.resolved_at and alert.resolved_at > since]
    if group.history_at is None and not fired and (not resolved or group.closed_at):
        return None
    moments = [*(alert.first_at for alert in fired), *(alert.resolved_at for alert in resolved)]
    moments += [at for at in (group.acknowledged_at, group.closed_at) if at and at > since]
    until = max((at for at in moments if at), default=None)
    if until is None:
        return None
    return AlertNews(fired, resolved, group.acknowledged_at in moments, group.closed_at in moments, until)
