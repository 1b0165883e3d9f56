"""Whether somebody has confirmed that a way of paging them arrives."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.errors import Refused
from bot.domain.incidents.incident import Incident
from bot.domain.paging.page import LOST, PageState, Via

# An answer counts for as long as the link in a mail does.
OPEN_FOR = timedelta(days=7)


@dataclass(frozen=True)
class Asked:
    """The last time somebody was asked to confirm one way. `contact`, `state` and `error` are of the test page, None
    when there was none to send; `confirmed_at` None: the person has not."""

    person: str
    via: Via
    asked_at: datetime
    contact: str | None
    state: PageState | None
    error: str | None
    confirmed_at: datetime | None

    @property
    def is_lost(self) -> bool:
        """Its provider took no test page."""
        return self.state is None or self.state in LOST


def must_prove_no_other_way(incident: Incident, by: Via | None) -> None:
    """`by`: what brought it before whoever acknowledges. To read it in Slack says nothing of a mail. Raises Refused."""
    if incident.confirms not in (None, by):
        raise Refused("Acknowledge this test page where it arrived: that is what it tests. Nothing was changed.")
