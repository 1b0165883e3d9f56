"""The runbook's defaults."""

from datetime import date, time, timedelta

import pytest

from bot.domain.errors import NotFound
from bot.runbook.health import DiskCheck, HttpCheck, TlsCheck
from bot.runbook.models import Runbook
from bot.runbook.people import HandoverTime, Who
from tests.runbook.samples import runbook_with

MINUTE = timedelta(minutes=1)


def ladder(runbook: Runbook, severity: str) -> list[tuple[str, timedelta]]:
    return [(step.page, step.wait) for step in runbook.severity(severity).escalation.steps]


def test_a_severity_without_a_ladder_pages_every_tier_in_file_order() -> None:
    runbook = runbook_with()
    assert ladder(runbook, "P1") == [("oncall", 15 * MINUTE), ("lead", 15 * MINUTE)]
    escalation = runbook.severity("P1").escalation
    assert (escalation.stops_on, escalation.repeat) == ("acknowledged", 0)


def test_each_default_tier_then_has_the_whole_time_to_respond() -> None:
    runbook = runbook_with("severities: [{id: P4, name: Low, respond_within: 24h}]")
    assert ladder(runbook, "P4") == [("oncall", timedelta(days=1)), ("lead", timedelta(days=1))]


def test_a_ladder_without_steps_keeps_what_it_says() -> None:
    runbook = runbook_with("severities: [{id: P1, name: x, escalation: {repeat: 3, stops_on: resolved}}]")
    assert len(ladder(runbook, "P1")) == 2
    assert runbook.severity("P1").escalation.repeat == 3


def test_a_missing_wait_is_that_of_the_step_before_or_else_a_quarter_of_an_hour() -> None:
    steps = "[{page: oncall}, {page: lead, wait: 30m}, {page: oncall}, {page: lead, wait: 5m}]"
    runbook = runbook_with(f"severities: [{{id: P1, name: x, escalation: {{steps: {steps}}}}}]")
    assert [wait for _, wait in ladder(runbook, "P1")] == [15 * MINUTE, 30 * MINUTE, 30 * MINUTE, 5 * MINUTE]


@pytest.mark.parametrize(
    ("ids", "default"),
    [("P1", "P1"), ("P1 P2", "P1"), ("P1 P2 P3", "P2"), ("P1 P2 P3 P4", "P2"), ("P0 P1 P2 P3 P4", "P2")],
)
def test_the_default_severity_is_the_one_in_the_middle(ids: str, default: str) -> None:
    severities = ", ".join(f"{{id: {id}, name: x}}" for id in ids.split())
    assert runbook_with(f"severities: [{severities}]").default_severity.id == default


def test_the_file_may_choose_another_default_severity() -> None:
    assert runbook_with("default_severity: p2").default_severity.id == "P2"


def test_severities_are_found_in_any_case() -> None:
    runbook = runbook_with()
    assert runbook.severity("p1") is runbook.severity("P1")
    assert (runbook.rank("P1"), runbook.rank("p2")) == (0, 1)
    with pytest.raises(NotFound, match=r"There is no severity “P9”. Use P1 or P2."):
        runbook.severity("P9")


def test_a_schedule_is_in_the_runbooks_time_zone_with_handover_on_monday_morning() -> None:
    schedule = runbook_with("timezone: Europe/London", "schedules: {s: {people: [ada]}}").schedules["s"]
    assert schedule.timezone.key == "Europe/London"
    assert schedule.rotates == timedelta(weeks=1)
    assert schedule.handover == HandoverTime(0, time(9))
    assert schedule.starts == date(2024, 1, 1)
    assert schedule.starts.weekday() == 0


def test_a_schedule_may_have_its_own_time_zone() -> None:
    runbook = runbook_with("timezone: Europe/London", "schedules: {s: {people: [ada], timezone: Asia/Tokyo}}")
    assert runbook.schedules["s"].timezone.key == "Asia/Tokyo"


def test_a_schedule_that_does_not_rotate_weekly_hands_over_on_any_day() -> None:
    schedule = runbook_with("schedules: {s: {people: [ada], rotates: daily}}").schedules["s"]
    assert (schedule.rotates, schedule.handover) == (timedelta(days=1), HandoverTime(None, time(9)))


def test_everything_else_has_a_sensible_default() -> None:
    runbook = runbook_with()
    assert runbook.timezone.key == "UTC"
    assert (runbook.channels.incidents, runbook.channels.alerts) == ("#incidents", "#infrastructure-alerts")
    assert (runbook.channels.public, runbook.channels.prefix) == ("#general", "inc")
    assert runbook.channels.archive_after is None
    assert runbook.tiers["oncall"].via == ("slack",)
    assert runbook.tiers["oncall"].name == "oncall"
    assert runbook.roles == ("lead", "comms", "scribe")
    assert runbook.slash_commands.model_dump() == {
        name: f"/{name}" for name in ("incident", "escalate", "health", "backup")
    }
    assert (runbook.health.every, runbook.health.fails_after) == (5 * MINUTE, 2)
    assert runbook.alerts.levels.outlets("critical") == ("slack", "email", "webhook")
    assert runbook.alerts.levels.outlets("low") == ("slack",)
    assert runbook.postmortem.draft_within == timedelta(hours=48)
    assert runbook.maintenance.notice == timedelta(hours=48)
    assert (runbook.after_resolution.watch_for, runbook.after_resolution.all_clear) == (None, False)
    assert not runbook.checklists.triage
    assert not runbook.permissions


def test_a_severity_without_targets_promises_nothing() -> None:
    severity = runbook_with().severity("P1")
    assert not severity.user_facing
    assert (severity.respond_within, severity.resolve_within, severity.update_every) == (None, None, None)
    assert not severity.tell
    assert severity.postmortem == "optional"


def test_a_check_and_a_backup_have_defaults_too() -> None:
    runbook = runbook_with(
        "health: {checks: {w: {http: 'https://example.com'}, d: {disk: /}, t: {tls: example.com}}}",
        "backups: {b: {postgresql: 'postgresql://db.example.com/orders'}}",
    )
    website, disk, certificate = (runbook.health.checks[key] for key in ("w", "d", "t"))
    assert isinstance(website, HttpCheck)
    assert (website.kind, website.level, website.declare) == ("http", "high", None)
    assert (website.expect, website.slow, website.timeout) == (200, None, timedelta(seconds=10))
    assert isinstance(disk, DiskCheck)
    assert (disk.kind, disk.used_below) == ("disk", 80.0)
    assert isinstance(certificate, TlsCheck)
    assert (certificate.target.port, certificate.expires_within) == (443, timedelta(days=14))
    backup = runbook.backups["b"]
    assert (backup.kind, backup.database, backup.to, backup.drill) == ("postgresql", "orders", None, None)
    assert (backup.at, backup.keep, backup.rpo) == (time(2), timedelta(days=30), timedelta(hours=24))


@pytest.mark.parametrize(
    ("rule", "lasted", "is_owed"),
    [
        ("required", timedelta(0), True),
        ("optional", timedelta(days=1), False),
        ("{longer_than: 30m}", 30 * MINUTE, False),
        ("{longer_than: 30m}", 30 * MINUTE + timedelta(seconds=1), True),
    ],
)
def test_a_postmortem_is_owed_by_the_severity(rule: str, lasted: timedelta, is_owed: bool) -> None:
    runbook = runbook_with(f"severities: [{{id: P1, name: x, postmortem: {rule}}}]")
    assert runbook.severity("P1").owes_postmortem(lasted) is is_owed


def test_names_stand_for_people_schedules_and_tiers() -> None:
    runbook = runbook_with(
        "schedules: {s: {people: [ada]}}",
        "tiers: {oncall: {who: [schedule/s, ben]}, lead: {who: [ada]}}",
        "permissions: {escalate: [tier/lead, ben]}",
    )
    assert runbook.tiers["oncall"].who == (Who("schedule", "s"), Who("person", "ben"))
    assert runbook.permissions["escalate"] == (Who("tier", "lead"), Who("person", "ben"))
