"""The learning application keeps what its runbook promises, from the first alert to the last tick of aftercare."""

from pathlib import Path

from tests.stories.runbooks.shipped import shipped


async def test_from_the_first_alert_to_the_last_tick_of_aftercare(database: str, tmp_path: Path) -> None:
    async with shipped("kubernetes", database, tmp_path) as played:
        await played.alert("The application is down", alertname="ApplicationDown")
        assert played.shown("INC-1 · P0 Critical")
        assert "INC-1" in played.said("incident-response")
        assert played.reached("paged", "sms") == [(0, "engineer")]
        # The team's own readers at once; the public page once somebody has approved it.
        assert played.reached("told", "email") == played.reached("told", "slack") == [(0, "internal")]
        assert played.reached("told", "statuspage") == []
        await played.until(16)
        # Five minutes for the engineer, ten more for the team.
        assert {(5, "dba"), (5, "devops")} <= set(played.reached("paged", "email"))
        assert played.reached("paged", "voice") == [(15, "commander")]

        await played.presses("commander", "Approve", "For status-page: needs approval")
        assert played.reached("told", "statuspage") == [(16, "status-page")]
        await played.acknowledges("commander")
        procedure = "The application is down"
        for _ in range(3):
            await played.presses("engineer", "Done", f"{procedure} · step")
        await played.presses("engineer", "Yes", f"{procedure} · step")
        await played.ticks_all("engineer", "Roll back · step")
        await played.ticks_all("engineer", "The right people are paged")
        await played.types("engineer", "/incident impact Nobody can learn")
        await played.types("engineer", "/incident resolve Rolled back")
        await played.ticks_all("engineer", "Is it verified?")
        assert "The application is down" in played.said("general")
        await played.until(119)
        await played.ticks_all("commander", "Aftercare")

        # A small thing of the evening waits for the next morning.
        await played.until(6 * 60)
        await played.types("dba", "/incident declare P3 A typing error")
        await played.until(21 * 60 - 1)
        assert max(minute for minute, _ in played.reached("paged")) == 15
        await played.until(21 * 60)
        assert played.reached("paged", "sms")[-1] == (21 * 60, "engineer")

        record = await played.record()
        assert [one["done_by"] for one in record["checklists"]["aftercare"]] == ["commander"] * 13
        assert record["postmortem"]["draft_due_at"].startswith("2026-02-05T12:16")
        assert record["postmortem"]["review_due_at"].startswith("2026-02-17T12:16")
