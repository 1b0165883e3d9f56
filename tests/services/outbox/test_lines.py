"""Who goes next when a channel, or a Slack method, is rate-limited."""

from datetime import timedelta

from bot.services.outbox.kinds import ALERT_CARD, CARD
from bot.services.outbox.lines import LONGEST_LINE, Lines

OPENS, NOW = timedelta(hours=1, seconds=30), timedelta(hours=1)
A_SECOND = timedelta(seconds=1)


def turns(lines: Lines, count: int, *, priority: int = ALERT_CARD) -> list[timedelta]:
    return [lines.join("chat.update", priority, opens=OPENS, now=NOW) for _ in range(count)]


def test_the_first_in_line_goes_when_the_limit_lifts_and_a_few_a_second_follow() -> None:
    given = turns(Lines(), 100)
    assert given[0] == OPENS and given == sorted(set(given))
    assert 5 <= sum(turn < OPENS + A_SECOND for turn in given) <= 20


def test_an_urgent_delivery_waits_neither_for_less_urgent_ones_nor_for_other_channels() -> None:
    lines = Lines()
    turns(lines, 1000)
    assert turns(lines, 1, priority=CARD) == [OPENS]
    assert lines.join("chat.postMessage C1", ALERT_CARD, opens=OPENS, now=NOW) == OPENS


def test_nobody_waits_longer_than_the_longest_line_however_many_join() -> None:
    given = turns(Lines(), 50_000)
    assert max(given) <= OPENS + LONGEST_LINE
    # Nor do they all get the same turn: no thundering herd.
    assert len(set(given)) > 1000


def test_a_line_whose_turns_have_passed_is_empty() -> None:
    lines = Lines()
    turns(lines, 1000)
    later = NOW + timedelta(hours=1)
    assert lines.join("chat.update", ALERT_CARD, opens=later + A_SECOND, now=later) == later + A_SECOND


def test_joining_an_open_channel_goes_at_once_unless_others_just_did() -> None:
    lines, a_moment = Lines(), timedelta(milliseconds=1)
    waits = []
    for number in range(100):
        now = NOW + number * a_moment
        waits.append(lines.join("alerts", ALERT_CARD, opens=now, now=now) - now)
    assert waits[0] == timedelta() and waits == sorted(waits)
    assert timedelta(seconds=5) < waits[-1] < timedelta(seconds=20)
