"""The tutoring service keeps what its runbook promises, from the first alert to the last tick of aftercare."""

from pathlib import Path

from tests.stories.runbooks.shipped import shipped
from tests.world import words_of

TEAM = ["database", "emergency", "tech-lead"]


async def test_from_the_first_alert_to_the_last_tick_of_aftercare(database: str, tmp_path: Path) -> None:
    async with shipped("tutoring", database, tmp_path) as played:
        await played.alert("The database does not answer", alertname="DatabaseDown")
        assert played.shown("INC-1 · P0 Critical")
        # One channel has the alert and the incident.
        assert "INC-1" in played.said("infrastructure-alerts")
        assert played.reached("paged", "sms") == played.reached("paged", "email") == [(0, who) for who in TEAM]
        # Stakeholders hear of it at once; clients once somebody has approved what they read.
        assert played.reached("told") == [(0, "stakeholders")]

        await played.until(6)
        assert played.reached("paged", "voice") == [(5, who) for who in TEAM]
        await played.acknowledges("tech-lead")
        procedure = "Database: connections time out"
        # Acknowledged: that step needs no hand.
        assert "step 2 of 7" in played.shown(procedure).text
        await played.types("tech-lead", "/incident impact Nobody can log in")
        await played.tells("tech-lead", "clients")
        assert "clients" not in [who for _, who in played.reached("told")]
        await played.presses("team-lead", "Approve", "For clients: needs approval")
        assert played.reached("told", "email")[-1] == (6, "clients")

        for _ in range(4):
            await played.presses("database", "Done", procedure)
        await played.presses("database", "No", procedure)
        assert "Call the database service" in words_of(played.shown(procedure))
        await played.presses("database", "Damaged", procedure)
        assert "Stop the application" in words_of(played.shown("Database: corrupted data"))
        await played.ticks_all("tech-lead", "Does the website load?")

        # An acknowledgement is not enough: what isn't fixed in half an hour goes on to the next.
        await played.until(35)
        assert played.reached("paged", "voice")[3:] == [(30, "team-lead")]
        # Clients were promised more within half an hour.
        assert "clients" in played.said(played.room.name).rpartition("⏰")[2]
        await played.until(61)
        assert played.reached("paged", "sms")[3:] == [(60, "consultant")]
        assert "legal" not in [who for _, who in played.reached("paged")]

        await played.types("tech-lead", "/incident resolve Restored from last night's backup")
        assert "Everything works again" in words_of(played.shown("Is it verified?"))
        await played.ticks_all("database", "Is it verified?")
        assert "The database does not answer" in played.said("general")
        assert (61, "stakeholders") in played.reached("told")

        # Two hours of watching, then the all clear; the day after, the day's tasks.
        await played.until(61 + 119)
        assert (181, "stakeholders") not in played.reached("told")
        await played.until(61 + 121)
        assert (181, "stakeholders") in played.reached("told")
        await played.ticks_all("team-lead", "Aftercare")
        await played.until(21 * 60 + 1)
        assert "4 recurring tasks due" in played.said("infrastructure-alerts")
        record = await played.record()
        assert [one["done_by"] for one in record["checklists"]["aftercare"]] == ["team-lead"] * 6
        assert record["postmortem"]["state"] == "owed"
        # Two days for the draft, from the end.
        assert record["postmortem"]["draft_due_at"].startswith("2026-02-05T13:01")
