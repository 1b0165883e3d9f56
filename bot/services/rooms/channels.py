"""The channels of the runbook: found by name, joined, made when they are needed and missing."""

import logging

from bot.domain.errors import Failed, Rejected, Unreachable
from bot.runbook import Runbook
from bot.slack.gateway import Gateway
from bot.store.database import Database
from bot.store.people import directory

log = logging.getLogger(__name__)


class Channels:
    """Knows the Slack id of each channel the runbook names. What is missing is kept, with why, and is never fatal."""

    def __init__(self, db: Database, runbook: Runbook, gateway: Gateway) -> None:
        self._db = db
        self._runbook = runbook
        self._gateway = gateway
        self._ids: dict[str, str] = {}
        self.missing: dict[str, str] = {}

    async def recall(self) -> None:
        """What earlier processes have found."""
        async with self._db.transaction() as conn:
            self._ids = await directory.channels(conn) | self._ids

    @property
    def are_known(self) -> bool:
        """Has any of them been found, by this process or an earlier one?"""
        return bool(self._ids)

    async def look_up(self) -> None:
        """Find and join all of them; make `incidents` and `alerts` when nobody has.

        Raises the last Failed that may pass, so that it is tried again; a refusal is kept as what is missing.
        """
        passing: Failed | None = None
        standing = await self._gateway.find_channels()
        for name in self._named():
            try:
                found = standing.get(name)
                if found:
                    await self._gateway.join(found.id)
                elif name in self._own():
                    found = await self._gateway.open_room(name, private=False)
                else:
                    self.missing[name] = "there is no such channel, or it is private and the bot is not in it"
                    continue
            except Failed as error:
                self.missing[name] = str(error)
                # Another process may just have made it: then it is found at the next look.
                if not isinstance(error, Rejected) or error.code == "name_taken":
                    passing = error
                continue
            await self._remember(name, found.id)
        if passing:
            raise Unreachable(str(passing))

    async def find(self, name: str) -> str | None:
        """The id behind `#name`; None while it is missing."""
        return self._ids.get(name.lstrip("#"))

    async def announced_in(self) -> str | None:
        """The id of the channel where incidents are announced."""
        return await self.find(self._runbook.channels.incidents)

    async def _remember(self, name: str, slack_id: str) -> None:
        self._ids[name] = slack_id
        self.missing.pop(name, None)
        async with self._db.transaction() as conn:
            await directory.save_channel(conn, name, slack_id)

    def _own(self) -> set[str]:
        channels = self._runbook.channels
        return {name.lstrip("#") for name in (channels.incidents, channels.alerts)}

    def _named(self) -> list[str]:
        channels = self._runbook.channels
        audiences = [name for audience in self._runbook.audiences.values() for name in audience.slack]
        named = [channels.incidents, channels.alerts, channels.public, *audiences]
        return list(dict.fromkeys(name.lstrip("#") for name in named if name))
