"""The runbook's channels: found by name, joined, and created when missing."""

import logging

from bot.domain.errors import Failed, Rejected, Unreachable
from bot.domain.incidents.incident import Closed
from bot.runbook import Runbook
from bot.services.rooms.closed import why_closed
from bot.slack.gateway import Gateway, Room
from bot.store.database import Database
from bot.store.people import directory
from bot.store.pipelined import Connection

log = logging.getLogger(__name__)

TAKEN = "is archived, or private and the bot is not in it: unarchive it, or invite the bot"


class Channels:
    """Knows the Slack id of each channel named in the runbook. Missing ones are recorded with a reason, and are never
    fatal.

    `missing`: as last read from the database, whichever process found it out.

    A name stands for the channel that has it now; failing that for the one that last had it, as long as that exists.
    """

    def __init__(self, db: Database, runbook: Runbook, gateway: Gateway) -> None:
        self._db = db
        self._runbook = runbook
        self._gateway = gateway
        self._ids: dict[str, str] = {}
        self.missing: dict[str, str] = {}
        # Names the bot newly has a channel for, until that has been caught up.
        self.gained: set[str] = set()

    async def recall(self) -> None:
        """Load what any process has found out so far, for the names in this runbook."""
        named = set(self._named())
        async with self._db.statement() as conn:
            self._ids = await directory.channels(conn)
            missing = await directory.missing(conn)
        self.missing = {name: why for name, why in missing.items() if name in named}

    @property
    def are_known(self) -> bool:
        """Whether any has been found, by this process or an earlier one."""
        return bool(self._ids)

    async def look_up(self) -> None:
        """Find and join all channels; create those for incidents and alerts if there are none.

        Raises the last transient Failed, so that it is retried; refusals are recorded in `missing`.
        """
        passing: Failed | None = None
        standing = await self._gateway.find_channels()
        by_id = {room.id: room for room in standing.values()}
        for name in self._named():
            try:
                found = standing.get(name) or by_id.get(self._ids.get(name, ""))
                if found:
                    await self._gateway.join(found.id)
                elif name in self._own():
                    found = await self._gateway.open_room(name, private=False)
                else:
                    await self._miss(name, "there is no such channel, or it is private and the bot is not in it")
                    continue
            except Failed as error:
                is_taken = isinstance(error, Rejected) and error.code == "name_taken"
                await self._miss(name, TAKEN if is_taken else str(error))
                # Another process may have just created it; the next look finds it.
                if not isinstance(error, Rejected) or is_taken:
                    passing = Unreachable(f"#{name} {TAKEN}") if is_taken else error
                continue
            await self._remember(name, found)
        if passing:
            raise Unreachable(str(passing))

    async def find(self, conn: Connection, name: str | None) -> str | None:
        """The id behind `#name`, whichever process found it; None while missing."""
        return await directory.channel(conn, name.lstrip("#")) if name else None

    async def found(self, name: str | None) -> str | None:
        """`find` without a connection."""
        async with self._db.statement() as conn:
            return await self.find(conn, name)

    async def why_closed(self, slack_id: str) -> Closed | None:
        """Ask Slack whether the channel takes messages; None: it does. Raises a Failed."""
        try:
            room = await self._gateway.room(slack_id)
        except Rejected as error:
            if why := why_closed(error):
                return why
            raise
        return "archived" if room.is_archived else None if room.is_member else "left"

    async def announced_in(self) -> str | None:
        """The id of the channel where incidents are announced."""
        return await self.found(self._runbook.channels.incidents)

    async def adopt(self, slack_id: str, *, is_invited: bool) -> None:
        """The bot is in a new channel: use it if it is one the runbook names and we lack.

        `is_invited`: somebody invited the bot; else it joined, as it does with every room it opens.
        """
        async with self._db.statement() as conn:
            in_use = await directory.channels_in_use(conn)
        await self.recall()
        named = self._named()
        if slack_id in in_use.values():
            return
        if is_invited or any(name not in in_use or name in self.missing for name in named):
            room = await self._gateway.room(slack_id)
            if room.name in named:
                await self._take(room)

    async def renamed(self, slack_id: str, name: str) -> list[str]:
        """Follow a renaming. A channel that now has a name from the runbook is used for it; one that lost its name
        stays in use.

        Returns the names lost, in the first process to notice only.
        """
        await self.recall()
        lost = [old for old in self._named() if self._ids.get(old) == slack_id and old != name]
        news = [old for old in lost if await self._miss(old, _renamed(name))]
        if name in self._named():
            await self._take(Room(slack_id, name))
        return news

    async def _miss(self, name: str, why: str) -> bool:
        """Record that it is missing; returns whether that is news."""
        self.missing[name] = why
        async with self._db.transaction() as conn:
            return await directory.note_missing(conn, name, why)

    async def _take(self, room: Room) -> None:
        try:
            await self._gateway.join(room.id)
        except Rejected as error:
            # Nobody can join a private channel uninvited; if we were invited, we are in it already.
            if not room.is_member:
                log.warning("channel=#%s cannot be joined: %s", room.name, error)
                return
        await self._remember(room.name, room)

    async def _remember(self, name: str, room: Room) -> None:
        self._ids[name] = room.id
        self.missing.pop(name, None)
        async with self._db.transaction() as conn:
            if room.name == name:
                await directory.forget_missing(conn, name)
            if await directory.save_channel(conn, name, room.id):
                self.gained.add(name)
        if room.name != name:
            await self._miss(name, _renamed(room.name))

    def _own(self) -> set[str]:
        channels = self._runbook.channels
        return {name.lstrip("#") for name in (channels.incidents, channels.alerts)}

    def _named(self) -> list[str]:
        channels = self._runbook.channels
        audiences = [name for audience in self._runbook.audiences.values() for name in audience.slack]
        named = [channels.incidents, channels.alerts, channels.public, *audiences]
        return list(dict.fromkeys(name.lstrip("#") for name in named if name))


def _renamed(name: str) -> str:
    return f"it is called #{name} now, and used on: correct the runbook, or rename it back"
