"""The parts that publishers are built from, and an update on its way."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.clock import Clock
from bot.domain.incidents.incident import Incident
from bot.domain.updates.update import Update, UpdateDelivery
from bot.publishers import Publication, PublisherParts
from bot.runbook import Runbook, read
from bot.settings import Settings, Smtp
from bot.wire.http_client import http_client
from bot.wire.mail import Mail
from bot.wire.webhooks import Hooks, key_for

NOON = datetime(2026, 8, 8, 12, 0, tzinfo=UTC)
ROOT = b"the root of every key"
RUNBOOK = """
organisation: Example Tutors
timezone: Europe/London
people:
  ada: {name: Ada Obi, email: ada@example.com}
tiers:
  oncall: {name: On call, who: [ada]}
severities:
  - {id: P1, name: Critical, means: Complete outage}
  - {id: P2, name: High, means: Slow}
"""

Publishing = Callable[..., Publication]


class NoSlack:
    """Fails on use: building a publisher must not call Slack."""

    async def post(self, channel: str, message: Any, *, key: str | None = None) -> Any:
        raise AssertionError

    async def find_posted(self, channel: str, key: str, *, since: datetime) -> Any:
        raise AssertionError


@pytest.fixture
def clock() -> Clock:
    clock = Clock()
    clock.freeze(NOON)
    return clock


@pytest.fixture
def runbook() -> Runbook:
    return read(RUNBOOK, {})


@pytest.fixture
def settings() -> Settings:
    return Settings.from_environment({"STATUSPAGE_TOKEN": "t0ken"})


@pytest.fixture
async def parts(clock: Clock, runbook: Runbook, settings: Settings) -> AsyncIterator[PublisherParts]:
    async def nothing(*_: object, **__: object) -> Any:
        raise AssertionError

    async def keys_of(url: str) -> list[bytes]:
        return [key_for(ROOT, url)]

    async with http_client() as session:
        yield PublisherParts(
            clock=clock,
            runbook=runbook,
            settings=settings,
            session=session,
            messenger=NoSlack(),
            paint=nothing,
            find_channel=nothing,
            mail=Mail(Smtp.parse("smtp://mail.example.com"), "bell@example.com", clock),
            lay_out=lambda update: "",
            hooks=Hooks(session, clock, keys_of),
            edition=nothing,
        )


@pytest.fixture
def publishing() -> Publishing:
    """INC-12's update 31, on its way as delivery 7; anything about the update may be overridden."""

    def make(
        via: str, address: str, audience: str, *, earlier: str | None = None, unsure: bool = False, **said: Any
    ) -> Publication:
        incident = Incident(
            id=12, title="pg-2 is out of sockets", severity="P1", status="investigating", drill=False, private=False,
            declared_by="ada", declared_at=NOON,
        )  # fmt: skip
        facts: dict[str, Any] = {
            "id": 31, "incident_id": 12, "audience": audience, "moment": "declared", "status": "investigating",
            "subject": "Payments fail", "text": "We're looking into it.", "author": "tocsin", "state": "released",
            "created_at": NOON, "severity": "P1", **said,
        }  # fmt: skip
        delivery = UpdateDelivery(facts["id"] - 24, facts["id"], via, address)
        return Publication(delivery, Update(**facts), incident, earlier, unsure)

    return make
