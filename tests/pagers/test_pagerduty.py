"""Pages through PagerDuty: one alert there per incident here, which follows it to its end."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.clock import Clock
from bot.domain.errors import Failed, Rejected, Throttled, Unanswered
from bot.domain.paging.page import Page
from bot.domain.paging.provider_alert import AlertState, ProviderAlert
from bot.pagers.pagerduty import PagerDutyPager
from bot.rendering import Rendering
from bot.runbook import Runbook, read
from bot.wire.http_client import http_client
from tests.pagers.conftest import IMPATIENT, NOON, Calling
from tests.pagers.conftest import RUNBOOK as TEAM
from tests.provider import NO_ANSWERS, Provider, provider

KEY = f"tocsin-INC-12.{NOON.timestamp():.0f}"
ROUTING_KEY = "R0UTINGKEY"
INVALID = b'{"status": "invalid event", "message": "Event object is invalid"}'
TO_ADA: dict[str, Any] = {"via": "pagerduty", "contact": "PagerDuty"}


@pytest.fixture
async def duty() -> AsyncIterator[Provider]:
    async with provider() as one:
        yield one


@pytest.fixture
def runbook() -> Runbook:
    more = "".join(f"\n  - {{id: P{number}, name: Lower}}" for number in range(2, 6))
    return read(TEAM.rstrip() + more, {})


@pytest.fixture
async def pager(
    duty: Provider, clock: Clock, rendering: Rendering, runbook: Runbook, timeout_s: float
) -> AsyncIterator[PagerDutyPager]:
    async with http_client() as session:
        yield PagerDutyPager(
            session, clock, rendering, runbook, the_first,
            url=f"{duty.url}/v2/enqueue", routing_key=ROUTING_KEY, timeout_s=timeout_s,
        )  # fmt: skip


async def the_first(page: Page, key: str) -> str:
    return key


def alert(state: AlertState, key: str = KEY) -> ProviderAlert:
    return ProviderAlert(12, "pagerduty", 1, key, NOON, state, None)


async def test_a_page_is_a_trigger_that_names_the_incident(
    pager: PagerDutyPager, duty: Provider, calling: Calling
) -> None:
    assert await pager.page(calling(**TO_ADA, reason="You know the gateway")) == KEY

    (request,) = duty.received
    assert request.path == "/v2/enqueue"
    assert request.json == {
        "routing_key": ROUTING_KEY,
        "event_action": "trigger",
        "dedup_key": KEY,
        "payload": {
            "summary": "P1: Payments failing (INC-12)",
            "source": "Example Tutors",
            "severity": "critical",
            "timestamp": "2026-08-08T12:00:00+00:00",
            "custom_details": {
                "severity": "P1 Critical", "tier": "On-call Engineer", "reason": "You know the gateway",
                "room": "#inc-2026-08-08-payments-failing",
            },
        },
    }  # fmt: skip


async def test_pagerduty_learns_nothing_about_a_private_incident(
    pager: PagerDutyPager, duty: Provider, calling: Calling
) -> None:
    private = {"private": True, "room_name": "inc-2026-08-08-inc-12"}
    await pager.page(calling(**TO_ADA, reason="Payments were stolen", incident=private))

    (request,) = duty.received
    assert request.json["payload"]["summary"] == "P1: private incident INC-12, open Slack"
    assert "ayments" not in str(request.json)


@pytest.mark.parametrize(
    ("severity", "word"),
    [("P1", "critical"), ("P2", "error"), ("P3", "warning"), ("P4", "info"), ("P5", "info"), ("gone", "info")],
)
async def test_the_runbooks_severities_map_to_pagerdutys_four(
    pager: PagerDutyPager, duty: Provider, calling: Calling, severity: str, word: str
) -> None:
    await pager.page(calling(**TO_ADA, incident={"severity": severity}))

    assert duty.received[0].json["payload"]["severity"] == word


async def test_later_events_use_the_alerts_own_key(pager: PagerDutyPager, duty: Provider) -> None:
    assert await pager.follow(alert("acknowledged")) == KEY
    assert await pager.follow(alert("resolved", f"{KEY}-2")) == f"{KEY}-2"

    assert [(one.json["event_action"], one.json["dedup_key"]) for one in duty.received] == [
        ("acknowledge", KEY),
        ("resolve", f"{KEY}-2"),
    ]


async def test_for_an_unacknowledged_alert_there_is_nothing_to_report(pager: PagerDutyPager, duty: Provider) -> None:
    assert await pager.follow(alert("open")) is None
    assert duty.received == []


@pytest.mark.parametrize(
    ("status", "kind"), [(400, Rejected), (403, Unanswered), (429, Throttled), (500, Unanswered), (503, Unanswered)]
)
async def test_only_a_2xx_counts_as_accepted_and_only_a_400_as_refused(
    pager: PagerDutyPager, duty: Provider, calling: Calling, status: int, kind: type[Failed]
) -> None:
    duty.answers(status, INVALID)

    with pytest.raises(kind, match=f"PagerDuty says {status}"):
        await pager.page(calling(**TO_ADA))


@pytest.mark.parametrize(("status", "body"), [*NO_ANSWERS, (200, b"{}"), (202, INVALID), (400, b"{}")])
async def test_an_answer_that_is_not_pagerdutys_leaves_the_outcome_unknown(
    pager: PagerDutyPager, duty: Provider, calling: Calling, status: int, body: bytes
) -> None:
    duty.answers(status, body)

    with pytest.raises(Unanswered, match=f"PagerDuty says {status}"):
        await pager.page(calling(**TO_ADA))


async def test_pagerdutys_reason_is_reported_without_the_key(
    pager: PagerDutyPager, duty: Provider, calling: Calling
) -> None:
    said = INVALID.replace(b"}", f', "errors": ["{ROUTING_KEY} is no routing key"]}}'.encode())
    duty.answers(400, said)

    with pytest.raises(Rejected, match="PagerDuty says 400 Event object is invalid … is no routing key"):
        await pager.page(calling(**TO_ADA))


@IMPATIENT
async def test_a_silent_pagerduty_may_have_accepted_the_page(
    pager: PagerDutyPager, duty: Provider, calling: Calling
) -> None:
    duty.hangs = True

    with pytest.raises(Unanswered):
        await pager.page(calling(**TO_ADA))
