"""Whether somebody has confirmed that pages reach them by a given way."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.errors import Refused
from bot.domain.incidents.incident import Incident
from bot.domain.paging.page import LOST, PageState, Via

# A test page can be answered for as long as the link in a mail is valid.
OPEN_FOR = timedelta(days=7)


@dataclass(frozen=True)
class Asked:
    """The last time somebody was asked to confirm one way. `contact`, `state` and `error` are the test page's, None if
    none could be sent; `confirmed_at` None: not confirmed."""

    person: str
    via: Via
    asked_at: datetime
    contact: str | None
    state: PageState | None
    error: str | None
    confirmed_at: datetime | None

    @property
    def is_lost(self) -> bool:
        """No provider accepted the test page."""
        return self.state is None or self.state in LOST


def must_prove_no_other_way(incident: Incident, by: Via | None) -> None:
    """Raise Refused if the test page confirms another way than `by`, the one it was answered through: reading it in
    Slack proves nothing about mail."""
    if incident.confirms not in (None, by):
        raise Refused("Acknowledge this test page where it arrived: that is what it tests. Nothing was changed.")
