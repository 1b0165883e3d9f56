"""The learning application keeps what its runbook promises, from the first alert to the last tick of aftercare."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.runbook.health import HttpCheck, PostgresqlCheck
from tests.stories.runbooks.shipped import Played, shipped
from tests.world import words_of

INTERNAL = "stakeholders@example.com"
ENDS = datetime(2026, 2, 3, 12, 16, tzinfo=UTC)


async def test_from_the_first_alert_to_the_last_tick_of_aftercare(database: str, tmp_path: Path) -> None:
    async with shipped("kubernetes", database, tmp_path) as played:
        await everybody_is_on_the_list(played)
        await the_application_is_down_and_the_team_is_paged(played)
        await it_is_rolled_back(played)
        await it_is_proved_and_told(played)
        await aftercare_has_its_three_lists(played)
        await less_grave_incidents_have_longer(played)
        await each_kind_of_incident_has_its_page(played)
        the_metrics_have_their_limits(played)


async def everybody_is_on_the_list(played: Played) -> None:
    oncall = await played.asks("engineer", "/escalate oncall")
    for name in ("Incident Commander", "On-call Engineer", "Database Engineer", "Security Engineer", "DevOps Engineer"):
        assert name in oncall
    assert "Incident Hotline +447700900059" in oncall


async def the_application_is_down_and_the_team_is_paged(played: Played) -> None:
    await played.alert("The application is down", alertname="ApplicationDown")
    assert played.shown("INC-1 · P0 Critical")
    assert "INC-1" in played.said("incident-response")
    assert played.targets() == {"respond": timedelta(minutes=15), "resolve": timedelta(hours=4)}
    assert played.reached("paged", "sms") == [(0, "engineer")]
    assert played.person("engineer").id in played.room.members
    # Internal audiences at once; the public page once somebody has approved it.
    assert played.reached("told", "email") == played.reached("told", "slack") == [(0, "internal")]
    assert played.reached("told", "statuspage") == []
    await played.until(16)
    # Five minutes for the engineer, ten more for the team.
    assert {(5, "dba"), (5, "devops")} <= set(played.reached("paged", "email"))
    assert played.reached("paged", "voice") == [(15, "commander")]
    await played.presses("commander", "Approve", "For status-page: needs approval")
    assert played.reached("told", "statuspage") == [(16, "status-page")]
    await played.acknowledges("commander")
    await played.types("commander", "/incident lead")


async def it_is_rolled_back(played: Played) -> None:
    procedure = "The application is down · step"
    for command in ("kubectl get pods", "kubectl rollout history", "kubectl describe nodes"):
        assert command in words_of(played.shown(procedure))
        await played.presses("engineer", "Done", procedure)
    await played.presses("engineer", "Yes", procedure)
    for command in ("rollback previous", "--post-rollback"):
        assert command in words_of(played.shown("Roll back"))
        await played.presses("engineer", "Done", "Roll back")
    triage = words_of(played.shown("The right people are paged"))
    for box in ("alert is acknowledged", "severity is chosen", "first update is out"):
        assert box in triage
    await played.ticks_all("engineer", "The right people are paged")
    await played.types("engineer", "/incident impact Nobody can learn")
    await played.types("commander", "/incident update We went back to yesterday's version")
    await played.tells("commander", "internal")
    letter = played.letter(INTERNAL)
    # Summary, impact, expected end, lead, next update, current work.
    for words in (
        "Incident: The application is down", "Impact: Nobody can learn", "resolved by Tue 03 Feb 2026 16:00",
        "Led by: Incident Commander", "We'll update you by 12:46", "We went back to yesterday's version",
    ):  # fmt: skip
        assert words in letter


async def it_is_proved_and_told(played: Played) -> None:
    await played.types("engineer", "/incident resolve Rolled back")
    verified = words_of(played.shown("Is it verified?"))
    for box in ("services are back", "All alerts are resolved", "Less than 1% errors", "95% of answers within 2 s"):
        assert box in verified
    await played.ticks_all("engineer", "Is it verified?")
    assert "The application is down" in played.said("general")
    letter = played.letter(INTERNAL)
    for words in ("Resolved", "after 16 minutes", "Outcome: Rolled back", "A post-mortem will follow"):
        assert words in letter


async def aftercare_has_its_three_lists(played: Played) -> None:
    await played.until(119)
    await played.ticks_all("commander", "Aftercare")
    record = await played.record()
    boxes = record["checklists"]["aftercare"]
    assert [one["done_by"] for one in boxes] == ["commander"] * 13
    hours = [2] * 5 + [48] * 4 + [14 * 24] * 4
    assert [one["due_at"][:16] for one in boxes] == [(ENDS + timedelta(hours=h)).isoformat()[:16] for h in hours]
    assert record["postmortem"]["draft_due_at"].startswith("2026-02-05T12:16")
    assert record["postmortem"]["review_due_at"].startswith("2026-02-17T12:16")
    # The meeting is scheduled within two hours of the end.
    assert "Post-mortem" in played.said(played.room.name) or "post-mortem" in played.said(played.room.name)


async def less_grave_incidents_have_longer(played: Played) -> None:
    """And a minor incident in the evening waits for the next morning."""
    for severity, respond, resolve, told in (("P1", 1, 24, {"internal"}), ("P2", 4, 72, {"internal"})):
        begun = await played.declares("dba", severity, f"Something of {severity}")
        assert played.targets() == {"respond": timedelta(hours=respond), "resolve": timedelta(hours=resolve)}
        assert {who for _, who in played.reached("told", since=begun)} == told
        # Only the two highest severities are for the public.
        asked = [one for one in played.workspace.messages(played.room) if "needs approval" in words_of(one)]
        assert bool(asked) == (severity == "P1")
        await played.types("dba", "/incident resolve It was nothing")
    paged = await played.asks("dba", "/escalate simulate P1 2026-02-10 12:00")
    for line in ("12:00 UTC` On-call Engineer", "12:15 UTC` Response Team", "13:00 UTC` Incident Commander"):
        assert line in paged

    await played.until(6 * 60)
    await played.declares("dba", "P3", "A typing error")
    assert played.targets()["resolve"] > timedelta(days=13)
    before = len(played.reached("paged"))
    await played.until(21 * 60 - 1)
    assert len(played.reached("paged")) == before
    await played.until(21 * 60)
    assert played.reached("paged", "sms")[-1] == (21 * 60, "engineer")
    assert played.targets()["respond"] <= timedelta(hours=8), "the next business day"


async def each_kind_of_incident_has_its_page(played: Played) -> None:
    for title, name, page in (
        ("Errors everywhere", "HighErrorRate", "Many errors"),
        ("No connections", "DatabaseConnections", "Database problems"),
        ("Three times slower", "HighApiLatency", "Slow answers"), ("Busy processors", "HighCpuUsage", "Slow answers"),
        ("Odd log-ins", "SecurityLogin", "A security incident"),
    ):  # fmt: skip
        await played.alert(title, alertname=name)
        assert page in await played.page_of(title)


def the_metrics_have_their_limits(played: Played) -> None:
    health = played.runbook.health
    assert health.availability == 99.9
    api, database = health.checks["api"], health.checks["database"]
    assert isinstance(api, HttpCheck) and api.slow == timedelta(seconds=2)
    assert isinstance(database, PostgresqlCheck) and database.connections_below == 80
