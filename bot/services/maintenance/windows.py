"""What people do with planned work: plan it, begin it, extend it, move it, and end it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.actor import Actor
from bot.domain.errors import AlreadyDone, Refused
from bot.domain.maintenance.window import (
    REASON_LENGTH,
    Window,
    must_be_ahead,
    must_be_planned,
    must_be_possible,
    must_be_under_way,
    what_of,
)
from bot.domain.text import cut, plain_line
from bot.runbook import Runbook
from bot.services.maintenance.transitions import Transitions
from bot.services.people.permissions import Permissions
from bot.services.updates.audiences import audience_called, components_called
from bot.services.updates.linting import found_in_planned
from bot.store import requests
from bot.store.database import Database
from bot.store.maintenance import maintenance
from bot.store.maintenance.maintenance import Entry, NewWindow
from bot.store.pipelined import Connection

LISTED = 20


class Windows:
    """Needs permission to declare incidents; silencing alerts or naming audiences needs those permissions too."""

    def __init__(
        self, db: Database, clock: Clock, runbook: Runbook, permissions: Permissions, transitions: Transitions
    ) -> None:
        self._db = db
        self._clock = clock
        self._runbook = runbook
        self._permissions = permissions
        self._transitions = transitions

    async def plan(
        self, actor: Actor, what: str, starts_at: datetime, lasts: timedelta, *,
        matches: Mapping[str, str] | None = None, shown: str = "", audiences: Sequence[str] = (),
        components: Sequence[str] = (),
    ) -> Window:  # fmt: skip
        """Plan a window. `matches`, `shown`: alerts to silence meanwhile, as labels and as typed. `audiences`: keys;
        empty: those told of incidents automatically. `components`: those affected, by name. Raises Refused."""
        self._permissions.must(actor, "incident.declare")
        if matches:
            self._permissions.must(actor, "alert.silence")
        if audiences:
            self._permissions.must(actor, "audience.send")
        must_be_ahead(starts_at, self._clock.now())
        must_be_possible(starts_at, lasts)
        what, told = what_of(what), self._told(audiences)
        self._must_be_readable(what, told)
        new = NewWindow(
            what, starts_at, starts_at + lasts, self._runbook.maintenance.notice, told, matches or {}, shown,
            actor.name, actor.slack_id, components_called(self._runbook, components),
        )  # fmt: skip
        async with self._db.transaction() as conn:
            await requests.once(conn, actor, self._clock.now())
            return await self._transitions.plan(conn, actor, new)

    def _told(self, named: Sequence[str]) -> Sequence[str]:
        """Keys of the audiences to tell, without duplicates. Raises NotFound, listing the known ones."""
        if named:
            return list(dict.fromkeys(audience_called(self._runbook, one).key for one in named))
        tell = {key for severity in self._runbook.severities for key in severity.tell}
        return [key for key, one in self._runbook.audiences.items() if one.automatic and key in tell]

    def _must_be_readable(self, what: str, audiences: Sequence[str]) -> None:
        """Raise Refused if it holds jargon or secrets: audiences may get these words without a review."""
        for key in audiences:
            found = found_in_planned(self._runbook, self._runbook.audiences[key], what, self._clock.now())
            if found:
                shown = f"“{found[0].words}”" if found[0].words else "what looks like a password or token"
                raise Refused(f"{key} would read {shown}. Say what is done as they call it: `Database upgrade`.")

    async def begin(self, actor: Actor, window_id: int) -> Window:
        """Begin it ahead of time. Raises Refused."""
        async with self._deed(actor, window_id) as (conn, window):
            must_be_planned(window)
            self._must_silence(actor, window)
            return await self._transitions.begin(conn, window, actor)

    async def done(self, actor: Actor, window_id: int) -> Window:
        """End it, the work being done. Raises Refused."""
        async with self._deed(actor, window_id) as (conn, window):
            must_be_under_way(window)
            return await self._transitions.end(conn, window, actor, "done")

    async def extend(self, actor: Actor, window_id: int, span: timedelta, seen: datetime | None = None) -> Window:
        """Extend it by `span`. `seen`: the end the button showed. Raises Refused; AlreadyDone if that has changed."""
        async with self._deed(actor, window_id) as (conn, window):
            must_be_under_way(window)
            if seen and int(window.ends_at.timestamp()) != int(seen.timestamp()):
                raise AlreadyDone(f"{window.ref} has been extended already: its card shows until when.")
            self._must_silence(actor, window)
            return await self._transitions.extend(conn, window, actor, span)

    async def move(self, actor: Actor, window_id: int, starts_at: datetime, lasts: timedelta, why: str = "") -> Window:
        """Move it to another time. Raises Refused."""
        async with self._deed(actor, window_id) as (conn, window):
            self._must_silence(actor, window)
            return await self._transitions.move(conn, window, actor, starts_at, starts_at + lasts, _reason(why))

    async def cancel(self, actor: Actor, window_id: int, why: str = "") -> Window:
        """Cancel it before it has begun. Raises Refused."""
        async with self._deed(actor, window_id) as (conn, window):
            must_be_planned(window)
            return await self._transitions.end(conn, window, actor, "cancelled", _reason(why))

    async def find(self, window_id: int) -> tuple[Window, Sequence[Entry]]:
        """The window and its history, oldest first. Raises NotFound."""
        async with self._db.transaction() as conn:
            return await maintenance.get(conn, window_id), await maintenance.entries(conn, window_id)

    async def to_come(self) -> Sequence[Window]:
        """Windows under way or planned, earliest first, at most `LISTED`."""
        async with self._db.statement() as conn:
            return await maintenance.not_over(conn, LISTED)

    async def newest(self) -> tuple[Sequence[Window], int]:
        """The newest windows, and how many more there are."""
        async with self._db.transaction() as conn:
            found = await maintenance.newest(conn, LISTED)
            return found, await maintenance.count(conn) - len(found)

    def _must_silence(self, actor: Actor, window: Window) -> None:
        """Raise NotPermitted if the change silences alerts (for longer) and the actor may not do that."""
        if window.matches:
            self._permissions.must(actor, "alert.silence")

    @asynccontextmanager
    async def _deed(self, actor: Actor, window_id: int) -> AsyncIterator[tuple[Connection, Window]]:
        """A transaction with the window locked; idempotent per request. Raises NotPermitted."""
        self._permissions.must(actor, "incident.declare")
        async with self._db.transaction() as conn:
            await requests.once(conn, actor, self._clock.now())
            yield conn, await maintenance.lock(conn, window_id)


def _reason(why: str) -> str:
    return cut(plain_line(why), REASON_LENGTH)
