"""People confirm that they can be reached: each way sends them a test page, which they acknowledge."""

from collections.abc import Collection, Sequence

from bot.clock import Clock
from bot.domain.actor import Actor
from bot.domain.errors import Refused
from bot.domain.paging.confirmation import OPEN_FOR, Asked
from bot.domain.paging.page import Via
from bot.runbook import Runbook
from bot.services.paging.test_pages import TestPages
from bot.services.paging.unconfirmed_contacts import Unconfirmed, is_kept_true, is_still, to_be_confirmed, unconfirmed
from bot.store import requests
from bot.store.database import Database
from bot.store.paging import confirmations
from bot.store.pipelined import Connection

# At most this many people at a time, so that a real page never queues behind hundreds of test pages.
MOST_AT_ONCE = 5


class Confirmations:
    """Each way gets a test page of its own; its button, its link or a reply to it proves that this very one arrived."""

    def __init__(
        self, db: Database, clock: Clock, runbook: Runbook, ready: Collection[Via], test_pages: TestPages
    ) -> None:
        """`ready`: the ways this installation can page by."""
        self._db = db
        self._clock = clock
        self._runbook = runbook
        self._ready = ready
        self._test_pages = test_pages

    async def ask_round(self, conn: Connection, number: int) -> int:
        """Send test pages to a few of those not yet asked in round `number`; returns how many ways were asked about.

        Not safe to run in two processes at once; the caller ensures that.
        """
        asked = await confirmations.in_round(conn, number)
        wanted = [one for one in to_be_confirmed(self._runbook, self._ready) if one not in asked]
        people = list(dict.fromkeys(person for person, _ in wanted))[:MOST_AT_ONCE]
        chosen = [one for one in wanted if one[0] in people]
        for person, via in chosen:
            await self._test_pages.ask(conn, person, via, number)
        return len(chosen)

    async def ask_me(self, actor: Actor) -> Sequence[Via]:
        """Send this person a test page by each of their ways, ending those still open. Raises Refused if no tier pages
        them."""
        ways = [via for person, via in to_be_confirmed(self._runbook, self._ready) if person == actor.name]
        if not ways:
            raise Refused("No tier of the runbook pages you, so there is nothing to test.")
        async with self._db.statement() as conn:
            left = await confirmations.open_of(conn, actor.name)
        async with self._db.transaction() as conn:
            await requests.once(conn, actor, self._clock.now())
            for via in ways:
                await self._test_pages.ask(conn, actor.name, via, None)
        for incident_id in left:
            await self._test_pages.end(incident_id)
        return ways

    async def end_over(self) -> int:
        """End test pages that are past their time or whose person has left the runbook; returns how many."""
        async with self._db.statement() as conn:
            before = self._clock.now() - OPEN_FOR
            found = await confirmations.over(conn, list(self._runbook.people), before=before)
        for incident_id in found:
            await self._test_pages.end(incident_id)
        return len(found)

    async def confirmed(self, conn: Connection) -> list[Asked] | None:
        """The confirmation of every way; None while any is missing."""
        asked = {(one.person, one.via): one for one in await confirmations.latest(conn)}
        wanted = to_be_confirmed(self._runbook, self._ready)
        found = [asked[one] for one, person in wanted.items() if one in asked and is_still(person, asked[one])]
        is_whole = len(found) == len(wanted) and all(one.confirmed_at for one in found)
        return found if found and is_whole else None

    async def unconfirmed(self) -> list[Unconfirmed]:
        if not is_kept_true(self._runbook):
            return []
        async with self._db.statement() as conn:
            return unconfirmed(self._runbook, self._ready, await confirmations.latest(conn))
