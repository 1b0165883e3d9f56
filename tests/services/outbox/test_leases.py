"""When another process's claim counts as expired."""

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


def test_a_claim_not_renewed_while_watched_long_enough_has_expired() -> None:
    one, clock = watch()
    one.saw([LAPSED])
    assert (one.over, one.left) == ([], WATCHED_FOR)
    clock.move(WATCHED_FOR - MOMENT)
    one.saw([LAPSED])
    assert (one.over, one.left) == ([], MOMENT)
    clock.move(MOMENT)
    assert (one.over, one.left) == ([LAPSED], timedelta(0))


def test_a_claim_renewed_or_recorded_meanwhile_is_watched_from_the_start() -> None:
    one, clock = watch()
    one.saw([LAPSED])
    clock.move(WATCHED_FOR)
    one.saw([Lapse(7, NOW + MOMENT)])
    assert one.over == []
    one.saw([])
    assert (one.over, one.left) == ([], None)


def test_after_a_database_outage_a_claim_gets_its_whole_time_again() -> None:
    one, clock = watch()
    one.saw([LAPSED])
    clock.move(WATCHED_FOR)
    one.was_interrupted()
    one.saw([LAPSED])
    assert one.over == []


def test_setting_the_clock_does_not_make_a_claim_look_older() -> None:
    one, clock = Watch(clock := Clock()), clock
    one.saw([LAPSED])
    clock.correct(datetime(2100, 1, 1, tzinfo=UTC))
    assert one.over == []
