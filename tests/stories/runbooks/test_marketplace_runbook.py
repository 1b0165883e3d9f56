"""The marketplace keeps what its runbook promises, from the first alert to the last tick of aftercare."""

from pathlib import Path

from tests.stories.runbooks.shipped import shipped
from tests.world import words_of

DOWN = {"monitorID": "1", "monitorFriendlyName": "Shop", "alertType": "1", "alertTypeFriendlyName": "Down"}


async def test_from_the_first_alert_to_the_last_tick_of_aftercare(database: str, tmp_path: Path) -> None:
    async with shipped("marketplace", database, tmp_path) as played:
        await played.posts("uptimerobot", DOWN)
        assert played.room.name == "inc-2026-02-03-shop-is-down"
        assert played.shown("INC-1 · P1 Complete outage")
        for minute in (1, 15, 44):
            await played.until(minute)
        # Fifteen minutes for the engineer, thirty more for the lead.
        assert played.reached("paged") == [(0, "ada"), (15, "lead")]
        assert played.reached("paged", "sms") == [(0, "ada"), (15, "lead")]
        await played.until(45)
        assert played.reached("paged", "voice") == [(45, "ceo")]
        # The target of 45 minutes is missed at the moment the next tier is paged: said once, and marked on the card.
        assert "Nobody acknowledged, so CEO" in played.said(played.room.name)
        assert "Nobody acknowledged by" not in played.said(played.room.name)

        await played.acknowledges("ceo")
        await played.until(47)
        procedure = "The site is down"
        # Acknowledged: that step needs no hand.
        assert "step 2 of 6" in played.shown(procedure).text
        await played.presses("ada", "Done", procedure)
        await played.presses("ada", "No", procedure)
        await played.presses("ada", "Done", procedure)
        await played.presses("ada", "Done", procedure)
        await played.presses("ada", "No", procedure)
        assert "Did a recent deployment cause it?" in words_of(played.shown("Roll back or not?"))
        await played.presses("ada", "Yes", "Roll back or not?")
        await played.ticks_all("ada", "Is it real?")

        await played.types("ada", "/incident impact Nobody can book or pay")
        await played.types("ada", "/incident resolve Rolled back")
        assert "The health check returns 200" in words_of(played.shown("Is it verified?"))
        await played.ticks_all("ada", "Is it verified?")
        # Users noticed, so everybody hears of its end.
        assert "Shop is down" in played.said("general")
        # Both audiences wait for a person: nothing is told on its own.
        assert played.reached("told") == []

        await played.until(46 + 59)
        await played.ticks_all("lead", "Aftercare")
        record = await played.record()
        assert [one["done_by"] for one in record["checklists"]["aftercare"]] == ["lead"] * 3
        assert record["postmortem"] is not None
