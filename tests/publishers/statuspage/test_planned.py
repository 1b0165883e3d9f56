"""Planned work on statuspage.io: one scheduled maintenance there for each of ours, even when responses are lost."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.errors import Rejected, Throttled, Unanswered
from bot.domain.maintenance.window import Window
from bot.publishers import Publication, Publisher, PublisherParts, on_the_shelf
from bot.runbook import read
from bot.sandbox.statuspage import Fault, SimulatedStatuspage
from tests.publishers.conftest import NOON, Publishing
from tests.publishers.statuspage.conftest import WITH

HOUR = timedelta(hours=1)
ToPage = Callable[..., Publication]


@pytest.fixture
def of_work(publishing: Publishing) -> ToPage:
    """An update about M-7, by default planned for one hour from 14:00."""

    def make(
        moment: str = "announced", *, work: int = 7, starts: int = 2, lasts: int = 1, at: Sequence[str] = (),
        **said: Any,
    ) -> Publication:  # fmt: skip
        window = Window(
            work, "Upgrade", NOON + 2 * HOUR, NOON + 3 * HOUR, HOUR, ["page"], {}, "", "ada", None, NOON - HOUR,
            components=at,
        )  # fmt: skip
        planned = {"planned_from": NOON + starts * HOUR, "planned_until": NOON + (starts + lasts) * HOUR}
        facts = {"incident_id": None, "maintenance_id": work, "status": None, "severity": None, **planned, **said}
        made = publishing("statuspage", "abc123", "page", moment=f"maintenance_{moment}", **facts)
        return replace(made, about=window)

    return make


def states(there: SimulatedStatuspage, number: int = 0) -> list[str]:
    """What readers see of one maintenance, oldest first."""
    return [one["status"] for one in reversed(there.incidents[number]["incident_updates"])]


async def test_work_is_scheduled_moved_begun_late_and_completed_there_and_its_components_follow(
    publisher: Publisher, there: SimulatedStatuspage, of_work: ToPage
) -> None:
    id = await publisher.publish(of_work(subject="Planned: Upgrade"))
    (one,) = there.incidents
    assert (one["name"], one["impact"]) == ("Planned: Upgrade", "maintenance")
    assert (one["scheduled_for"], one["scheduled_until"]) == ("2026-08-08T14:00:00+00:00", "2026-08-08T15:00:00+00:00")
    assert [one[key] for key in one if key.startswith(("scheduled_auto", "auto_"))] == [False] * 6
    assert there.components["web"] == "operational"
    assert [each["id"] for each in one["components"]] == ["web", "mails"]

    assert await publisher.publish(of_work("moved", id=32, starts=4, earlier=id)) == id
    assert one["scheduled_for"] == "2026-08-08T16:00:00+00:00"
    await publisher.publish(of_work("begun", id=33, starts=0, earlier=id))
    assert there.components == {"web": "under_maintenance", "mails": "under_maintenance", "other": "operational"}
    await publisher.publish(of_work("overrun", id=34, starts=0, lasts=2, earlier=id))
    assert one["scheduled_until"] == "2026-08-08T14:00:00+00:00"
    assert await publisher.publish(of_work("done", id=35, subject="Finished: Upgrade", earlier=id)) == id
    assert set(there.components.values()) == {"operational"}
    assert (len(there.incidents), one["name"]) == (1, "Finished: Upgrade")
    assert states(there) == ["scheduled", "scheduled", "in_progress", "in_progress", "completed"]


async def test_work_that_names_its_components_touches_no_others(
    publisher: Publisher, there: SimulatedStatuspage, of_work: ToPage
) -> None:
    id = await publisher.publish(of_work(at=["mail", "Warehouse"]))
    assert [each["id"] for each in there.incidents[0]["components"]] == ["mails"]
    await publisher.publish(of_work("begun", id=32, at=["Mail", "Warehouse"], earlier=id))
    assert there.components == {"web": "operational", "mails": "under_maintenance", "other": "operational"}
    await publisher.publish(of_work("done", id=33, at=["Mail", "Warehouse"], earlier=id))
    assert set(there.components.values()) == {"operational"}


async def test_components_the_runbook_had_when_the_work_began_are_restored_at_its_end(
    publisher: Publisher, there: SimulatedStatuspage, of_work: ToPage, parts: PublisherParts
) -> None:
    id = await publisher.publish(of_work("begun"))
    fewer = replace(parts, runbook=read(WITH.replace("mails: {name: Mail}", "other: {name: Other}"), {}))
    await on_the_shelf(fewer)["statuspage"].publish(of_work("done", id=32, earlier=id))
    assert there.components["mails"] == "operational"


async def test_cancelled_work_is_completed_there_and_its_components_stay(
    publisher: Publisher, there: SimulatedStatuspage, of_work: ToPage
) -> None:
    id = await publisher.publish(of_work())
    there.components["web"] = "partial_outage"
    await publisher.publish(of_work("cancelled", id=32, text="It can wait.", earlier=id))
    assert states(there) == ["scheduled", "completed"]
    assert there.incidents[0]["incident_updates"][0]["body"] == "It can wait."
    assert there.components["web"] == "partial_outage"


@pytest.mark.parametrize("fault", [Fault(is_done=True), Fault(502, is_done=True), Fault(500)], ids=str)
@pytest.mark.parametrize("moment", ["announced", "moved", "begun", "done", "cancelled"])
async def test_after_a_lost_response_the_work_is_there_once(
    publisher: Publisher, there: SimulatedStatuspage, of_work: ToPage, fault: Fault, moment: str
) -> None:
    id = None if moment == "announced" else await publisher.publish(of_work())
    there.faults.append(fault)
    again = of_work(moment, id=32, earlier=id)
    with pytest.raises(Unanswered):
        await publisher.publish(again)
    for _ in range(2):
        await publisher.publish(replace(again, unsure=True))
    assert len(there.incidents) == 1
    assert len(states(there)) == (1 if moment == "announced" else 2)


async def test_a_maintenance_created_without_a_response_is_found_by_the_next_update(
    publisher: Publisher, there: SimulatedStatuspage, of_work: ToPage
) -> None:
    there.faults.append(Fault(is_done=True))
    with pytest.raises(Unanswered):
        await publisher.publish(of_work())
    id = await publisher.publish(of_work("begun", id=32))
    assert (len(there.incidents), states(there)) == (1, ["scheduled", "in_progress"])
    await publisher.publish(of_work("done", id=33, earlier=id))
    assert states(there)[-1] == "completed"


@pytest.mark.parametrize("status", [420, 429])
async def test_a_rate_limit_is_respected(
    publisher: Publisher, there: SimulatedStatuspage, of_work: ToPage, status: int
) -> None:
    there.faults.append(Fault(status, {"Retry-After": "17"}, writes=False))
    with pytest.raises(Throttled) as limited:
        await publisher.publish(of_work())
    assert limited.value.retry_after == timedelta(seconds=17)


async def test_a_maintenance_deleted_there_is_recreated_except_to_say_that_it_is_over(
    publisher: Publisher, there: SimulatedStatuspage, of_work: ToPage
) -> None:
    id = await publisher.publish(of_work())
    there.incidents.clear()
    anew = await publisher.publish(of_work("begun", id=32, earlier=id))
    assert (anew != id, states(there)) == (True, ["in_progress"])
    there.incidents.clear()
    with pytest.raises(Rejected, match="deleted"):
        await publisher.publish(of_work("done", id=33, earlier=anew))
    assert there.incidents == []


async def test_a_component_shows_the_worst_state_and_recovers_with_the_last_one(
    publisher: Publisher, there: SimulatedStatuspage, of_work: ToPage, publishing: Publishing
) -> None:
    first = await publisher.publish(of_work("begun"))
    second = await publisher.publish(of_work("begun", work=8, id=32))
    down = await publisher.publish(publishing("statuspage", "abc123", "page", id=33))
    assert there.components["web"] == "major_outage"
    await publisher.publish(of_work("done", id=34, earlier=first))
    assert there.components["web"] == "major_outage"
    resolved = {"moment": "resolved", "status": "resolved", "earlier": down}
    await publisher.publish(publishing("statuspage", "abc123", "page", id=35, **resolved))
    assert there.components["web"] == "under_maintenance"
    await publisher.publish(of_work("done", work=8, id=36, earlier=second))
    assert there.components["web"] == "operational"
