"""Recipients of personal messages about an incident: the person in charge first, and nobody who has left."""

from collections.abc import Sequence

from bot.domain.errors import Rejected
from bot.domain.incidents.incident import Incident
from bot.services.people.leavers import Leavers
from bot.services.people.people import People
from bot.services.rooms.members import Members
from bot.store.database import Database


class Listeners:
    def __init__(self, db: Database, people: People, leavers: Leavers) -> None:
        self._db = db
        self._members = Members(db, people)
        self._people = people
        self._leavers = leavers

    def first(self, incident: Incident) -> str:
        """The person in charge, else the declarer."""
        return self._leavers.in_charge(incident) or incident.declared_by

    async def in_turn(self, incident: Incident) -> Sequence[str]:
        """`first`, then the other members. Leaves out deactivated accounts, to which Slack may deliver but nobody
        reads."""
        async with self._db.statement() as conn:
            in_it = (await self._members.of(conn, incident)).members
        there = [who for who in in_it if not self._leavers.is_gone(who)]
        return sorted(there, key=lambda one: one != self.first(incident))

    async def account(self, who: str) -> str:
        """Their Slack id. Raises Rejected if Slack does not know them."""
        account = self._people.known_account(who) or await self._people.account(who)
        if account is None:
            raise Rejected(f"nobody in Slack is {who}")
        return account
