"""Delivers requests to the app: interactions once, events with retries until they are acknowledged."""

import asyncio
from dataclasses import replace

from bot.sandbox.delivery import Acknowledgement, AppRequest, Transport
from bot.sandbox.model import Json
from bot.sandbox.state import State
from bot.sandbox.timing import Timing


class Courier:
    """Each missing acknowledgement by a connected app becomes a complaint."""

    def __init__(self, state: State, timing: Timing) -> None:
        self._state, self._timing = state, timing
        self._tasks: set[asyncio.Task[None]] = set()
        self._first_attempts: set[asyncio.Future[None]] = set()
        self.transport: Transport | None = None
        self.repeats_events = False  # deliver every event a second time, as after a lost acknowledgement
        self._held: list[Json] | None = None

    @property
    def connected(self) -> bool:
        return self.transport is not None and self.transport.connected

    async def send(self, delivery: AppRequest) -> Acknowledgement:
        """Deliver once: interactions aren't retried, except by the person who made them."""
        if self.transport is None or not self.transport.connected:
            return Acknowledgement("failed", 0.0, reason="connection_failed")
        answer = await self.transport.deliver(delivery)
        if not answer.accepted:
            self._state.complain(f"not acknowledged: {answer.reason}", delivery.name, f"{answer.latency_ms:.0f} ms")
        return answer

    def send_event(self, payload: Json) -> None:
        """Deliver in the background, retrying after each failure until the retries are used up."""
        if self._held is not None:
            self._held.append(payload)
            return
        first: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._first_attempts.add(first)
        first.add_done_callback(self._first_attempts.discard)
        task = asyncio.create_task(self._insist(AppRequest("events_api", payload), first))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def hold_events(self) -> None:
        """Hold events back until they are released, because Slack guarantees neither order nor promptness."""
        self._held = []

    def release_events(self, *, newest_first: bool = False) -> None:
        held, self._held = self._held or [], None
        for payload in reversed(held) if newest_first else held:
            self.send_event(payload)

    async def events_arrived(self) -> None:
        """Wait until every event so far has been tried once."""
        while pending := [attempt for attempt in self._first_attempts if not attempt.done()]:
            await asyncio.wait(pending)

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.transport is not None:
            await self.transport.close()

    async def _insist(self, delivery: AppRequest, first: asyncio.Future[None]) -> None:
        try:
            answer = await self.send(delivery)
            if answer.accepted and self.repeats_events:
                answer = await self.send(replace(delivery, retry_attempt=1, retry_reason="http_timeout"))
        finally:
            if not first.done():
                first.set_result(None)
        for number, wait in enumerate(self._timing.retry_seconds, start=1):
            if answer.accepted or answer.wants_no_retry:
                return
            await asyncio.sleep(wait * self._timing.retry_scale)
            answer = await self.send(replace(delivery, retry_attempt=number, retry_reason=answer.reason))
