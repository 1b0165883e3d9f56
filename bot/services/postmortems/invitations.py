"""The review of a post-mortem as a calendar file in its incident's room."""

from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.actor import Actor
from bot.domain.incidents.incident import Incident
from bot.rendering import Rendering
from bot.services.outbox.kinds import NoLongerWanted
from bot.services.people.people import People
from bot.services.rooms.room_files import RoomFile, RoomFiles, RoomPosting
from bot.store.database import Database
from bot.store.outbox.outbox import Delivery
from bot.store.pipelined import Connection
from bot.store.postmortems import postmortems
from bot.wire.calendars import Meeting, invitation

LASTS = timedelta(hours=1)


class Invitations(RoomFiles):
    """Deliveries of kind `postmortem_invitation`. Moved, it is the same meeting to every calendar."""

    def __init__(
        self, db: Database, clock: Clock, people: People, posting: RoomPosting, rendering: Rendering
    ) -> None:  # fmt: skip
        super().__init__(db, posting)
        self._clock = clock
        self._people = people
        self._rendering = rendering

    async def post(self, conn: Connection, incident: Incident, actor: Actor, at: datetime) -> None:
        payload: dict[str, object] = {"incident": incident.id, "by": actor.name, "at": at.isoformat()}
        key = f"postmortem invitation {incident.id} {at.timestamp():.0f}"
        await self._posting.put(conn, "postmortem_invitation", key, payload)

    async def written(self, delivery: Delivery, incident: Incident) -> RoomFile:
        async with self._db.statement() as conn:
            owed = await postmortems.get(conn, incident.id)
        starts = datetime.fromisoformat(delivery.payload["at"])
        if owed is None or owed.scheduled_at != starts or not owed.is_live:
            raise NoLongerWanted("it was moved, or is not to be reviewed any more")
        title, _, text = self._rendering.say("documents/postmortem_invitation", incident=incident).partition("\n")
        now = self._clock.now()
        meeting = Meeting(
            uid=f"post-mortem-{incident.id}-{incident.declared_at.timestamp():.0f}@tocsin",
            edition=max(int((now - incident.declared_at).total_seconds()), 0),
            title=title, text=text.strip(), starts=starts, lasts=LASTS, said_at=now, url=owed.link,
            attendees=self._attendees(incident, owed.owner),
        )  # fmt: skip
        name = f"{incident.ref.lower()}-post-mortem-{starts:%Y%m%dT%H%M}Z.ics"
        return RoomFile(name, invitation(meeting), f"The review of {incident.ref}'s post-mortem, for your calendar")

    def _attendees(self, incident: Incident, owner: str) -> list[tuple[str, str]]:
        """Who had to do with it, where the runbook has their address."""
        names = [owner, *incident.roles.values(), incident.acknowledged_by, incident.declared_by]
        known = [self._people.person(one) for one in dict.fromkeys(names) if one]
        return [(person.name, person.email) for person in known if person and person.email]
