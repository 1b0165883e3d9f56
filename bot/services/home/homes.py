"""The whole App Home, republished when something changes while somebody has it open."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bot.clock import Clock
from bot.runbook import Runbook
from bot.services.home.parts import Part, Section, Viewer
from bot.services.outbox.kinds import UPDATE, DeliveryKind, Outcome
from bot.services.outbox.outbox import Outbox
from bot.services.people.people import People
from bot.services.rooms.in_doubt import do_again
from bot.slack.blocks import Block, Message, home, item, message, more
from bot.slack.gateway import Gateway
from bot.store.database import Database
from bot.store.home import home as rows
from bot.store.outbox.outbox import Delivery
from bot.store.pipelined import Connection

# Slack tells when somebody opens it, but not when they leave: assume that they watch for this long.
WATCHED_FOR = timedelta(hours=1)
AT_MOST_EVERY = timedelta(seconds=10)
# With more viewers at once, only those who opened it last are kept up to date.
MOST_VIEWERS = 200


@dataclass(frozen=True)
class Opened:
    """Somebody is taken to watch until `until`. `due_at`: the next check for changes. `signs`: what was drawn last."""

    until: datetime
    due_at: datetime
    signs: tuple[object, ...]


class Signs:
    """A comparable summary of all that App Homes show, to notice changes; and who the viewers are."""

    def __init__(self, db: Database, runbook: Runbook, people: People) -> None:
        self._db = db
        self._runbook = runbook
        self._people = people

    async def now(self, now: datetime) -> tuple[object, ...]:
        """The state in the database, and who is on call, which changes with time alone."""
        async with self._db.statement() as conn:
            stored = await rows.signs(conn, now)
        return (*stored, *(self._people.shift(key, now).person for key in self._runbook.schedules))

    def viewer(self, user: str) -> Viewer:
        """The viewer with this Slack id. The key is looked up anew: another runbook may have reassigned it."""
        actor = self._people.actor(user)
        return Viewer(actor, list(dict.fromkeys([actor.name, user])))


class Homes(DeliveryKind[str]):
    """Deliveries of kind `home`. Any number of processes: a Home's viewer is known to the one that drew it and to all
    started since; whichever notices a change first publishes it, once."""

    due_rows = None

    def __init__(
        self, db: Database, clock: Clock, outbox: Outbox, gateway: Gateway, signs: Signs, parts: Sequence[Part]
    ) -> None:
        self._db = db
        self._clock = clock
        self._outbox = outbox
        self._gateway = gateway
        self._signs = signs
        self._parts = parts
        self._opened: dict[str, Opened] = {}
        self._is_recalled = False

    async def opened(self, user: str) -> Mapping[str, Any]:
        """The view to show; from now on it is kept up to date."""
        now = self._clock.now()
        signs, until = await self._signs.now(now), now + WATCHED_FOR
        async with self._db.transaction() as conn:
            await rows.watch(conn, user, self._signs.viewer(user).actor.name, until=until, drawn=_digest(signs))
        self._opened.pop(user, None)
        self._opened[user] = Opened(until, now + AT_MOST_EVERY, signs)
        if len(self._opened) > MOST_VIEWERS:
            self._opened.pop(next(iter(self._opened)))
        return await self._view(user)

    def pressed(self, user: str) -> None:
        """They pressed a button there: check for changes at once."""
        if known := self._opened.get(user):
            self._opened[user] = replace(known, due_at=self._clock.now())

    async def take_due(self) -> int:
        """Check for changes with one query for all viewers. Drawing is left to the outbox, so that pages don't wait for
        it."""
        now = self._clock.now()
        await self._recall(now)
        self._opened = {user: one for user, one in self._opened.items() if one.until > now}
        due = {user: one for user, one in self._opened.items() if one.due_at <= now}
        if not due:
            return 0
        signs = await self._signs.now(now)
        changed = [user for user, one in due.items() if one.signs != signs]
        async with self._db.transaction() as conn:
            for user in await rows.draw_anew(conn, changed, _digest(signs)) if changed else ():
                name = f"home {user}"
                await self._outbox.put(conn, "home", {"user": user}, priority=UPDATE, key=name, lane=name)
        for user, one in due.items():
            self._opened[user] = replace(one, due_at=now + AT_MOST_EVERY, signs=signs)
        return len(due)

    async def next_due(self) -> datetime | None:
        if not self._is_recalled:
            return self._clock.now()
        return min((one.due_at for one in self._opened.values()), default=None)

    async def _recall(self, now: datetime) -> None:
        """Once: load viewers whose Home other processes drew."""
        if self._is_recalled:
            return
        async with self._db.transaction() as conn:
            known = await rows.viewers(conn, now, MOST_VIEWERS)
        for user, until in reversed(known):
            self._opened.setdefault(user, Opened(until, now, ()))
        self._is_recalled = True

    async def send(self, delivery: Delivery) -> str:
        user = delivery.payload["user"]
        await self._gateway.publish_home(user, await self._view(user))
        return "published"

    async def recorded(self, conn: Connection, delivery: Delivery, outcome: Outcome[str]) -> None:
        """After an attempt in doubt, publish again: a late one would show an old state."""
        if outcome.state == "sent":
            name = f"home {delivery.payload['user']}"
            await do_again(conn, self._outbox, delivery, "home", delivery.payload, key=name, lane=name)

    async def _view(self, user: str) -> Mapping[str, Any]:
        now, viewer = self._clock.now(), self._signs.viewer(user)
        sections = [await part.shown(viewer, now) for part in self._parts]
        return home([drawn(section) for section in sections if section])


def _digest(signs: tuple[object, ...]) -> str:
    """A digest of the signs; unlike `hash`, the same in every process."""
    return hashlib.sha256(repr(signs).encode()).hexdigest()


def drawn(section: Section) -> Message:
    said = message(section.headline, section.buttons)
    lines: list[Block] = [
        item(one.words, one.button) if one.button else dict(message(one.words).blocks[0]) for one in section.lines
    ]
    return Message(said.text, [*said.blocks, *lines, *more(section.more)])
