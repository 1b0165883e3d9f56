"""A page to be sent, and its runbook."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.clock import Clock
from bot.domain.incidents.incident import Incident
from bot.domain.paging.page import Page, Via
from bot.pagers import PageCall
from bot.rendering import Rendering
from bot.runbook import Runbook, read

NOON = datetime(2026, 8, 8, 12, 0, tzinfo=UTC)

# Only for tests with a silent provider: all others need patience, however busy the machine is.
IMPATIENT = pytest.mark.parametrize("timeout_s", [0.5], ids=["impatient"])

RUNBOOK = """
organisation: Example Tutors
timezone: Europe/London
people:
  ada: {name: Ada Obi, email: ada@example.com, slack: U0ADA}
  ben: {name: Ben Moss, email: ben@example.com}
  dev: {name: Dev Lal}
tiers:
  oncall: {name: On-call Engineer, who: [ada], via: [slack, email]}
severities:
  - {id: P1, name: Critical, means: Complete outage}
"""


def standing_at(moment: datetime) -> Clock:
    clock = Clock()
    clock.freeze(moment)
    return clock


@pytest.fixture
def timeout_s() -> float:
    """The time-out for a provider."""
    return 30.0


@pytest.fixture
def clock() -> Clock:
    return standing_at(NOON)


@pytest.fixture
def runbook() -> Runbook:
    return read(RUNBOOK, {})


@pytest.fixture
def rendering(runbook: Runbook) -> Rendering:
    return Rendering(runbook.timezone)


INCIDENT = Incident(
    id=12, title="Payments failing", severity="P1", status="investigating", drill=False, private=False,
    declared_by="ben", declared_at=NOON, room_name="inc-2026-08-08-payments-failing",
)  # fmt: skip
PAGE = Page(
    id=7, incident_id=12, run=1, loop=0, step=0, tier="oncall", person="ada", via="slack", contact="", reason=None,
    late=False, state="waiting", attempts=1, due_at=NOON, first_attempt_at=NOON, accepted_at=None, reference=None,
    error=None,
)  # fmt: skip


class KeptUnconfirmed:
    """Records of unconfirmed pages, without a database. `others` may have called the same number."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.since: dict[int, datetime] = {}
        self.others: list[int] = []

    async def began(self, page: Page) -> datetime:
        return self.since.setdefault(page.id, self.clock.now())

    async def ended(self, page: Page) -> None:
        self.since.pop(page.id, None)

    async def repeated(self, page: Page) -> None:
        self.since.pop(page.id, None)

    async def rivals(self, page: Page) -> list[int]:
        return self.others


@pytest.fixture
def unconfirmed(clock: Clock) -> KeptUnconfirmed:
    return KeptUnconfirmed(clock)


Calling = Callable[..., PageCall]


@pytest.fixture
def calling(runbook: Runbook) -> Calling:
    """Makes a PageCall; anything about its page and incident may be overridden."""

    def call(
        person: str = "ada", *, via: Via = "slack", unsure: bool = False, incident: dict[str, Any] | None = None,
        **page: Any,
    ) -> PageCall:  # fmt: skip
        changed = replace(PAGE, person=person, via=via, **page)
        return PageCall(changed, replace(INCIDENT, **(incident or {})), runbook.people[person], unsure)

    return call
