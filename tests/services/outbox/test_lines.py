"""Who asks next where a channel, or a method of Slack's, takes no more for now."""

from datetime import timedelta

from bot.services.outbox.kinds import ALERT_CARD, CARD
from bot.services.outbox.lines import LONGEST_LINE, Lines

OPENS, NOW = timedelta(hours=1, seconds=30), timedelta(hours=1)
A_SECOND = timedelta(seconds=1)


def turns(lines: Lines, count: int, *, priority: int = ALERT_CARD) -> list[timedelta]:
    return [lines.join("chat.update", priority, opens=OPENS, now=NOW) for _ in range(count)]


def test_the_first_asks_when_it_opens_and_a_few_a_second_after_it() -> None:
    given = turns(Lines(), 100)
    assert given[0] == OPENS and given == sorted(set(given))
    assert 5 <= sum(turn < OPENS + A_SECOND for turn in given) <= 20


def test_what_is_urgent_stands_behind_nothing_that_is_less_so_and_behind_no_other_place() -> None:
    lines = Lines()
    turns(lines, 1000)
    assert turns(lines, 1, priority=CARD) == [OPENS]
    assert lines.join("chat.postMessage C1", ALERT_CARD, opens=OPENS, now=NOW) == OPENS


def test_nobody_waits_for_longer_than_the_longest_line_however_many_join_and_step_out_again() -> None:
    given = turns(Lines(), 50_000)
    assert max(given) <= OPENS + LONGEST_LINE
    # And they are not all there at once either.
    assert len(set(given)) > 1000


def test_a_line_that_has_had_its_turns_is_none_any_more() -> None:
    lines = Lines()
    turns(lines, 1000)
    later = NOW + timedelta(hours=1)
    assert lines.join("chat.update", ALERT_CARD, opens=later + A_SECOND, now=later) == later + A_SECOND


def test_who_joins_a_place_that_is_open_has_its_turn_at_once_unless_others_came_just_now() -> None:
    lines, a_moment = Lines(), timedelta(milliseconds=1)
    waits = []
    for number in range(100):
        now = NOW + number * a_moment
        waits.append(lines.join("alerts", ALERT_CARD, opens=now, now=now) - now)
    assert waits[0] == timedelta() and waits == sorted(waits)
    assert timedelta(seconds=5) < waits[-1] < timedelta(seconds=20)
