"""Cautions: no mistakes, but worth knowing: permissions tied to a shift, or Tocsin's own database as a target."""

from datetime import date

import pytest

from bot.runbook import Runbook, read
from bot.runbook.cautions import cautions

RUNBOOK = """
organisation: Example Tutors
people:
  ada: {name: Ada Obi, email: ada@example.com}
  ben: {name: Ben Moss, email: ben@example.com}
schedules:
  primary: {people: [ada, ben], rotates: weekly, starts: 2026-01-05}
tiers:
  oncall: {name: On-call Engineer, who: [schedule/primary]}
  lead: {name: Engineering Lead, who: [ben]}
severities: [{id: P1, name: Critical}]
"""


def runbook(more: str) -> Runbook:
    return read(RUNBOOK + more, {})


@pytest.mark.parametrize("who", ["tier/oncall, ben", "schedule/primary, ben"])
@pytest.mark.parametrize("deed", ["backup.restore", "audience.approve"])
def test_a_critical_permission_tied_to_a_shift_anybody_may_cover_is_cautioned(who: str, deed: str) -> None:
    (said,) = cautions(runbook(f"permissions: {{{deed}: [{who}]}}"), None)
    assert said.startswith(f"permissions.{deed}: anyone on primary may do this")
    assert cautions(runbook(f"permissions: {{{deed}: [{who}], schedule.cover: [tier/lead]}}"), None) == []
    assert cautions(runbook(f"permissions: {{{deed}: [ada, tier/lead]}}"), None) == []


OWN = "postgresql://tocsin:s3cr3t@db.example.com/tocsin"


@pytest.mark.parametrize(
    ("entry", "own"),
    [
        ("postgresql: postgresql://keeper@DB.example.com:5432/tocsin", OWN),
        ("postgresql: postgresql://keeper@db.example.com/other, database: tocsin", OWN),
        ('postgresql: "postgresql:///x?host=db.example.com&dbname=tocsin"', OWN),
        ("postgresql: postgresql://localhost/tocsin", "postgresql://127.0.0.1:5432/tocsin"),
        ("postgresql: postgresql://tocsin@localhost", "postgresql://localhost/tocsin"),
    ],
)
def test_an_entry_that_targets_tocsins_own_database_is_named(entry: str, own: str) -> None:
    (said,) = cautions(runbook(f"backups: {{memory: {{{entry}}}}}"), own)
    assert said.startswith("backups.memory: this is Tocsin's own database")
    assert "s3cr3t" not in said


@pytest.mark.parametrize(
    "entry",
    [
        "postgresql: postgresql://keeper@db.example.com/orders",
        "postgresql: postgresql://keeper@db.example.com:5433/tocsin",
        "mongodb: mongodb://db.example.com/tocsin",
    ],
)
def test_an_entry_with_any_other_database_is_not_named(entry: str) -> None:
    assert cautions(runbook(f"backups: {{memory: {{{entry}}}}}"), OWN) == []
    assert cautions(runbook(f"backups: {{memory: {{{entry}}}}}"), None) == []


def test_an_entry_shows_the_database_named_beside_its_url() -> None:
    entries = runbook(
        "backups:\n"
        "  orders: {postgresql: postgresql://me:s3cr3t@db/orders, database: payments}\n"
        "  same: {mongodb: mongodb://db/shop, database: shop}\n"
    ).backups
    assert entries["orders"].shown == "postgresql://db/orders, database payments"
    assert entries["same"].shown == "mongodb://db/shop"


PUBLISHED = """
audiences:
  board: {email: [board@example.com], automatic: true%s}
reports: {level: high%s}
"""


@pytest.mark.parametrize(
    ("approval", "declare", "is_told"),
    [("", ", declare: P1", True), (", approval: true", ", declare: P1", False), ("", "", False)],
)
def test_text_anybody_may_send_to_an_audience_unapproved_is_cautioned(
    approval: str, declare: str, is_told: bool
) -> None:
    whole = RUNBOOK.replace("name: Critical}", "name: Critical, tell: [board]}") + PUBLISHED % (approval, declare)
    said = cautions(read(whole, {}), None)
    assert [one.startswith("reports.declare:") and "board" in one for one in said] == [True] * is_told


WALKED = """
alerts: {rules: [{match: {alertname: x}, procedure: named}]}
procedures:
  split: {steps: [{ask: Sure?, answers: {"Yes": step 3, "No": named}}, Never reached, Go on]}
  named: {steps: [{do: Look, run: "ping {{ host }}"}]}
  other: {steps: [{do: Look, run: "ping {{ host }} <user> $X {{ incident }}"}], review_by: 2026-08-06}
"""


def test_unreachable_steps_unfillable_placeholders_and_overdue_reviews_are_cautioned() -> None:
    found = cautions(runbook(WALKED), None, today=date(2026, 8, 7))
    assert [one.partition(": ")[0] for one in found] == [
        "procedures.split.steps[1]", "procedures.other.steps[0].run", "procedures.other.review_by"
    ]  # fmt: skip
    assert "{{ host }} is filled in" in found[1]
    assert len(cautions(runbook(WALKED), None, today=date(2026, 8, 6))) == 2


def test_confirming_contacts_every_day_is_cautioned() -> None:
    asking = "maintenance: {{tasks: [{{do: Verify contacts, every: {}, proved_by: contacts}}]}}"
    (said,) = cautions(runbook(asking.format("day")), None)
    assert said.startswith("maintenance.tasks[0]: everybody gets a test page")
    assert cautions(runbook(asking.format("quarter")), None) == []


def test_people_who_share_a_phone_number_are_named_however_it_is_written() -> None:
    shared = RUNBOOK.replace("ada@example.com", 'ada@example.com, phone: "+447700900001"')
    shared = shared.replace("ben@example.com", 'ben@example.com, phone: "+44 7700 900 001"')
    (said,) = cautions(read(shared, {}), None)
    assert said.startswith("people.ben.phone") and "Ada Obi" in said and "Ben Moss" in said
    assert cautions(read(shared.replace("900 001", "900 002"), {}), None) == []
