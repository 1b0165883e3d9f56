"""The ladder: who is next, when, and when it ends."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as some

from bot.domain.paging.escalation import (
    LATE_AFTER,
    Ladder,
    Policy,
    Step,
    answered,
    climb,
    is_late,
    snooze,
    started_again,
    stopped,
)

NOW = datetime(2026, 8, 6, 14, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TWO = Policy((Step("oncall", 15 * MINUTE), Step("lead", 30 * MINUTE)), 0, "acknowledged")


def policies() -> some.SearchStrategy[Policy]:
    steps = some.lists(
        some.builds(Step, some.sampled_from(["a", "b", "c"]), some.timedeltas(MINUTE, timedelta(hours=9))), max_size=4
    )
    return some.builds(Policy, steps.map(tuple), some.integers(0, 3), some.just("acknowledged"))


def test_a_steps_wait_counts_from_the_moment_the_step_is_taken() -> None:
    late = NOW + timedelta(hours=2)
    taken = climb(Ladder(TWO, next_at=NOW), late)
    assert taken.step == TWO.steps[0]
    assert taken.ladder.next_at == late + 15 * MINUTE


def test_after_the_last_wait_nobody_is_left() -> None:
    first = climb(Ladder(TWO, next_at=NOW), NOW)
    second = climb(first.ladder, NOW)
    assert second.step == TWO.steps[1]
    assert second.ladder.next_at == NOW + 30 * MINUTE
    end = climb(second.ladder, NOW)
    assert end.step is None
    assert (end.ladder.state, end.ladder.next_at) == ("exhausted", None)


@given(policies())
def test_every_step_is_taken_once_per_loop_in_order_and_then_the_ladder_ends(policy: Policy) -> None:
    ladder, taken = Ladder(policy, next_at=NOW), []
    while (move := climb(ladder, NOW)).step is not None:
        taken.append((move.loop, move.index))
        assert move.ladder.last == (move.loop, move.index)
        ladder = move.ladder
    loops = policy.repeat + 1 if policy.steps else 0
    assert taken == [(loop, index) for loop in range(loops) for index in range(len(policy.steps))]
    assert move.ladder.next_at is None


@given(policies())
def test_a_policy_survives_a_round_trip_through_the_database(policy: Policy) -> None:
    assert Policy.from_json(policy.as_json()) == policy


def test_an_acknowledgement_stops_the_timers_unless_the_policy_waits_for_the_resolution() -> None:
    running = Ladder(TWO, next_at=NOW)
    assert answered(running).next_at is None
    stubborn = Ladder(Policy(TWO.steps, 0, "resolved"), next_at=NOW)
    assert answered(stubborn) == stubborn
    assert stopped(stubborn).next_at is None


def test_escalating_by_hand_after_an_acknowledgement_sets_no_timer() -> None:
    assert climb(answered(Ladder(TWO, next_at=NOW)), NOW).ladder.next_at is None


def test_a_snooze_never_makes_a_step_come_sooner() -> None:
    soon = Ladder(TWO, next_at=NOW + MINUTE)
    assert snooze(soon, NOW + 15 * MINUTE).next_at == NOW + 15 * MINUTE
    assert snooze(soon, NOW).next_at == NOW + MINUTE
    assert snooze(stopped(soon), NOW + MINUTE).next_at is None


def test_a_new_run_begins_at_the_first_step_with_a_position_of_its_own() -> None:
    before = climb(Ladder(TWO, next_at=NOW), NOW).ladder
    after = started_again(before, TWO, NOW)
    assert (after.run, after.loop, after.step, after.next_at, after.state) == (2, 0, 0, NOW, "climbing")
    assert after.position != Ladder(TWO).position


def test_a_page_is_late_when_it_is_more_than_two_seconds_overdue() -> None:
    assert not is_late(NOW, NOW + LATE_AFTER)
    assert is_late(NOW, NOW + LATE_AFTER + timedelta(milliseconds=1))
