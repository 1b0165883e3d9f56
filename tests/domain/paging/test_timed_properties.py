"""Property tests of delayed ways, loops, working hours, snoozes and answers; the oracle counts worked seconds.

A working day here is a hundred seconds, so that any of this can span a night. The oracle has no calendar: it maps
every instant to the number of seconds worked before it, and compares those.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from hypothesis import assume, example, given, settings
from hypothesis import strategies as some

from bot.domain.paging.escalation import Ladder, Policy, Step, answered, climb, page_again, snooze
from bot.domain.paging.page import Page
from bot.domain.paging.timed_ways import after_snooze, missed_its_hours, put_off, waits_for
from bot.domain.people.working_hours import WorkingHours, begins_after

SECOND = timedelta(seconds=1)
OPENS_S, DAY_S, WORKED_S = 9 * 3600, 86400, 100
HOURS = WorkingHours(frozenset(range(5)), time(9), time(9, 1, 40), ZoneInfo("UTC"))
# The Monday before the Thursday on which work begins.
BEGINNING, MONDAY = datetime(2026, 8, 6, 9, tzinfo=UTC), datetime(2026, 8, 3, tzinfo=UTC)
# Who is in which tier, and the ways each can be reached.
TIERS = {"a": ("ada", "ben"), "b": ("cleo",), "c": ("ada", "cleo")}
USABLE = {"ada": ("slack", "sms", "voice"), "ben": ("slack", "sms"), "cleo": ("sms", "voice")}

Waits = dict[str, dict[str, timedelta]]
Sent = tuple[str, str, str, datetime]


@dataclass(frozen=True)
class Event:
    """`after`: time since the event before. `span`: how long a snooze lasts; `who` acknowledges."""

    what: Literal["look", "acknowledge", "snooze"]
    after: timedelta
    span: timedelta
    who: str


@dataclass
class Real:
    """The real ladder and pages, driven as the services do; `waits`: each tier's delay before each way."""

    waits: Waits
    ladder: Ladder
    answered_by: set[str] = field(default_factory=set)
    waiting: list[Page] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)

    def happens(self, event: Event, now: datetime) -> None:
        policy = self.ladder.policy
        if event.what == "look":
            self._look(now)
            self._send(now)
        elif event.what == "acknowledge":
            self.ladder = answered(self.ladder)
            self.answered_by.add(event.who)
            goes_on = policy.stops_on == "resolved"
            self.waiting = [page for page in self.waiting if goes_on and page.person != event.who]
        elif self.ladder.next_at:
            until = now + event.span
            self.ladder = snooze(self.ladder, until)
            moved = put_off([page for page in self.waiting if page.is_to_come(now)], until, policy)
            leaving = {page.id: after_snooze(page, policy, until) for page in self.waiting if page.id not in moved}
            self.waiting = [_at(page, (moved | leaving)[page.id], now) for page in self.waiting]

    def _look(self, now: datetime) -> None:
        ladder, begins = self.ladder, self.ladder.policy.begins(now)
        if ladder.next_at and ladder.next_at <= now:
            move = climb(ladder, now)
            self.ladder = move.ladder if begins == now else replace(ladder, next_at=begins)
        elif ladder.again_at and ladder.again_at <= now:
            move = page_again(ladder, now)
            self.ladder = move.ladder if begins == now else replace(ladder, again_at=begins)
        else:
            return
        if begins == now and move.step:
            self._page(move.step.tier, now)

    def _page(self, tier: str, now: datetime) -> None:
        for who in TIERS[tier]:
            for via, wait in waits_for(self.waits[tier], USABLE[who]).items() if who not in self.answered_by else ():
                due_at = begins_after(self.ladder.policy.hours, now, wait) if wait else now
                page = _page(len(self.sent) * 1000 + len(self.waiting), tier, who, via)
                self.waiting.append(_at(page, due_at, now) if wait else replace(page, due_at=now))

    def _send(self, now: datetime) -> None:
        for page in [page for page in self.waiting if page.due_at <= now]:
            self.waiting.remove(page)
            if until := missed_its_hours(page, self.ladder.policy, now):
                self.waiting.append(_at(page, until, now))
            else:
                self.sent.append((page.tier or "", page.person, page.via, now))


def _at(page: Page, due_at: datetime, now: datetime) -> Page:
    # Due at closing time or at the next opening is the same number of worked seconds, so the oracle can't tell.
    assume((due_at - MONDAY).total_seconds() % DAY_S != OPENS_S + WORKED_S)
    return replace(page, due_at=due_at, planned_at=now)


def _page(number: int, tier: str, who: str, via: str) -> Page:
    return Page(
        id=number, incident_id=1, run=1, loop=0, step=0, tier=tier, person=who, via=via, contact="", reason=None,
        late=False, state="waiting", attempts=0, due_at=BEGINNING, first_attempt_at=None, accepted_at=None,
        reference=None, error=None,
    )  # fmt: skip


@dataclass
class Due:
    """A page not sent yet; its time in worked seconds."""

    tier: str
    who: str
    via: str
    at: float


@dataclass
class Oracle:
    """In worked seconds: when the next step, the next repeat, and each page is due."""

    policy: Policy
    waits: Waits
    left: list[Step]
    step_at: float | None = 0.0
    again_at: float | None = None
    last: Step | None = None
    answered_by: set[str] = field(default_factory=set)
    pages: list[Due] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)

    def worked(self, at: datetime) -> float:
        if self.policy.hours is None:
            return (at - BEGINNING).total_seconds()
        return _worked(at) - _worked(BEGINNING)

    def is_open(self, at: datetime) -> bool:
        days, seconds = divmod((at - MONDAY).total_seconds(), DAY_S)
        return self.policy.hours is None or (days % 7 < 5 and OPENS_S <= seconds < OPENS_S + WORKED_S)

    def happens(self, event: Event, now: datetime) -> None:
        at = self.worked(now)
        if event.what == "look" and not self.is_open(now):
            self._miss(at)
        elif event.what == "look":
            self._look(at)
            self.sent += [(page.tier, page.who, page.via, now) for page in self.pages if page.at <= at]
            self.pages = [page for page in self.pages if page.at > at]
        elif event.what == "acknowledge":
            self.answered_by.add(event.who)
            if self.policy.stops_on == "acknowledged":
                self.step_at, self.again_at, self.pages = None, None, []
            self.pages = [page for page in self.pages if page.who != event.who]
        elif event.what == "snooze" and self.step_at is not None:
            self._snooze(at, self.worked(now + event.span), is_open=self.is_open(now))

    def _miss(self, at: float) -> None:
        """Moves whatever came due while nobody looked to the next opening."""
        self.step_at = max(self.step_at, at) if self.step_at is not None else None
        self.again_at = max(self.again_at, at) if self.again_at is not None else None
        for page in self.pages:
            page.at = max(page.at, at)

    def _look(self, at: float) -> None:
        if self.step_at is not None and self.step_at <= at:
            self.step_at, self.again_at, self.last = None, None, None
            if self.left:
                self.last = self.left.pop(0)
                self.step_at = at + self.last.wait.total_seconds()
        elif self.again_at is None or self.again_at > at:
            return
        if self.last is None:
            return
        self._page(self.last.tier, at)
        again_at = at + self.last.again.total_seconds() if self.last.again else None
        self.again_at = again_at if again_at and self.step_at is not None and again_at < self.step_at else None

    def _page(self, tier: str, at: float) -> None:
        for who in [who for who in TIERS[tier] if who not in self.answered_by]:
            ways = {via: wait.total_seconds() for via, wait in self.waits[tier].items() if via in USABLE[who]}
            is_kept_waiting = 0 not in ways.values() and timedelta(0) in self.waits[tier].values()
            self.pages += [Due(tier, who, via, at if is_kept_waiting else at + wait) for via, wait in ways.items()]

    def _snooze(self, at: float, until: float, *, is_open: bool) -> None:
        self.step_at = max(self.step_at or 0, until)
        self.again_at = max(self.again_at, until) if self.again_at is not None else None
        to_come = [page for page in self.pages if page.at > at or (page.at == at and not is_open)]
        first = min((page.at for page in to_come), default=until)
        for page in self.pages:
            page.at = max(page.at, until + page.at - first) if page in to_come else until


def _worked(at: datetime) -> float:
    """Seconds worked since that Monday began."""
    days, seconds = divmod((at - MONDAY).total_seconds(), DAY_S)
    today = min(max(seconds - OPENS_S, 0), WORKED_S) if days % 7 < 5 else 0
    return (days // 7 * 5 + min(days % 7, 5)) * WORKED_S + today


SPANS = some.integers(1, 70).map(lambda number: number * SECOND)
WAITS = some.dictionaries(
    some.sampled_from(["slack", "sms", "voice"]), some.one_of(some.just(0 * SECOND), SPANS), min_size=1
)
STEPS = some.builds(Step, some.sampled_from("abc"), SPANS, some.one_of(some.none(), SPANS))
POLICIES = some.builds(
    Policy,
    some.lists(STEPS, min_size=1, max_size=3).map(tuple),
    some.integers(0, 1),
    some.sampled_from(["acknowledged", "resolved"]),
    hours=some.sampled_from([None, HOURS]),
)
TIER_WAITS = some.fixed_dictionaries(dict.fromkeys(TIERS, WAITS))
# A moment, or long enough to span a night or a weekend.
GAPS = some.one_of(*[some.integers(0, most) for most in (3, 60, 200, 3 * DAY_S)]).map(lambda number: number * SECOND)
WHATS = some.one_of(some.just("look"), some.just("look"), some.sampled_from(["look", "acknowledge", "snooze"]))
EVENTS = some.lists(some.builds(Event, WHATS, GAPS, GAPS, some.sampled_from(list(USABLE))), max_size=40)


# A snooze while one way is due today and another on the next working day.
ACROSS_THE_NIGHT = [
    Event("look", 0 * SECOND, 0 * SECOND, "ada"),
    Event("snooze", 60 * SECOND, 5 * SECOND, "ada"),
    Event("look", DAY_S * SECOND, 0 * SECOND, "ada"),
]


@settings(max_examples=300)
@example(
    Policy((Step("a", 400 * SECOND),), 0, "acknowledged", hours=HOURS),
    {"a": {"slack": 0 * SECOND, "sms": 70 * SECOND, "voice": 120 * SECOND}},
    ACROSS_THE_NIGHT,
)
@given(POLICIES, TIER_WAITS, EVENTS)
def test_every_step_and_page_comes_when_and_to_whom_the_oracle_says(
    policy: Policy, waits: Waits, events: Sequence[Event]
) -> None:
    real = Real(waits, Ladder(policy, next_at=BEGINNING))
    oracle, now = Oracle(policy, waits, list(policy.steps) * (policy.repeat + 1)), BEGINNING
    for event in events:
        now += event.after
        for one in (event, replace(event, what="look")):
            real.happens(one, now)
            oracle.happens(one, now)
            assert sorted(real.sent) == sorted(oracle.sent), one
            assert _to_come(real, oracle) == sorted((page.tier, page.who, page.via, page.at) for page in oracle.pages)
            # Anything overdue happens at the next look.
            ladder = [max(at, now) if at else None for at in (real.ladder.next_at, real.ladder.again_at)]
            expected = [at if at is None else max(at, oracle.worked(now)) for at in (oracle.step_at, oracle.again_at)]
            assert [oracle.worked(at) if at else None for at in ladder] == expected, one


def _to_come(real: Real, oracle: Oracle) -> list[tuple[str, str, str, float]]:
    return sorted((page.tier or "", page.person, page.via, oracle.worked(page.due_at)) for page in real.waiting)
