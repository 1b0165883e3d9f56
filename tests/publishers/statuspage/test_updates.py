"""Updates on statuspage.io: one incident there for each of ours, even when responses are lost."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.clock import Clock
from bot.domain.errors import Rejected, Throttled, Unanswered, Unreachable
from bot.domain.incidents.incident import Incident
from bot.publishers import Publication, Publisher, PublisherParts, on_the_shelf
from bot.runbook import read
from bot.sandbox.statuspage import Fault, SimulatedStatuspage
from bot.settings import Settings
from tests.publishers.conftest import Publishing
from tests.publishers.statuspage.conftest import WITH


@pytest.fixture
def to_page(publishing: Publishing) -> Publishing:
    def make(moment: str = "declared", **said: object) -> Publication:
        return publishing("statuspage", "abc123", "page", moment=moment, **said)

    return make


def said(there: SimulatedStatuspage, number: int = 0) -> list[tuple[str, str]]:
    """What readers see of one incident, oldest first."""
    return [(one["status"], one["body"]) for one in reversed(there.incidents[number]["incident_updates"])]


async def test_an_incident_is_created_at_the_first_update_continued_and_resolved_there(
    publisher: Publisher, there: SimulatedStatuspage, to_page: Publishing
) -> None:
    id = await publisher.publish(to_page())
    assert (there.incidents[0]["name"], there.incidents[0]["impact"]) == ("Payments fail", "critical")
    assert there.components == {"web": "major_outage", "mails": "major_outage", "other": "operational"}

    more = to_page("update", id=32, status="mitigating", text="We found it.", subject="Update", earlier=id)
    assert await publisher.publish(more) == id
    assert await publisher.publish(to_page("resolved", id=33, status="resolved", text="Fixed.", earlier=id)) == id
    assert said(there) == [
        ("investigating", "We're looking into it."), ("identified", "We found it."), ("resolved", "Fixed."),
    ]  # fmt: skip
    assert there.incidents[0]["name"] == "Payments fail"
    assert set(there.components.values()) == {"operational"}
    await publisher.publish(to_page("all_clear", id=34, status="resolved", text="It held.", earlier=id))
    assert said(there)[-1] == ("resolved", "It held.")
    assert len(there.incidents) == 1


@pytest.mark.parametrize("fault", [Fault(is_done=True), Fault(502, is_done=True), Fault(500)], ids=str)
@pytest.mark.parametrize("moment", ["declared", "resolved"])
async def test_after_a_lost_response_there_is_one_incident(
    publisher: Publisher, there: SimulatedStatuspage, to_page: Publishing, fault: Fault, moment: str
) -> None:
    status = "resolved" if moment == "resolved" else "investigating"
    there.faults.append(fault)
    with pytest.raises(Unanswered):
        await publisher.publish(to_page(moment, status=status))
    id = await publisher.publish(to_page(moment, status=status, unsure=True))

    assert [one["id"] for one in there.incidents] == [id]
    assert said(there) == [(status, "We're looking into it.")]


@pytest.mark.parametrize("fault", [Fault(is_done=True), Fault(503, is_done=True), Fault(504)], ids=str)
@pytest.mark.parametrize("moment", ["update", "resolved", "reopened"])
async def test_an_update_whose_response_was_lost_is_there_once(
    publisher: Publisher, there: SimulatedStatuspage, to_page: Publishing, fault: Fault, moment: str
) -> None:
    id = await publisher.publish(to_page())
    status = "resolved" if moment == "resolved" else "monitoring"
    there.faults.append(fault)
    with pytest.raises(Unanswered):
        await publisher.publish(to_page(moment, id=32, status=status, text="News.", earlier=id))
    again = to_page(moment, id=32, status=status, text="News.", earlier=id, unsure=True)
    assert await publisher.publish(again) == id
    assert await publisher.publish(again) == id

    assert len(there.incidents) == 1
    assert said(there) == [("investigating", "We're looking into it."), (status, "News.")]


async def test_a_first_update_accepted_without_a_response_is_found_by_the_next_one(
    publisher: Publisher, there: SimulatedStatuspage, to_page: Publishing
) -> None:
    there.faults.append(Fault(is_done=True))
    with pytest.raises(Unanswered):
        await publisher.publish(to_page())
    await publisher.publish(to_page("update", id=32, text="News."))

    assert len(there.incidents) == 1
    assert len(said(there)) == 2


@pytest.mark.parametrize("status", [420, 429])
async def test_a_rate_limit_is_respected_for_as_long_as_it_says(
    publisher: Publisher, there: SimulatedStatuspage, to_page: Publishing, status: int
) -> None:
    for writes in (False, True):
        there.faults.append(Fault(status, {"Retry-After": "17"}, writes=writes))
        with pytest.raises(Throttled) as limited:
            await publisher.publish(to_page())
        assert limited.value.retry_after == timedelta(seconds=17)
    there.faults.append(Fault(status))
    with pytest.raises(Throttled) as limited:
        await publisher.publish(to_page())
    assert limited.value.retry_after == timedelta(seconds=60)
    await publisher.publish(to_page())
    assert len(there.incidents) == 1


async def test_while_the_search_fails_nothing_is_changed_and_nothing_is_claimed(
    publisher: Publisher, there: SimulatedStatuspage, to_page: Publishing
) -> None:
    # The client itself retries a GET once when a kept-alive connection closes.
    for faults in ([Fault(502, writes=False)], [Fault(writes=False)] * 2):
        there.faults.extend(faults)
        with pytest.raises(Unreachable):
            await publisher.publish(to_page())
    assert there.incidents == []
    assert not [one for one in there.asked if not one.startswith("GET")]


async def test_a_refusal_is_reported_in_statuspages_words(
    publisher: Publisher, there: SimulatedStatuspage, to_page: Publishing
) -> None:
    there.unknown = {"web"}
    with pytest.raises(Rejected, match="422 Component not found"):
        await publisher.publish(to_page())
    there.unknown = {"abc123"}
    with pytest.raises(Rejected, match="404 Record not found"):
        await publisher.publish(to_page())


async def test_a_wrong_token_is_refused_and_not_shown(
    parts: PublisherParts, there: SimulatedStatuspage, to_page: Publishing, clock: Clock
) -> None:
    wrong = Settings.from_environment({**there.environ, "STATUSPAGE_TOKEN": "wr0ng"})
    with pytest.raises(Rejected, match="401 Could not authenticate") as refused:
        await on_the_shelf(replace(parts, settings=wrong))["statuspage"].publish(to_page())
    assert "wr0ng" not in str(refused.value)


@pytest.mark.parametrize("reopens", [True, False])
async def test_a_reopened_incident_is_open_there_again_or_recreated(
    publisher: Publisher, there: SimulatedStatuspage, to_page: Publishing, reopens: bool
) -> None:
    there.reopens = reopens
    id = await publisher.publish(to_page())
    await publisher.publish(to_page("resolved", id=32, status="resolved", earlier=id))
    second = await publisher.publish(to_page("reopened", id=33, text="Back.", earlier=id))
    await publisher.publish(to_page("update", id=34, text="More.", earlier=id))
    await publisher.publish(to_page("resolved", id=35, status="resolved", text="Fixed.", earlier=id))

    assert (second == id) is reopens
    assert len(there.incidents) == (1 if reopens else 2)
    assert said(there)[-3:] == [("investigating", "Back."), ("investigating", "More."), ("resolved", "Fixed.")]
    assert [one["status"] for one in there.incidents] == ["resolved"] * len(there.incidents)
    assert set(there.components.values()) == {"operational"}


async def test_an_incident_deleted_there_is_recreated(
    publisher: Publisher, there: SimulatedStatuspage, to_page: Publishing
) -> None:
    id = await publisher.publish(to_page())
    there.incidents.clear()
    await publisher.publish(to_page("update", id=32, text="News.", earlier=id))
    await publisher.publish(to_page("update", id=33, text="More.", earlier=id))
    assert [one[1] for one in said(there)] == ["News.", "More."]


def another(publication: Publication, number: int) -> Publication:
    """The same update, about another incident of ours."""
    assert isinstance(publication.about, Incident)
    return replace(publication, about=replace(publication.about, id=number))


async def test_a_component_recovers_only_when_no_other_open_incident_affects_it(
    publisher: Publisher, there: SimulatedStatuspage, to_page: Publishing
) -> None:
    slow = await publisher.publish(another(to_page(id=31, severity="P2"), 13))
    assert there.components["web"] == "partial_outage"
    down = await publisher.publish(to_page(id=32))
    assert there.components["web"] == "major_outage"
    await publisher.publish(another(to_page("update", id=33, severity="P2", earlier=slow), 13))
    assert there.components["web"] == "major_outage"
    await publisher.publish(to_page("resolved", id=34, status="resolved", earlier=down))
    assert there.components["web"] == "partial_outage"
    await publisher.publish(another(to_page("resolved", id=35, status="resolved", earlier=slow), 13))
    assert there.components["web"] == "operational"


async def test_a_components_state_set_by_somebody_else_stays(
    publisher: Publisher, there: SimulatedStatuspage, to_page: Publishing
) -> None:
    there.components["web"] = "under_maintenance"
    there.incidents.append({
        "id": "theirs", "page_id": "abc123", "status": "identified", "metadata": {}, "name": "By hand",
        "incident_updates": [], "components": [{"id": "web", "status": "under_maintenance"}],
    })  # fmt: skip
    id = await publisher.publish(to_page())
    assert there.components["web"] == "major_outage"
    there.components["web"] = "under_maintenance"
    await publisher.publish(to_page("resolved", id=32, status="resolved", earlier=id))
    assert (there.components["web"], there.components["mails"]) == ("under_maintenance", "operational")


async def test_a_post_mortem_is_published_with_its_incident(
    publisher: Publisher, there: SimulatedStatuspage, to_page: Publishing
) -> None:
    id = await publisher.publish(to_page())
    await publisher.publish(to_page("resolved", id=32, status="resolved", earlier=id))
    words = "Read it at https://example.com/pm"
    for unsure in (False, True):
        await publisher.publish(to_page("postmortem", id=33, status="resolved", text=words, earlier=id, unsure=unsure))
    assert there.postmortems == {id: {"body": words, "published": True}}


async def test_a_components_state_in_the_runbook_is_used_as_given(
    parts: PublisherParts, there: SimulatedStatuspage, to_page: Publishing
) -> None:
    own = read(WITH.replace("{web: {}, mails: {name: Mail}}", "{web: degraded_performance}"), {})
    await on_the_shelf(replace(parts, runbook=own))["statuspage"].publish(to_page())
    assert (there.components["web"], there.components["mails"]) == ("degraded_performance", "operational")
