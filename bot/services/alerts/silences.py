"""Silences: people mute alerts for a while; the end is announced."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.actor import Actor
from bot.domain.alerts.silence import (
    LONGEST_SILENCE,
    MORE,
    REASON_LENGTH,
    Muted,
    Reach,
    Silence,
    must_be_reasonable,
    reach,
)
from bot.domain.errors import AlreadyDone, NotFound
from bot.domain.text import cut, plain_line
from bot.runbook import format_duration
from bot.services.alerts.deeds import AlertDeeds
from bot.services.alerts.silence_posts import SilencePosts
from bot.services.people.permissions import Permissions
from bot.store import audit, requests
from bot.store.alerts import alerts, silences
from bot.store.database import Database
from bot.store.due_rows import DueByRows, DueRows
from bot.store.pipelined import Connection

DUE_AT_ONCE = 20
# Counting stops here, because somebody is waiting for the answer.
MOST_COUNTED = 20_000


class Silences(DueByRows):
    """Muted alerts are stored and counted as usual. Each timer is a row's end."""

    def __init__(
        self, db: Database, clock: Clock, permissions: Permissions, deeds: AlertDeeds, posts: SilencePosts
    ) -> None:
        self._db = db
        self._clock = clock
        self._permissions = permissions
        self._deeds = deeds
        self._posts = posts

    async def of_card(self, actor: Actor, group_id: int, duration: timedelta, reason: str = "") -> Silence:
        """Silence whatever is on this card, now or when it fires again. Raises Refused."""
        self._must(actor, duration)
        async with self._deeds.on(actor, group_id, "silence") as (conn, standing, now):
            await requests.once(conn, actor, now)
            card = (standing.group.source, standing.group.key)
            return await self._begin(conn, actor, now + duration, reason, self._posts.title(standing), card=card)

    async def of_selected(
        self, actor: Actor, matches: Mapping[str, str], shown: str, duration: timedelta, reason: str = ""
    ) -> Silence:
        """Silence whatever matches, now and until the end; `shown`: as it was typed. Raises Refused."""
        self._must(actor, duration)
        async with self._db.transaction() as conn:
            now = self._clock.now()
            await requests.once(conn, actor, now)
            silence = await self._begin(conn, actor, now + duration, reason, shown, matches=matches)
            await self._audit(conn, actor, "alert.silence", silence, now)
            return silence

    async def extend(self, actor: Actor, silence_id: int) -> Silence:
        """Extend by half an hour. Raises Refused."""
        self._permissions.must(actor, "alert.silence")
        async with self._db.transaction() as conn:
            await requests.once(conn, actor, self._clock.now())
            silence, now = await self._lock(conn, silence_id), self._clock.now()
            must_be_reasonable(silence.ends_at + MORE - now, format_duration(LONGEST_SILENCE))
            longer = await silences.extend(conn, silence.id, silence.ends_at + MORE)
            await self._changed(conn, longer, now)
            await self._audit(conn, actor, "alert.silence.extend", longer, now)
            return longer

    async def end(self, actor: Actor, silence_id: int) -> Silence:
        """End it now. Raises Refused."""
        self._permissions.must(actor, "alert.silence")
        async with self._db.transaction() as conn:
            await requests.once(conn, actor, self._clock.now())
            silence, now = await self._lock(conn, silence_id), self._clock.now()
            ended = await self._end(conn, silence, now, by=actor)
            await self._audit(conn, actor, "alert.silence.end", ended, now)
            return ended

    async def begin_for(
        self, conn: Connection, actor: Actor, matches: Mapping[str, str], shown: str, ends_at: datetime, reason: str
    ) -> Silence:
        """Begin one within another transaction, such as for planned work, whose caller has checked permissions."""
        silence = await self._begin(conn, actor, ends_at, reason, shown, matches=matches)
        await self._audit(conn, actor, "alert.silence", silence, self._clock.now())
        return silence

    async def prolong_for(self, conn: Connection, silence_id: int, ends_at: datetime) -> bool:
        """As `begin_for`; extends, never shortens. False when it has run out; one ended by a person stays ended."""
        silence = await silences.lock(conn, silence_id)
        if silence is None or silence.ended_at:
            return bool(silence and silence.ended_by)
        if ends_at > silence.ends_at:
            await self._changed(conn, await silences.extend(conn, silence.id, ends_at), self._clock.now())
        return True

    async def end_for(self, conn: Connection, silence_id: int, actor: Actor) -> None:
        """As `begin_for`; does nothing if it has ended."""
        silence, now = await silences.lock(conn, silence_id), self._clock.now()
        if silence and not silence.ended_at:
            ended = await self._end(conn, silence, now, by=actor)
            await self._audit(conn, actor, "alert.silence.end", ended, now)

    async def in_force(self) -> list[tuple[Silence, Muted]]:
        """Each with how much it has muted so far; first to end first."""
        async with self._db.transaction() as conn:
            found = await silences.in_force(conn, self._clock.now())
            counts = await silences.counts(conn, [one.id for one in found])
            return [(one, counts[one.id]) for one in found]

    async def reach(self, silence: Silence) -> Reach | None:
        """What it mutes of the alerts firing now; None when there are too many to count."""
        total, looked_at = Reach(), 0
        async with self._db.transaction() as conn:
            in_force = await silences.in_force(conn, self._clock.now())
            for some in alerts.sliced(await alerts.open_ids(conn)):
                firing = await silences.firing(conn, some, MOST_COUNTED + 1 - looked_at)
                looked_at += len(firing)
                if looked_at > MOST_COUNTED:
                    return None
                total += reach(silence, in_force, firing)
                await asyncio.sleep(0)
        return total

    async def take_due(self) -> int:
        now = self._clock.now()
        async with self._db.transaction() as conn:
            over = await silences.claim_over(conn, now=now, limit=DUE_AT_ONCE)
            for silence in over:
                await self._end(conn, silence, now)
        return len(over)

    @property
    def due_rows(self) -> DueRows:
        return silences.due_rows()

    def _must(self, actor: Actor, duration: timedelta) -> None:
        self._permissions.must(actor, "alert.silence")
        must_be_reasonable(duration, format_duration(LONGEST_SILENCE))

    async def _begin(
        self, conn: Connection, actor: Actor, ends_at: datetime, reason: str, shown: str, *,
        card: tuple[str, str] | None = None, matches: Mapping[str, str] | None = None,
    ) -> Silence:  # fmt: skip
        now, why = self._clock.now(), cut(plain_line(reason), REASON_LENGTH)
        silence = await silences.insert(
            conn, card=card, matches=matches or {}, shown=shown, author=actor.name, reason=why, starts_at=now,
            ends_at=ends_at,
        )  # fmt: skip
        await self._changed(conn, silence, now)
        return silence

    async def _end(self, conn: Connection, silence: Silence, now: datetime, *, by: Actor | None = None) -> Silence:
        count = (await silences.counts(conn, [silence.id]))[silence.id]
        name = by.name if by else None
        ended = await silences.end(conn, silence.id, by=name, muted=count.muted, now=now)
        await silences.look_at_muted(conn, silence.id, now)
        await self._posts.over(conn, ended, count)
        return ended

    async def _lock(self, conn: Connection, silence_id: int) -> Silence:
        silence = await silences.lock(conn, silence_id)
        if silence is None:
            raise NotFound("There is no such silence: `/health silences` lists them.")
        if silence.ended_at:
            raise AlreadyDone("This silence has already ended.")
        return silence

    async def _changed(self, conn: Connection, silence: Silence, now: datetime) -> None:
        await silences.look_at_open(conn, now)
        await self._posts.show(conn, silence)

    async def _audit(self, conn: Connection, actor: Actor, deed: str, silence: Silence, now: datetime) -> None:
        await audit.write(conn, actor=actor.name, deed=deed, subject=f"{silence.ref} {silence.shown}", at=now)
