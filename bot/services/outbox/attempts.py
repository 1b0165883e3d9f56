"""One attempt to send a delivery within its time limit, and the outcome of that attempt."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from bot.clock import Clock
from bot.domain.errors import Failed, Held, RateLimited, Rejected, Throttled, Unanswered
from bot.services.outbox.kinds import DeliveryKind, NoLongerWanted, NotKnownHere, NotYet, Outcome, PutOff, backoff
from bot.services.outbox.leases import LEASE, TAKEN_OVER_AFTER
from bot.services.outbox.limits import Limits
from bot.services.outbox.lines import Lines
from bot.store.outbox.outbox import Delivery
from bot.wire.http_client import Yes, only_before
from bot.wire.turns import in_turn

log = logging.getLogger(__name__)

# An attempt has to end this long before another process may take over its delivery, even when the lease could not be
# renewed: a process that was frozen sends nothing after it wakes up.
MARGIN = timedelta(seconds=3)
ATTEMPT = TAKEN_OVER_AFTER - MARGIN
GIVE_UP_AFTER = timedelta(hours=6)
# A delivery overdue by this much had nobody to try it: we, the database or its way were down. Its time until we give up
# starts again once somebody can try it; whether it still makes sense is decided by its kind at each attempt.
UNATTENDED_AFTER = timedelta(minutes=10)
# A bug of ours fails the same way each time: such a delivery must not block its lane for hours.
FAULTS = 10
# A delivery that waits for something else is woken when that exists. As a fallback it polls, less often the longer it
# has waited, because dozens may wait for one room that Slack doesn't open for an hour.
LOOK_AGAIN_AFTER, SELDOM = timedelta(seconds=5), timedelta(minutes=1)
SHARE_OF_ITS_AGE = 4
# For a delivery whose way is limited: the limit says when to try again, so it needs no back-off of its own.
NO_TIME = timedelta(0)


class Attempts:
    """Runs attempts; every failure becomes an outcome, nothing is raised."""

    def __init__(self, clock: Clock, delivery_kinds: Mapping[str, DeliveryKind[Any]], limits: Limits) -> None:
        self._clock = clock
        self._kinds = delivery_kinds
        self._limits = limits
        self._lines = Lines()

    async def make(self, delivery: Delivery) -> Outcome[Any]:
        with Yes.heard() as yes:
            outcome = await self._send(delivery)
        if yes.reference is None or outcome.state == "sent":
            return outcome
        # An error after the acceptance, such as a failed SMTP QUIT, changes nothing: don't send it again.
        log.warning("delivery=%s kind=%s was accepted; then: %s", delivery.id, delivery.kind, outcome.error)
        return Outcome("sent", yes.reference)

    async def _send(self, delivery: Delivery) -> Outcome[Any]:
        try:
            left = self._time_left(delivery)
            async with asyncio.timeout(left):
                turn = partial(self._limits.must_have_its_turn, delivery)
                with only_before(self._is_over(delivery, left)), in_turn(turn):
                    return Outcome("sent", await self._kinds[delivery.kind].send(delivery))
        except NoLongerWanted as reason:
            return Outcome("cancelled", error=str(reason) or None, unsure=reason.unsure)
        except NotYet as reason:
            return self._not_yet(delivery, reason)
        except PutOff as reason:
            return Outcome("waiting", again_at=reason.until, was_tried=False, put_off=True)
        except TimeoutError:
            return self._again(delivery, f"no answer within {ATTEMPT.total_seconds():.0f} s", unsure=True)
        except Failed as error:
            return self._failed(delivery, error)
        except Exception as error:
            log.exception("delivery=%s kind=%s", delivery.id, delivery.kind)
            if delivery.attempts >= FAULTS:
                return Outcome("gave_up", error=f"a fault in Tocsin: {error}", unsure=True)
            return self._again(delivery, f"a fault in Tocsin: {error}", unsure=True)

    def _failed(self, delivery: Delivery, error: Failed) -> Outcome[Any]:
        said = str(error)
        if isinstance(error, Rejected):
            return Outcome("refused", error=said)
        if isinstance(error, Throttled):
            # First, so that no other attempt starts by this way meanwhile.
            self._limits.close(delivery.way, said)
            return replace(self._again(delivery, said, NO_TIME), limit=error)
        if isinstance(error, Held):
            again_at = self._clock.now() + self._until_its_turn(delivery, error)
            return Outcome("waiting", error=said, again_at=again_at, was_tried=False)
        if isinstance(error, NotKnownHere):
            return self._again(delivery, said, patience=error.WAITED_FOR)
        wait = error.retry_after if isinstance(error, RateLimited) else None
        return self._again(delivery, said, wait, unsure=isinstance(error, Unanswered))

    def _until_its_turn(self, delivery: Delivery, held: Held) -> timedelta:
        if not (held.place and self._kinds[delivery.kind].stands_in_line):
            return held.retry_after
        now = self._clock.passed()
        return self._lines.join(held.place, delivery.priority, opens=now + held.retry_after, now=now) - now

    def _not_yet(self, delivery: Delivery, reason: NotYet) -> Outcome[Any]:
        now = self._clock.now()
        age = now - delivery.tried_since
        if age > GIVE_UP_AFTER:
            return Outcome("gave_up", error=str(reason))
        is_woken = reason.is_there is not None
        seldom = max(LOOK_AGAIN_AFTER, min(age / SHARE_OF_ITS_AGE, SELDOM))
        again_at = now + (seldom if is_woken else LOOK_AGAIN_AFTER)
        return Outcome("waiting", again_at=again_at, unsure=delivery.unsure, is_there=reason.is_there)

    def _is_over(self, delivery: Delivery, left_s: float | None) -> Callable[[], bool]:
        """A test whether the attempt's time is up, also by the steady counter: setting the clock back grants no extra
        time."""
        end = self._clock.elapsed() + timedelta(seconds=left_s) if left_s is not None else timedelta.max
        return lambda: self._clock.now() >= self._end_of(delivery) or self._clock.elapsed() >= end

    def _time_left(self, delivery: Delivery) -> float | None:
        """Seconds an attempt may take; None while the clock is frozen."""
        left = self._clock.seconds_until(self._end_of(delivery))
        return None if left == float("inf") else left

    def _end_of(self, delivery: Delivery) -> datetime:
        return delivery.lease_until - LEASE + ATTEMPT

    def _again(
        self,
        delivery: Delivery,
        error: str,
        wait: timedelta | None = None,
        *,
        unsure: bool = False,
        patience: timedelta = GIVE_UP_AFTER,
    ) -> Outcome[Any]:
        now = self._clock.now()
        if now - delivery.tried_since > patience:
            return Outcome("gave_up", error=error, unsure=unsure)
        again_at = now + (backoff(delivery.attempts, number=delivery.id) if wait is None else wait)
        return Outcome("waiting", error=error, again_at=again_at, unsure=unsure)
