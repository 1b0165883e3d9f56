"""Delivery kinds, their priorities, and the possible outcomes of an attempt."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Generic, Literal, TypeVar

from bot.domain.errors import Throttled, TocsinError, Unreachable
from bot.store.outbox.outbox import Delivery
from bot.store.pipelined import Connection

# Priorities: lower goes first.
FIRST_PAGE, PAGE, ROOM, CARD, UPDATE, ALERT_CARD = range(6)
LEAST_URGENT = ALERT_CARD

# Which way carries these; any name not listed is a way of its own.
TAKEN_BY = {"email": "mail"}

FIRST_BACKOFF = timedelta(seconds=1)
LONGEST_BACKOFF = timedelta(minutes=1)


class NoLongerWanted(TocsinError):
    """The delivery makes no sense any more; this attempt sent nothing.

    `unsure`: an earlier attempt may have been accepted without our hearing of it, and it is too late to find out.
    """

    def __init__(self, message: str = "", *, unsure: bool = False) -> None:
        super().__init__(message)
        self.unsure = unsure


# Run in the transaction that puts the delivery back, under the lock that makes the answer reliable: is it there now?
IsThere = Callable[[Connection], Awaitable[bool]]


class NotYet(TocsinError):
    """The delivery must wait for something else, such as the incident's room; nothing was sent.

    Whoever creates that thing wakes the delivery. `is_there` closes the race in which it was created just after we
    found it missing; None: nobody wakes it, so it polls every few seconds.
    """

    def __init__(self, message: str, is_there: IsThere | None = None) -> None:
        super().__init__(message)
        self.is_there = is_there


class PutOff(TocsinError):
    """The delivery is rescheduled to `until`; nothing was sent, and this does not count as an attempt."""

    def __init__(self, message: str, until: datetime) -> None:
        super().__init__(message)
        self.until = until


class NotSetUp(Unreachable):
    """This process has no credentials for a way. The process that queued the delivery had, so another may still send
    it."""

    def __init__(self, name: str) -> None:
        super().__init__(not_set_up(name))


class NotKnownHere(Unreachable):
    """This process's runbook doesn't have it. Another's may, while a new runbook is being rolled out; after
    `WAITED_FOR` we give up."""

    WAITED_FOR: ClassVar[timedelta] = timedelta(minutes=10)


def not_set_up(name: str) -> str:
    return f"{name} is not set up here; `tocsin doctor` says what is missing"


# What `send` returns. Each delivery kind has its own type; its `str` goes into the row.
R = TypeVar("R")
State = Literal["sent", "refused", "gave_up", "cancelled", "waiting"]


@dataclass(frozen=True)
class Outcome(Generic[R]):
    """What became of an attempt. `waiting`: it will be tried again. `returned`: the result of `send`, when `sent`.

    `was_tried`: False when the other side was not asked at all. `limit`: the error by which it refused everything by
    this way. `put_off`: the delivery has been rescheduled, to `again_at`.
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
        """`returned` as text for the outbox row; only people read it there."""
        return None if self.returned is None else as_text(str(self.returned))


Ended = tuple[Delivery, Outcome[Any]]


class DeliveryKind(ABC, Generic[R]):
    """One kind of delivery. `R`: the type of the other side's answer.

    `batch`: at most this many simultaneous outcomes are recorded in one transaction, which then holds the locks of all
    of them. `stands_in_line`: when the other side is rate limited, hundreds of these may wait for the same place, so
    they retry a few a second; other kinds retry as soon as the limit ends.
    """

    batch: ClassVar[int] = 1
    stands_in_line: ClassVar[bool] = False

    @abstractmethod
    async def send(self, delivery: Delivery) -> R:
        """Send it, outside any transaction; returns the other side's reference. Raises a kind of Failed."""

    async def recorded(self, conn: Connection, delivery: Delivery, outcome: Outcome[R]) -> None:
        """Do what follows from the outcome, in the transaction that records it."""

    async def held(self, conn: Connection, payloads: Sequence[Mapping[str, Any]], why: str) -> None:
        """Show `why` on what these waiting payloads are about: nothing more is tried until the probe of their way
        succeeds."""

    async def all_recorded(self, conn: Connection, ended: Sequence[Ended]) -> None:
        """As `recorded`, for outcomes recorded together."""
        for delivery, outcome in ended:
            await self.recorded(conn, delivery, outcome)


def as_text(words: str) -> str:
    """Text without what PostgreSQL cannot store (NUL, lone surrogates), which another server's answer may contain."""
    return words.replace("\0", "").encode("utf-8", "replace").decode()


def backoff(attempts: int, *, number: int = 0) -> timedelta:
    """The back-off: about 1, 2, 4 … 60 s; the first attempt is number 1.

    Jittered by `number` (up to 7/32 shorter), so that many failures at one instant are not all retried at the same
    time.
    """
    wait: timedelta = min(FIRST_BACKOFF * 2 ** min(attempts - 1, 10), LONGEST_BACKOFF)
    return wait * (1 - number % 8 / 32)


def way_by(via: str, address: str = "") -> str:
    """Whose places it takes: a provider that hangs starves no other. Webhooks go anywhere: each address is a way."""
    return f"{via} {address}".rstrip() if via == "webhook" else TAKEN_BY.get(via, via)
