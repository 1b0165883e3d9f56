"""When a claim of another process is over."""

from datetime import UTC, datetime, timedelta

from bot.clock import Clock
from bot.services.outbox.leases import WATCHED_FOR, Watch
from bot.store.outbox.outbox import Lapse

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
MOMENT = timedelta(milliseconds=1)
LAPSED = Lapse(7, NOW)


def watch() -> tuple[Watch, Clock]:
    clock = Clock()
    clock.freeze(NOW)
    return Watch(clock), clock


def test_a_claim_that_is_not_renewed_is_over_when_it_was_watched_for_long_enough() -> None:
    one, clock = watch()
    one.saw([LAPSED])
    assert (one.over, one.left) == ([], WATCHED_FOR)
    clock.move(WATCHED_FOR - MOMENT)
    one.saw([LAPSED])
    assert (one.over, one.left) == ([], MOMENT)
    clock.move(MOMENT)
    assert (one.over, one.left) == ([LAPSED], timedelta(0))


def test_a_claim_that_was_renewed_or_written_down_meanwhile_is_watched_anew() -> None:
    one, clock = watch()
    one.saw([LAPSED])
    clock.move(WATCHED_FOR)
    one.saw([Lapse(7, NOW + MOMENT)])
    assert one.over == []
    one.saw([])
    assert (one.over, one.left) == ([], None)


def test_a_database_that_did_not_answer_gives_whoever_is_alive_the_whole_time_again() -> None:
    one, clock = watch()
    one.saw([LAPSED])
    clock.move(WATCHED_FOR)
    one.was_interrupted()
    one.saw([LAPSED])
    assert one.over == []


def test_a_clock_that_is_set_makes_no_claim_look_older() -> None:
    one, clock = Watch(clock := Clock()), clock
    one.saw([LAPSED])
    clock.correct(datetime(2100, 1, 1, tzinfo=UTC))
    assert one.over == []
