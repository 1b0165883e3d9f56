"""Every key of the runbook file, and its meaning."""

import json
import pickle
from collections.abc import Iterator
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel, ValidationError

from bot.domain.paging.timed_ways import Later
from bot.runbook import Runbook, load
from bot.runbook.alerts import AtLeastMatch
from bot.runbook.backups import MongodbBackup, PostgresqlBackup
from bot.runbook.comparisons import Comparison
from bot.runbook.health import DiskCheck, HttpCheck, MongodbCheck, PostgresqlCheck, TcpCheck, TlsCheck
from bot.runbook.models import Deed
from bot.runbook.people import HandoverTime, Who
from bot.runbook.places import HostPort
from bot.runbook.procedures import BackupAge
from bot.runbook.severities import LongerThan

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture(scope="module")
def runbook() -> Runbook:
    return load(Path(__file__).parent / "everything.yml", {})


def test_this_tests_file_uses_every_key(runbook: Runbook) -> None:
    """So that a key added to the models must be added here."""
    parts = list(parts_of(runbook))
    known = {field_of(part, name) for part in parts for name in type(part).model_fields}
    used = {field_of(part, name) for part in parts for name in part.model_fields_set}
    assert known - used == set()
    assert set(runbook.permissions) == set(get_args(Deed))


def test_the_keys_about_people(runbook: Runbook) -> None:
    ada = runbook.people["ada"]
    assert (ada.key, ada.name, ada.email, ada.phone) == ("ada", "Ada Obi", "ada@example.com", "+447700900101")
    assert (ada.slack, ada.availability) == ("U0ADA", "24/7")
    assert ada.webhook is not None
    assert ada.webhook.reveal() == "https://example.com/page/ada"
    hosting = runbook.providers["hosting"]
    assert (hosting.name, hosting.email, hosting.phone) == ("Example Hosting", "help@example.com", "+447700900109")


def test_the_keys_about_on_call(runbook: Runbook) -> None:
    nights = runbook.schedules["nights"]
    assert (nights.people, nights.rotates, nights.starts) == (("ben", "ada"), 12 * HOUR, date(2026, 2, 1))
    assert nights.remind == DAY
    assert (nights.handover, nights.timezone.key) == (HandoverTime(None, time(20)), "Asia/Tokyo")
    first = runbook.tiers["first"]
    assert (first.key, first.name) == ("first", "First Line")
    assert first.who == (Who("schedule", "nights"), Who("person", "ada"))
    assert first.via == ("slack", "email", "sms", Later("voice", 5 * MINUTE), "webhook", "pagerduty")
    assert first.again == 10 * MINUTE


def test_the_keys_about_names(runbook: Runbook) -> None:
    assert (runbook.organisation, runbook.timezone.key) == ("Example Club", "Europe/Paris")
    assert list(runbook.channels.model_dump().values()) == ["#alarm", "#signals", "#all", "room", 30 * DAY]
    assert list(runbook.slash_commands.model_dump().values()) == ["/alarm", "/climb", "/pulse", "/copies"]
    assert runbook.roles == ("lead", "runner")


def test_the_keys_about_severities(runbook: Runbook) -> None:
    grave = runbook.severity("S1")
    assert (grave.name, grave.means, grave.examples, grave.user_facing) == ("Grave", "Nothing works", ("Fire",), True)
    assert (grave.respond_within, grave.resolve_within, grave.update_every) == (5 * MINUTE, 2 * HOUR, 20 * MINUTE)
    assert (grave.tell, grave.postmortem) == (("board", "page"), "required")
    assert (grave.escalation.stops_on, grave.escalation.repeat) == ("resolved", 2)
    assert grave.escalation.unacknowledge
    assert [(step.page, step.wait) for step in grave.escalation.steps] == [("first", 7 * MINUTE), ("last", 11 * MINUTE)]
    assert runbook.severity("S2").postmortem == LongerThan(longer_than=45 * MINUTE)
    assert runbook.severity("S3").postmortem == "optional"
    assert runbook.default_severity.id == "S3"
    (objective,) = runbook.objectives
    assert (objective.scenario, objective.severity, objective.rto, objective.rpo) == ("Fire", "S1", 3 * HOUR, 6 * HOUR)


def test_the_keys_about_audiences(runbook: Runbook) -> None:
    board, page, everybody, machines = runbook.audiences.values()
    assert (board.key, board.email, board.slack) == ("board", ("board@example.com",), ("#board",))
    assert (board.template, board.automatic, board.approval) == ("client", True, True)
    assert board.update_every == 25 * MINUTE
    assert page.statuspage is not None
    (web,) = page.statuspage.components.values()
    assert (page.statuspage.page, web.name, web.down) == ("abc123", "Shop", "partial_outage")
    assert everybody.page is not None
    assert (everybody.page.title, everybody.page.to) == ("Our status", "s3://bucket/status")
    assert machines.webhook is not None
    assert machines.webhook.reveal() == "https://example.com/updates"


def test_the_keys_about_checks(runbook: Runbook) -> None:
    assert (runbook.health.every, runbook.health.fails_after) == (2 * MINUTE, 3)
    web, orders, pages, cert, cache, disk = runbook.health.checks.values()
    assert isinstance(web, HttpCheck)
    assert (web.key, web.target.reveal(), web.expect, web.text) == ("web", "https://example.com/health", 204, "hello")
    assert web.json_wishes == {"status": Comparison("healthy"), "metrics.error_rate": Comparison("< 5")}
    assert (web.slow, web.timeout) == (timedelta(milliseconds=300), timedelta(seconds=3))
    assert (web.level, web.declare) == ("critical", "S1")
    assert isinstance(orders, PostgresqlCheck)
    assert orders.connections_below == 70.0
    assert isinstance(pages, MongodbCheck)
    assert pages.connections_below == 60.5
    assert isinstance(cert, TlsCheck)
    assert (cert.target, cert.expires_within) == (HostPort("example.com", 8443), 30 * DAY)
    assert isinstance(cache, TcpCheck)
    assert (cache.target, cache.level) == (HostPort("cache.example.com", 6379), "low")
    assert isinstance(disk, DiskCheck)
    assert (disk.target, disk.used_below) == ("/var/backups", 90.0)


def test_the_keys_about_backups(runbook: Runbook) -> None:
    orders, pages = runbook.backups.values()
    assert isinstance(orders, PostgresqlBackup)
    assert (orders.target.reveal(), orders.database) == ("postgresql://db.example.com/orders", "orders_live")
    assert (orders.at, orders.keep, orders.to) == (time(3, 30), 14 * DAY, "s3://example-bucket/orders")
    assert (orders.rpo, orders.rto, orders.drill) == (12 * HOUR, 40 * MINUTE, 30 * DAY)
    assert orders.invariants == {"SELECT count(*) FROM orders": Comparison("> 0")}
    assert isinstance(pages, MongodbBackup)
    assert (pages.database, pages.to, pages.drill) == ("pages", "/var/backups/pages", 7 * DAY)


def test_the_keys_about_alerts(runbook: Runbook) -> None:
    alerts = runbook.alerts
    assert [alerts.levels.outlets(level) for level in ("critical", "high", "medium", "low")] == [
        ("webhook",),
        ("email",),
        ("slack", "email"),
        (),
    ]
    assert alerts.email == ("alerts@example.com",)
    assert alerts.webhook is not None
    (rule,) = alerts.rules
    assert rule.match == {"alertname": "Disk*", "code": "500"}
    assert (rule.level, rule.declare, rule.procedure) == ("critical", "S1", "fire")
    assert rule.at_least == AtLeastMatch(3, 10 * MINUTE)
    nightly = alerts.heartbeats["nightly"]
    assert (nightly.key, nightly.every, nightly.grace, nightly.level) == ("nightly", DAY, 30 * MINUTE, "medium")
    source = alerts.sources["backoffice"]
    assert (source.key, source.title, source.fingerprint) == ("backoffice", "monitor.name", "monitor.id")
    assert (source.description, source.url, source.labels) == ("msg", "monitor.url", {"host": "monitor.host"})
    assert (source.status.path, source.status.firing, source.status.resolved) == (
        "heartbeat.status", ("0", "true"), ("1",)
    )  # fmt: skip
    assert source.severity is not None
    assert (source.severity.path, source.severity.map) == ("monitor.tags.0.name", {"prod": "critical"})


def test_the_keys_about_procedures_and_tasks(runbook: Runbook) -> None:
    assert runbook.procedure_files == ("procedures/*.md",)
    assert runbook.procedures["flood"].steps[0].run == "pump --start"
    fire = runbook.procedures["fire"]
    assert (fire.key, fire.title, fire.severity, fire.symptoms) == ("fire", "There is a fire", "S1", ("Smoke",))
    assert (fire.alerts, fire.review_by) == (("Smoke*",), date(2027, 1, 31))
    leave, everybody, looks, kept, over, back = fire.steps
    assert (leave.is_question, leave.text, leave.run) == (False, "Leave", "cd ${HOME}")
    assert (everybody.is_question, everybody.text) == (True, "Is everybody out?")
    assert (everybody.answers, everybody.notes) == ({"Yes": "Wait", "No": "Call again"}, ("Count twice",))
    assert (looks.check, looks.text) == ("web", "The check web passes")
    assert (kept.text, kept.backup) == ("Keep what can burn", BackupAge("orders", 90 * MINUTE))
    assert (over.incident, over.text) == ("monitoring", "The incident is monitoring")
    assert back.approve == Who("tier", "last")
    assert [item.do for name in ("triage", "verification") for item in runbook.checklists.named(name)] == [
        "Is there smoke?",
        "Is it out?",
    ]
    assert runbook.checklists.named("aftercare")[0].within == 3 * DAY


def test_the_keys_about_postmortems(runbook: Runbook) -> None:
    assert (runbook.after_resolution.watch_for, runbook.after_resolution.all_clear) == (90 * MINUTE, True)
    postmortem = runbook.postmortem
    assert (postmortem.schedule_within, postmortem.draft_within) == (12 * HOUR, 36 * HOUR)
    assert (postmortem.review_within, postmortem.also_for) == (5 * DAY, ("fire",))
    assert runbook.maintenance.notice == 72 * HOUR
    look, smell, drill, call = runbook.maintenance.tasks
    assert (look.do, look.every, look.at) == ("Look", "day", time(8, 15))
    assert (smell.every, smell.weekday, smell.at) == ("week", 6, time(9))
    assert (drill.every, drill.day, str(drill.proved_by)) == ("month", 28, "drill")
    assert (call.every, call.day) == ("quarter", 15)


def test_a_runbook_is_frozen(runbook: Runbook) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        runbook.organisation = "Another"  # type: ignore[misc]


def test_a_runbook_can_be_pickled(runbook: Runbook) -> None:
    assert pickle.loads(pickle.dumps(runbook)) == runbook


def test_a_severity_dumps_to_a_form_that_could_have_been_written(runbook: Runbook) -> None:
    """A policy's snapshot is human-readable JSON."""
    severity = json.loads(runbook.severity("S1").model_dump_json())
    assert severity["escalation"]["steps"] == [{"page": "first", "wait": "7m"}, {"page": "last", "wait": "11m"}]
    assert type(runbook.severity("S1")).model_validate(severity) == runbook.severity("S1")


def test_a_runbooks_dump_can_be_read_back(runbook: Runbook) -> None:
    dump = runbook.model_dump(mode="json", exclude_none=True)
    again = Runbook.model_validate(json.loads(json.dumps(dump)))
    assert again.model_dump(mode="json", exclude_none=True) == dump


def parts_of(value: object) -> Iterator[BaseModel]:
    if isinstance(value, BaseModel):
        yield value
        for _, inner in value:
            yield from parts_of(inner)
    elif isinstance(value, dict | tuple):
        inside: Any = value.values() if isinstance(value, dict) else value
        for inner in inside:
            yield from parts_of(inner)


def field_of(part: BaseModel, name: str) -> str:
    """A field by its defining class, so that keys common to all checks count once."""
    owner = next(one for one in reversed(type(part).__mro__) if name in vars(one).get("__annotations__", {}))
    return f"{owner.__name__}.{name}"
