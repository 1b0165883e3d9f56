"""The simulated ladder (`who would be paged when`) behaves like the real one."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as some

from bot.domain.paging.escalation import Policy, Step
from bot.domain.paging.simulation import PlannedPage, simulate
from bot.domain.people.working_hours import WorkingHours

NOW = datetime(2026, 8, 6, 14, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def policy(*waits: int, repeat: int = 0) -> Policy:
    steps = tuple(Step(f"tier{number}", wait * MINUTE) for number, wait in enumerate(waits))
    return Policy(steps, repeat, "acknowledged")


def everybody(tier: str, at: datetime) -> list[PlannedPage]:
    return [PlannedPage(tier, "slack")]


@given(some.lists(some.integers(1, 60), min_size=1, max_size=5), some.integers(0, 3))
def test_when_everybody_can_be_reached_each_tier_has_its_whole_wait(waits: list[int], repeat: int) -> None:
    found = simulate(policy(*waits, repeat=repeat), NOW, everybody)
    every_wait = waits * (repeat + 1)
    assert [rung.at for rung in found.rungs] == [NOW + sum(every_wait[:n]) * MINUTE for n in range(len(every_wait))]
    assert found.ends_at == NOW + sum(every_wait) * MINUTE


def test_a_tier_that_is_empty_or_unreachable_is_skipped_at_once() -> None:
    def ways(tier: str, at: datetime) -> list[PlannedPage]:
        gaps = {"tier0": [], "tier1": [PlannedPage("ben", "sms", "no phone number")]}
        return gaps.get(tier, [PlannedPage("cleo", "sms", "no phone number"), PlannedPage("cleo", "slack")])

    found = simulate(policy(15, 30, 45), NOW, ways)
    assert [(rung.at, rung.reaches) for rung in found.rungs] == [(NOW, False), (NOW, False), (NOW, True)]
    assert found.ends_at == NOW + 45 * MINUTE


def test_nobody_is_paged_at_closing_time_but_at_the_next_opening() -> None:
    hours = WorkingHours(frozenset(range(7)), time(9), time(15), ZoneInfo("UTC"))
    found = simulate(replace(policy(60, 30), hours=hours), NOW, everybody)
    tomorrow = datetime(2026, 8, 7, 9, 0, tzinfo=UTC)
    assert [rung.at for rung in found.rungs] == [NOW, tomorrow]
    assert found.ends_at == tomorrow + 30 * MINUTE


def test_a_tiers_members_are_looked_up_for_the_instant_of_its_step() -> None:
    asked: list[datetime] = []

    def ways(tier: str, at: datetime) -> list[PlannedPage]:
        asked.append(at)
        return everybody(tier, at)

    simulate(policy(15, 30), NOW, ways)
    assert asked == [NOW, NOW + 15 * MINUTE]
