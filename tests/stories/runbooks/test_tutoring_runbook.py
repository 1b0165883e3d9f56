"""The tutoring service keeps what its two documents promise, from the first alert to the last tick of aftercare."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from bot.domain.backups.backup import next_run
from bot.runbook import read
from bot.runbook.health import HttpCheck
from bot.shipped import shipped_runbooks
from tests.stories.runbooks.shipped import Played, shipped
from tests.world import words_of

TEAM = ["database", "emergency", "tech-lead"]
STAKEHOLDERS, CLIENTS = "stakeholders@example.com", "clients@example.com"


async def test_from_the_first_alert_to_the_last_tick_of_aftercare(database: str, tmp_path: Path) -> None:
    async with shipped("tutoring", database, tmp_path) as played:
        await everybody_is_on_the_list(played)
        await the_team_is_paged_and_clients_are_told(played)
        await the_database_is_restored(played)
        await what_is_not_fixed_goes_on(played)
        await it_is_watched_and_learned_from(played)
        await less_grave_incidents_have_longer(played)
        await alerts_go_where_their_level_says(played)
        await a_breach_has_its_lawyers_and_its_clock(played)


async def everybody_is_on_the_list(played: Played) -> None:
    oncall = await played.asks("tech-lead", "/escalate oncall")
    for name in ("Technical Lead", "Database Admin", "Emergency Phone", "Team Lead", "External Consultant", "Legal"):
        assert name in oncall
    for supplier in ("Hosting", "Database Service", "Registrar", "Monitoring"):
        assert f"Example {supplier}" in oncall.partition("Suppliers")[2]
    objectives = (await played.asks("tech-lead", "/health")).partition("Objectives")[2]
    for line in (
        "Database failure (P0): back within 30 min (RTO), at most 1 d of work lost",
        "Application error (P0): back within 5 min (RTO), nothing lost",
        "Backup system failure (P1): back within 2 h (RTO), at most 1 d of work lost",
        "Monitoring failure (P2): back within 1 h (RTO), no RPO",
    ):
        assert line in objectives


async def the_team_is_paged_and_clients_are_told(played: Played) -> None:
    await played.alert("The database does not answer", alertname="DatabaseDown")
    assert played.shown("INC-1 · P0 Critical")
    # One channel has the alert and the incident.
    assert "INC-1" in played.said("infrastructure-alerts")
    assert played.reached("paged", "sms") == played.reached("paged", "email") == [(0, who) for who in TEAM]
    # Stakeholders hear of it at once; clients once somebody has approved what they read.
    assert played.reached("told") == [(0, "stakeholders")]
    triage = words_of(played.shown("Does the website load?"))
    for box in ("admin panel", "API", "error log", "clients notice", "data at risk"):
        assert box in triage

    await played.until(6)
    assert "P0 target: 5 min" in played.said(played.room.name)
    assert played.reached("paged", "voice") == [(5, who) for who in TEAM]
    await played.acknowledges("tech-lead")
    await played.types("tech-lead", "/incident lead")
    await played.types("tech-lead", "/incident impact Nobody can log in")
    await played.types("tech-lead", "/incident update The pool is exhausted, and we restart it")
    await played.tells("tech-lead", "stakeholders")
    letter = played.letter(STAKEHOLDERS)
    for words in (
        "Incident: The database does not answer", "Impact: Nobody can log in", "Target: resolved by", "12:30 GMT",
        "The pool is exhausted, and we restart it", "Led by: Technical Lead", "INC-1",
        "Declared: Tue 03 Feb 2026 12:00",
    ):  # fmt: skip
        assert words in letter
    await played.tells("tech-lead", "clients")
    assert "clients" not in [who for _, who in played.reached("told")]
    await played.presses("team-lead", "Approve", "For clients: needs approval")
    assert (6, "clients") in played.reached("told", "email")
    letter = played.letter(CLIENTS)
    assert "Nobody can log in" in letter and "database" not in letter
    assert "We'll update you by 12:36 GMT" in letter, "every 30 minutes"
    await played.tells("tech-lead", "status-page")
    assert played.reached("told", "statuspage") == [(6, "status-page")]


async def the_database_is_restored(played: Played) -> None:
    procedure = "Database: connections time out"
    # Acknowledged: that step needs no hand.
    assert "step 2 of 7" in played.shown(procedure).text
    for command in ("db.adminCommand", "new MongoClient", "serverStatus", "pm2 restart next-app"):
        assert command in words_of(played.shown(procedure))
        await played.presses("database", "Done", procedure)
    await played.presses("database", "No", procedure)
    assert "Call the database service" in words_of(played.shown(procedure))
    await played.presses("database", "Damaged", procedure)
    damaged = "Database: corrupted data"
    for words in ("pm2 stop next-app", "dbStats", "/backup list content", "/backup verify"):
        assert words in words_of(played.shown(damaged))
        await played.presses("database", "Done", damaged)
    await played.presses("database", "Yes", damaged)
    assert "mongorestore" in words_of(played.shown(damaged)) and "--drop" in words_of(played.shown(damaged))
    await played.ticks_all("tech-lead", "Does the website load?")


async def what_is_not_fixed_goes_on(played: Played) -> None:
    """An acknowledgement is not enough: what isn't fixed in half an hour goes on to the next."""
    await played.until(35)
    assert played.reached("paged", "voice")[3:] == [(30, "team-lead")]
    assert "Still not resolved" in played.said(played.room.name) and "P0 target: 30 min" in played.said(
        played.room.name
    )
    await played.until(37)
    # Clients were promised an update within half an hour.
    assert "An update to clients is due now" in played.said(played.room.name)
    await played.until(61)
    assert played.reached("paged", "sms")[3:] == [(60, "consultant")]
    assert "legal" not in [who for _, who in played.reached("paged")]


async def it_is_watched_and_learned_from(played: Played) -> None:
    await played.types("tech-lead", "/incident resolve Restored from last night's backup")
    verified = words_of(played.shown("Is it verified?"))
    for box in ("Everything works again", "checks are green", "book and pay", "0.1% errors", "1.5 s", "200 ms"):
        assert box in verified
    await played.ticks_all("database", "Is it verified?")
    assert "The database does not answer" in played.said("general")
    assert (61, "stakeholders") in played.reached("told")

    # Two hours of watching, then the all clear; the day after, the day's tasks.
    await played.until(61 + 119)
    assert (181, "stakeholders") not in played.reached("told")
    await played.until(61 + 121)
    assert (181, "stakeholders") in played.reached("told") and "All clear" in played.letter(STAKEHOLDERS)
    await played.ticks_all("team-lead", "Aftercare")
    await played.until(21 * 60 + 1)
    assert "4 recurring tasks due" in played.said("infrastructure-alerts")
    record = await played.record()
    assert [one["done_by"] for one in record["checklists"]["aftercare"]] == ["team-lead"] * 6
    ends = [datetime(2026, 2, 3, 13, 1, tzinfo=UTC) + timedelta(hours=hours) for hours in (3, 24, *[14 * 24] * 4)]
    assert [one["due_at"][:16] for one in record["checklists"]["aftercare"]] == [at.isoformat()[:16] for at in ends]
    assert record["postmortem"]["state"] == "owed"
    # Two days for the draft, from the end.
    assert record["postmortem"]["draft_due_at"].startswith("2026-02-05T13:01")


async def less_grave_incidents_have_longer(played: Played) -> None:
    begun = await played.declares("tech-lead", "P1", "Pages take five seconds")
    assert played.reached("told", since=begun) == [(0, "stakeholders")]
    await played.until(begun + 31)
    assert played.reached("paged", "sms", since=begun) == [(0, who) for who in TEAM]
    assert played.reached("paged", "voice", since=begun) == [*((5, who) for who in TEAM), (30, "team-lead")]
    assert "P1 target: 30 min" in played.said(played.room.name)
    await played.types("tech-lead", "/incident resolve Scaled up")

    begun = await played.declares("tech-lead", "P2", "Alerts do not arrive")
    await played.until(begun + 121)
    assert {who for _, who in played.reached("paged", since=begun)} == set(TEAM)
    assert "Alerts do not arrive" not in played.told
    assert "P2 target: 2 h" in played.said(played.room.name)
    await played.types("tech-lead", "/incident resolve The webhook is back")


async def alerts_go_where_their_level_says(played: Played) -> None:
    await played.alert("Half as fast as yesterday", alertname="PerformanceDegraded")
    assert played.outlets_of("Half as fast as yesterday") == {"slack", "email"}
    assert played.shown("P1 High") and played.shown("Everything is slow")
    await played.alert("A quarter of the files changed", alertname="IntegrityCheckFailed")
    assert played.outlets_of("A quarter of the files changed") == {"slack", "email", "webhook"}
    assert played.shown("P0 Critical") and played.shown("Unauthorised access")
    await played.alert("The last backup failed", alertname="BackupFailed")
    assert played.outlets_of("The last backup failed") == {"slack", "email"} and played.shown("A backup failed")
    await played.alert("Someone from 192.0.2.7", event="suspicious_ip")
    assert played.outlets_of("Someone from 192.0.2.7") == {"slack"}
    for number in range(1, 7):
        # More than five failed log-ins in an hour.
        await played.alert("Failed log-in", fingerprint=f"login-{number}", event="failed_login")
        assert ("email" in played.outlets_of("Failed log-in")) == (number == 6)


async def a_breach_has_its_lawyers_and_its_clock(played: Played) -> None:
    await played.asks("tech-lead", "/incident private P0 The list of clients was copied")
    begun = played.minute
    for typed in ("/escalate legal Personal data", "/incident breach now"):
        await played.types("tech-lead", typed)
    assert (0, "legal") in played.reached("paged", "email", since=begun)
    assert played.shown("72 hours")
    assert "clients was copied" not in played.told + played.said("infrastructure-alerts")


def test_the_tutoring_runbook_watches_and_backs_up_as_often_as_its_documents_promise() -> None:
    runbook = read(shipped_runbooks()["tutoring"].read_text("utf-8"), {})
    health, checks = runbook.health, runbook.health.checks
    assert health.every == timedelta(minutes=5) and health.availability == 99.9
    assert runbook.alerts.heartbeats["trends"].every == timedelta(hours=1)
    website = checks["website"]
    assert isinstance(website, HttpCheck)
    assert (website.slow, website.timeout, website.level) == (timedelta(seconds=1.5), timedelta(seconds=4), "critical")

    kept = runbook.backups["content"]
    noon = datetime(2026, 2, 3, 12, tzinfo=UTC)
    assert next_run(kept.at, runbook.timezone, noon) == datetime(2026, 2, 4, 2, tzinfo=UTC)
    assert (kept.keep, kept.rpo, kept.rto) == (timedelta(days=30), timedelta(hours=24), timedelta(minutes=30))

    due = runbook.maintenance.recurring.values()
    # A Tuesday, a Monday, and the first of a month and of a quarter, neither of them a Monday.
    for on, tasks in ((date(2026, 2, 3), 4), (date(2026, 2, 9), 10), (date(2026, 5, 1), 9), (date(2026, 7, 1), 14)):
        assert len([task for task in due if task.falls_on(on)]) == tasks
    proofs = {task.what: str(task.proved_by) for task in due if task.proved_by}
    assert proofs["Check that the backup was taken"] == "backup" and proofs["Test a restore"] == "drill"
    assert proofs["Verify the emergency contacts"] == "contacts" and proofs["Emergency drill"] == "rehearsal"
