"""What leaves the house: delivery kinds, how urgent each is, and what can become of an attempt."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Generic, Literal, TypeVar

from bot.domain.errors import Throttled, TocsinError, Unreachable
from bot.store.outbox.outbox import Delivery
from bot.store.pipelined import Connection

# Smaller goes first.
FIRST_PAGE, PAGE, ROOM, CARD, UPDATE, ALERT_CARD = range(6)
LEAST_URGENT = ALERT_CARD

# Who takes what leaves by these; whatever is not named is its own.
TAKEN_BY = {"email": "mail"}

FIRST_BACKOFF = timedelta(seconds=1)
LONGEST_BACKOFF = timedelta(minutes=1)


class NoLongerWanted(TocsinError):
    """What was to be sent makes no sense any more; nothing was sent by this attempt.

    `unsure`: an earlier one may have been accepted unheard, and that is not found out any more.
    """

    def __init__(self, message: str = "", *, unsure: bool = False) -> None:
        super().__init__(message)
        self.unsure = unsure


# Asked in the transaction that writes the waiting down, and holding the lock that makes the answer firm: is it there?
IsThere = Callable[[Connection], Awaitable[bool]]


class NotYet(TocsinError):
    """What was to be sent must wait for something else, such as the incident's room; nothing was sent.

    Whoever makes the thing wakes what waits for it. `is_there` catches that it was made while we noticed it missing;
    None: nobody wakes it, so it looks again every few seconds.
    """

    def __init__(self, message: str, is_there: IsThere | None = None) -> None:
        super().__init__(message)
        self.is_there = is_there


class PutOff(TocsinError):
    """What was to be sent is sent at another time, `until`; nothing was sent, and that is no attempt."""

    def __init__(self, message: str, until: datetime) -> None:
        super().__init__(message)
        self.until = until


class NotSetUp(Unreachable):
    """This process has no credentials for a way. Whoever has put it in has, so another process may send it yet."""

    def __init__(self, name: str) -> None:
        super().__init__(not_set_up(name))


class NotKnownHere(Unreachable):
    """This process's runbook has no such thing. Another's may, while they are given a new one; after `WAITED_FOR` there
    is nobody."""

    WAITED_FOR: ClassVar[timedelta] = timedelta(minutes=10)


def not_set_up(name: str) -> str:
    return f"{name} is not set up here; `tocsin doctor` says what is missing"


# What the other side returns: of each delivery kind another type, written as text for the row by its `str`.
R = TypeVar("R")
State = Literal["sent", "refused", "gave_up", "cancelled", "waiting"]


@dataclass(frozen=True)
class Outcome(Generic[R]):
    """What became of an attempt. `waiting` = it will be tried again. `returned`: by `send`, when it is `sent`.

    `was_tried`: unless the other side is not asked for now. `limit`: what it said when it takes nothing by this way.
    `put_off`: it has another time now, which is `again_at`.
    """

    state: State
    returned: R | None = None
    error: str | None = None
    again_at: datetime | None = None
    unsure: bool = False
    is_there: IsThere | None = None
    was_tried: bool = True
    limit: Throttled | None = None
    put_off: bool = False

    @property
    def reference(self) -> str | None:
        """How `returned` is written into the row of the outbox; nothing reads it back from there."""
        return None if self.returned is None else as_text(str(self.returned))


Ended = tuple[Delivery, Outcome[Any]]


class DeliveryKind(ABC, Generic[R]):
    """One kind of thing that leaves the house, and the type of what the other side returns for it.

    `batch`: so many outcomes that come at the same time may be written down in one transaction, which then holds
    what each of them holds. `stands_in_line`: where the other side takes no more for now, it may be hundreds that wait
    for the same, and a few a second ask for their turn; anything else asks as soon as anybody may.
    """

    batch: ClassVar[int] = 1
    stands_in_line: ClassVar[bool] = False

    @abstractmethod
    async def send(self, delivery: Delivery) -> R:
        """Send it, outside of any transaction; returns what the other side calls it. Raises a kind of Failed."""

    async def recorded(self, conn: Connection, delivery: Delivery, outcome: Outcome[R]) -> None:
        """In the transaction that records the outcome: whatever else follows from it."""

    async def held(self, conn: Connection, payloads: Sequence[Mapping[str, Any]], why: str) -> None:
        """Of what waits with these payloads nothing is tried before another one gets through: show that."""

    async def all_recorded(self, conn: Connection, ended: Sequence[Ended]) -> None:
        """As `recorded`, of outcomes that are written down together."""
        for delivery, outcome in ended:
            await self.recorded(conn, delivery, outcome)


def as_text(words: str) -> str:
    """What somebody else's server says may hold what no row can."""
    return words.replace("\0", "").encode("utf-8", "replace").decode()


def backoff(attempts: int, *, number: int = 0) -> timedelta:
    """About 1, 2, 4 … 60 s; the first attempt is number 1.

    By its `number` each comes a little sooner than that: many that failed at one instant are not all due at one again.
    """
    wait: timedelta = min(FIRST_BACKOFF * 2 ** min(attempts - 1, 10), LONGEST_BACKOFF)
    return wait * (1 - number % 8 / 32)


def way_by(via: str, address: str = "") -> str:
    """Whose places it takes: one provider that hangs starves no other. Webhooks go to anybody, each by its address."""
    return f"{via} {address}".rstrip() if via == "webhook" else TAKEN_BY.get(via, via)
