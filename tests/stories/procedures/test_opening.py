"""Procedures that open by themselves in an incident's room because of its alert."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from bot.sandbox.model import Message
from tests.stories.alerts.monitoring import TOKEN, WITH_ALERTS, alert, watched
from tests.stories.procedures.room import is_live, labels, live, press_on, shown
from tests.world import World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]
RUNBOOK = WITH_ALERTS.replace(
    "alerts:\n",
    """  disk-full:
    title: Disk is full
    alerts: ["Disk*"]
    steps: [{do: Look what is large, run: "ssh {{ instance }} du -sh <mount> $HOST"}]
  cache:
    title: Cache is slow
    steps: [Restart it]
alerts:
""",
)


def suggestion(world: World) -> Message:
    """The latest post that asks about a procedure."""
    return [one for one in world.workspace.messages(world.room()) if labels(one) == ["Runbook"]][-1]


async def test_an_alerts_procedure_opens_with_its_incident_and_only_once(new_world: NewWorld) -> None:
    async with new_world(runbook=RUNBOOK, ALERTS_TOKEN=TOKEN) as world, watched(world) as monitoring:
        await monitoring.fires(alert("DatabaseDown", severity="critical"))
        assert "step 1 of 2" in live(world).text and labels(live(world)) == ["Done", "Skip"]
        assert "Check the database answers" not in "".join(world.said_in(world.room())[:2])
        for status in ("resolved", "firing"):
            await monitoring.fires(alert("DatabaseDown", severity="critical", status=status))
        assert "firing again" in "".join(world.said_in(world.room()))
        assert len([one for one in world.workspace.messages(world.room()) if is_live(one)]) == 1
        told = [(one.kind, one.actor) for one in await world.house.incidents.timeline(1) if one.kind == "checklist"]
        assert told == [("checklist", "tocsin")]


async def test_while_one_procedure_is_under_way_another_is_only_suggested(new_world: NewWorld) -> None:
    async with new_world(runbook=RUNBOOK, ALERTS_TOKEN=TOKEN) as world, watched(world) as monitoring:
        await monitoring.fires(alert("DatabaseDown", severity="critical"))
        values = {"instance": "db-1:9100", "mount": "/srv/$(reboot)", "host": "db-1"}
        await monitoring.fires(alert("DiskFull", **values))
        await press_on(world, "ada", "Attach", monitoring.cards[-1])
        await world.ada.submits(values={"incident": "INC-1"})
        await world.settled()
        assert "has *Disk is full*" in words_of(suggestion(world))
        question = suggestion(world)
        await press_on(world, "ada", "Runbook", question)
        assert "Disk is full" in live(world).text and labels(question) == []
        # Values on which the incident's alerts disagree are not filled in; of the rest, only harmless ones.
        assert "```\nssh db-1:9100 du -sh &lt;mount&gt; $HOST\n```" in shown(world)
        assert "&lt;mount&gt; is /srv/$(reboot) in the alert" in shown(world) and "$HOST is db-1 in" in shown(world)


async def test_an_alerts_text_never_looks_like_a_command_to_copy(new_world: NewWorld) -> None:
    async with new_world(runbook=RUNBOOK, ALERTS_TOKEN=TOKEN) as world, watched(world) as monitoring:
        values = {"instance": "db-1\n```\nrm -rf ~\n```", "mount": "", "host": "`reboot`"}
        await monitoring.fires(alert("DiskFull", severity="critical", **values))
        await press_on(world, "ada", "Declare incident", monitoring.card)
        words = shown(world)
        assert words.count("```") == 2 and "ssh {{ instance }} du -sh &lt;mount&gt; $HOST\n```" in words
        assert "rm -rf ~" in words and words.replace("```", "").count("`") == 0
        assert "&lt;mount&gt; isn't known" in words


async def test_a_link_that_ends_in_a_procedures_name_finds_it_and_the_cards_button_shows_it(
    new_world: NewWorld,
) -> None:
    async with new_world(runbook=RUNBOOK, ALERTS_TOKEN=TOKEN) as world, watched(world) as monitoring:
        slow = alert("CacheSlow")
        slow["annotations"]["runbook_url"] = "https://example.com/runbooks/Cache.md"
        await monitoring.fires(slow)
        answer = await press_on(world, "ada", "Runbook", monitoring.card)
        assert "Restart it" in answer and "Open in" not in answer
        await press_on(world, "ada", "Declare incident", monitoring.card)
        assert "Cache is slow" in live(world).text
        answer = await press_on(world, "ada", "Runbook", monitoring.card)
        assert "Open in INC-1" in answer
