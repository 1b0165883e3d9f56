"""An incident at several moments, and its runbook."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.domain.incidents.incident import Incident
from bot.runbook import Runbook, read

NOON = datetime(2026, 8, 8, 12, 0, tzinfo=UTC)

RUNBOOK = """
organisation: Example Tutors
timezone: Europe/London
people:
  ada: {name: Ada Obi, slack: U0ADA}
  ben: {name: Ben Moss, slack: U0BEN}
tiers:
  oncall: {name: On-call Engineer, who: [ada]}
severities:
  - {id: P1, name: Critical, means: Complete outage, resolve_within: 4h, update_every: 30m, postmortem: required,
     tell: [stakeholders]}
  - {id: P2, name: High}
audiences:
  stakeholders: {email: [board@example.com], slack: ["#stakeholders"], automatic: true}
  clients: {email: [clients@example.com], template: client, approval: true, update_every: 1h}
  team: {email: [team@example.com], template: internal}
  status-page: {statuspage: {page: abc123}}
"""

BARE = Incident(
    id=12, title="Payments failing", severity="P1", status="investigating", drill=False, private=False,
    declared_by="ben", declared_at=NOON,
)  # fmt: skip


def incident(**facts: Any) -> Incident:
    """INC-12, open since noon; keywords override any field."""
    return replace(BARE, **facts)


def resolved(**facts: Any) -> Incident:
    over = NOON + timedelta(hours=1, minutes=30)
    return incident(status="resolved", resolved_by="ada", resolved_at=over, **facts)


@pytest.fixture
def runbook() -> Runbook:
    return read(RUNBOOK, {})
