"""The web application keeps what its runbook promises, from the first alert to the last tick of aftercare."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.domain.backups.backup import next_run
from bot.sandbox.looking import labels
from tests.stories.runbooks.shipped import Played, shipped
from tests.world import words_of

STAKEHOLDERS, USERS = "stakeholders@example.com", "users@example.com"


async def test_from_the_first_alert_to_the_last_tick_of_aftercare(database: str, tmp_path: Path) -> None:
    async with shipped("web-application", database, tmp_path) as played:
        await everybody_is_on_the_list_with_their_hours(played)
        await the_site_is_down_and_four_steps_are_climbed(played)
        await it_is_rolled_back_and_everybody_is_told(played)
        await it_is_verified_and_reviewed(played)
        await each_severity_has_its_time(played)
        await planned_work_is_announced_two_days_ahead(played)
        data_is_backed_up_and_comes_back(played)


async def everybody_is_on_the_list_with_their_hours(played: Played) -> None:
    oncall = await played.asks("developer", "/escalate oncall")
    for line in (
        "Lead Developer (24/7)", "DevOps Lead (business hours)", "Database Admin", "Security Team (24/7)", "CTO",
    ):  # fmt: skip
        assert line in oncall


async def the_site_is_down_and_four_steps_are_climbed(played: Played) -> None:
    await played.alert("The site is down", alertname="SiteDown")
    assert played.shown("INC-1 · P0 Critical")
    assert played.targets() == {"respond": timedelta(minutes=15), "resolve": timedelta(hours=2)}
    assert played.reached("paged", "email") == [(0, "developer")]
    assert played.reached("told", "email") == played.reached("told", "slack") == [(0, "stakeholders")]
    await played.until(46)
    # The four steps of the way up, a quarter of an hour each.
    assert played.reached("paged", "sms") == [(15, "devops"), (30, "manager")]
    assert played.reached("paged", "voice") == [(45, "cto")]
    assert "security" not in [who for _, who in played.reached("paged")]
    await played.acknowledges("cto")


async def it_is_rolled_back_and_everybody_is_told(played: Played) -> None:
    procedure = "The site is down · step"
    for command in ("vercel ls --prod", "api/health", "npm run db:studio"):
        assert command in words_of(played.shown(procedure))
        await played.presses("developer", "Done", procedure)
    await played.presses("developer", "Yes", procedure)
    assert "vercel rollback" in words_of(played.shown(procedure))
    for words in ("status page", "social media", "stakeholders updated"):
        assert words in words_of(played.shown(procedure))
    await played.types("developer", "/incident impact Nobody can log in")
    await played.tells("developer", "users")
    assert "users" not in [who for _, who in played.reached("told")]
    await played.presses("devops", "Approve", "For users: needs approval")
    assert (46, "users") in played.reached("told", "email") and "Nobody can log in" in played.letter(USERS)
    await played.tells("developer", "status-page")
    assert played.reached("told", "statuspage") == [(46, "status-page")]
    await played.ticks_all("developer", "Whom does it touch?")


async def it_is_verified_and_reviewed(played: Played) -> None:
    await played.types("developer", "/incident resolve The last deployment is rolled back")
    verified = words_of(played.shown("Is it verified?"))
    for box in ("health checks are green", "Users can log in", "users do most", "back to normal"):
        assert box in verified
    await played.ticks_all("developer", "Is it verified?")
    assert "The site is down" in played.said("general")
    assert "Resolved" in played.letter(STAKEHOLDERS)
    # An hour of monitoring, without an all-clear.
    await played.until(46 + 61)
    assert not [one for one in played.reached("told", "email") if one[0] > 46]
    await played.ticks_all("manager", "Aftercare")
    record = await played.record()
    assert [one["done_by"] for one in record["checklists"]["aftercare"]] == ["manager"] * 3
    assert record["postmortem"]["state"] == "owed"


async def each_severity_has_its_time(played: Played) -> None:
    for severity, hours, then in (
        ("P1", 1, "13:00 UTC Team Lead"), ("P2", 4, "16:00 UTC Team Lead"), ("P3", 24, "nobody left to page"),
    ):  # fmt: skip
        await played.declares("developer", severity, f"Something of {severity}")
        assert played.targets() == {"respond": timedelta(hours=hours)}
        ladder = (await played.asks("developer", f"/escalate simulate {severity} 2026-02-10 12:00")).replace("`", "")
        assert "12:00 UTC On-call Engineer" in ladder and then in ladder.splitlines()[2]
        await played.types("developer", "/incident resolve It was nothing")
    begun = played.minute
    await played.asks("developer", "/incident private P0 Somebody was in the admin panel")
    await played.types("developer", "/escalate security Credentials were used from abroad")
    assert (0, "security") in played.reached("paged", "sms", since=begun)
    assert "admin panel" not in played.told + played.said("incidents")
    await played.types("developer", "/incident resolve The session is closed")


async def planned_work_is_announced_two_days_ahead(played: Played) -> None:
    """Announced by mail and on the status page."""
    what = "Database upgrade at 2026-02-06 10:00 for 2h telling stakeholders, users, status-page"
    await played.asks("developer", f"/incident maintenance {what}")
    await played.until(22 * 60 - 1)
    assert "Database upgrade" not in played.told
    await played.until(22 * 60)
    assert "Database upgrade" in played.letter(STAKEHOLDERS)
    (planned,) = [one for one in played.stage.around.statuspage.incidents if one["status"] == "scheduled"]
    assert planned["scheduled_for"].startswith("2026-02-06T10:00")
    asked = [one for one in played.workspace.messages("#incidents") if "Approve" in labels(one)][-1]
    await played.person("devops").presses("Approve", asked)
    await played.stage.settled()
    assert "Database upgrade" in played.letter(USERS)


def data_is_backed_up_and_comes_back(played: Played) -> None:
    """Daily, kept for thirty days; restored within two hours with at most a day's loss."""
    kept = played.runbook.backups["database"]
    noon = datetime(2026, 2, 3, 12, tzinfo=UTC)
    assert next_run(kept.at, played.runbook.timezone, noon) == datetime(2026, 2, 4, 2, tzinfo=UTC)
    assert (kept.keep, kept.rto, kept.rpo) == (timedelta(days=30), timedelta(hours=2), timedelta(hours=24))
