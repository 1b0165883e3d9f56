"""The marketplace keeps what its runbook promises, from the first alert to the last tick of aftercare."""

from datetime import timedelta
from pathlib import Path

from tests.sources.test_sentry import METRIC
from tests.sources.test_stripe import INVOICE, event
from tests.stories.runbooks.shipped import Played, shipped
from tests.world import words_of

DOWN = {"monitorID": "1", "monitorFriendlyName": "Shop", "alertType": "1", "alertTypeFriendlyName": "Down"}


async def test_from_the_first_alert_to_the_last_tick_of_aftercare(database: str, tmp_path: Path) -> None:
    async with shipped("marketplace", database, tmp_path) as played:
        await the_site_is_down_and_the_matrix_is_climbed(played)
        await the_bleeding_is_stopped(played)
        await it_is_verified_and_told(played)
        await each_severity_has_its_time_and_its_next_responder(played)
        await what_has_to_be_learned_from_is(played)
        await what_is_detected_opens_its_page(played)


async def the_site_is_down_and_the_matrix_is_climbed(played: Played) -> None:
    await played.posts("uptimerobot", DOWN)
    assert played.room.name == "inc-2026-02-03-shop-is-down"
    assert played.shown("INC-1 · P1 Complete outage")
    # Whoever is on call is in the channel before anybody tags them.
    assert played.person("ada").id in played.room.members
    for minute in (1, 15, 44):
        await played.until(minute)
    # Fifteen minutes for the engineer, thirty more for the lead.
    assert played.reached("paged") == [(0, "ada"), (15, "lead")]
    assert played.reached("paged", "sms") == [(0, "ada"), (15, "lead")]
    await played.until(45)
    assert played.reached("paged", "voice") == [(45, "ceo")]
    # The 15-minute target is missed when the next tier is paged: posted once, and marked on the card.
    assert "Nobody acknowledged, so CEO is being paged" in played.said(played.room.name)
    assert "Nobody acknowledged by" not in played.said(played.room.name)
    await played.acknowledges("ceo")


async def the_bleeding_is_stopped(played: Played) -> None:
    await played.until(47)
    procedure = "The site is down"
    # Acknowledged: that step needs no hand.
    assert "step 2 of 6" in played.shown(procedure).text
    assert "docker compose restart" in words_of(played.shown(procedure))
    await played.presses("ada", "Done", procedure)
    await played.presses("ada", "No", procedure)
    assert "docker compose logs" in words_of(played.shown(procedure))
    await played.presses("ada", "Done", procedure)
    assert "docker compose restart backend" in words_of(played.shown(procedure))
    await played.presses("ada", "Done", procedure)
    await played.presses("ada", "No", procedure)
    # The decision tree: each answer to its three questions says what to do.
    tree = "Roll back or not?"
    for question, answer, then in (
        ("Did a recent deployment cause it?", "No", "Keep investigating"),
        ("Is data being corrupted?", "Yes", "Stop all writes and switch to maintenance mode"),
        ("Can it be fixed within 15 minutes?", "No", "Roll back first, then fix it"),
    ):
        assert question in words_of(played.shown(tree))
        await played.presses("ada", answer, tree)
        assert then in words_of(played.shown(tree))
    triage = words_of(played.shown("Is it real?"))
    for box in ("Is the site up?", "Are the services running?", "in the logs?", "error tracker", "payments arrive"):
        assert box in triage
    await played.ticks_all("ada", "Is it real?")


async def it_is_verified_and_told(played: Played) -> None:
    await played.types("ada", "/incident impact Nobody can book or pay")
    await played.types("ada", "/incident resolve Rolled back")
    verified = words_of(played.shown("Is it verified?"))
    for box in (
        "The health check returns 200", "error rate", "log in", "search tutors", "book", "Payments go through", "Mail",
    ):  # fmt: skip
        assert box in verified
    await played.ticks_all("ada", "Is it verified?")
    # Users noticed, so everybody hears of the end.
    assert "Shop is down" in played.said("general")
    # Both audiences wait for a person: nothing is sent automatically.
    assert played.reached("told") == []
    await played.tells("ada", "status-page")
    assert played.reached("told", "statuspage") == [(47, "status-page")]
    await played.tells("ada", "users")
    assert "users" not in [who for _, who in played.reached("told")]

    await played.until(46 + 59)
    await played.ticks_all("lead", "Aftercare")
    record = await played.record()
    aftercare = record["checklists"]["aftercare"]
    assert [one["done_by"] for one in aftercare] == ["lead"] * 3
    assert [one["due_at"][:16] for one in aftercare] == ["2026-02-03T13:47"] * 2 + ["2026-02-10T12:47"]
    # Drafted within two days, reviewed within a week.
    assert record["postmortem"]["draft_due_at"].startswith("2026-02-05T12:47")
    assert record["postmortem"]["review_due_at"].startswith("2026-02-10T12:47")


async def each_severity_has_its_time_and_its_next_responder(played: Played) -> None:
    for severity, hours, next_one in (
        ("P2", 1, "13:00 UTC Engineering Lead"), ("P3", 4, "16:00 UTC Team Lead"), ("P4", 24, "nobody left to page"),
    ):  # fmt: skip
        await played.declares("ada", severity, f"Something of {severity}")
        assert played.targets() == {"respond": timedelta(hours=hours)}
        ladder = (await played.asks("ada", f"/escalate simulate {severity} 2026-02-10 12:00")).replace("`", "")
        assert "12:00 UTC On-call Engineer" in ladder and next_one in ladder.splitlines()[2]
        await played.types("ada", "/incident resolve It was nothing")


async def what_has_to_be_learned_from_is(played: Played) -> None:
    """Every P1, a P2 of more than half an hour, and everything about payments."""
    owed: list[bool] = []
    for severity, minutes, impact in (("P2", 29, "Search"), ("P2", 31, "Search"), ("P3", 5, "Payments of one client")):
        begun = await played.declares("ada", severity, f"For {minutes} minutes")
        await played.types("ada", f"/incident impact {impact}")
        await played.until(begun + minutes)
        await played.types("ada", "/incident resolve Mended")
        owed.append((await played.record(len(owed) + 5))["postmortem"] is not None)
    assert owed == [False, True, True]


async def what_is_detected_opens_its_page(played: Played) -> None:
    """Errors, failed payments and a busy machine; the site monitor came first."""
    await played.posts("sentry", METRIC)
    assert "Many errors" in await played.page_of("Too many errors")
    for number in range(5):
        failed = event("invoice.payment_failed", INVOICE | {"id": f"in_{number}"}, livemode=True)
        await played.posts("stripe", failed | {"id": f"evt_{number}"})
    assert played.shown("P1 Complete outage") and "Payments fail" in words_of(played.shown("Payments fail · step"))
    for name in ("HighCPU", "HighMemory"):
        await played.alert(f"{name} on a host", alertname=name)
        assert "Slow answers" in await played.page_of(f"{name} on a host")
