"""The web application keeps what its runbook promises, from the first alert to the last tick of aftercare."""

from pathlib import Path

from tests.stories.runbooks.shipped import shipped
from tests.world import words_of


async def test_from_the_first_alert_to_the_last_tick_of_aftercare(database: str, tmp_path: Path) -> None:
    async with shipped("web-application", database, tmp_path) as played:
        await played.alert("The site is down", alertname="SiteDown")
        assert played.shown("INC-1 · P0 Critical")
        assert played.reached("paged", "email") == [(0, "developer")]
        assert played.reached("told", "email") == played.reached("told", "slack") == [(0, "stakeholders")]
        await played.until(46)
        # The four steps of the way up, a quarter of an hour each.
        assert played.reached("paged", "sms") == [(15, "devops"), (30, "manager")]
        assert played.reached("paged", "voice") == [(45, "cto")]
        assert "security" not in [who for _, who in played.reached("paged")]

        await played.acknowledges("cto")
        procedure = "The site is down · step"
        for _ in range(3):
            await played.presses("developer", "Done", procedure)
        await played.presses("developer", "Yes", procedure)
        assert "vercel rollback" in words_of(played.shown(procedure))
        await played.tells("developer", "users")
        assert "users" not in [who for _, who in played.reached("told")]
        await played.presses("devops", "Approve", "For users: needs approval")
        assert played.reached("told", "email")[-1] == (46, "users")
        await played.tells("developer", "status-page")
        assert played.reached("told", "statuspage") == [(46, "status-page")]

        await played.ticks_all("developer", "Whom does it touch?")
        await played.types("developer", "/incident impact Nobody can log in")
        await played.types("developer", "/incident resolve The last deployment is rolled back")
        await played.ticks_all("developer", "Is it verified?")
        assert "The site is down" in played.said("general")
        # An hour of watching, without an all clear.
        await played.until(46 + 61)
        assert not [one for one in played.reached("told", "email") if one[0] > 46]
        await played.ticks_all("manager", "Aftercare")
        record = await played.record()
        assert [one["done_by"] for one in record["checklists"]["aftercare"]] == ["manager"] * 3
        assert record["postmortem"]["state"] == "owed"
