"""The review of a post-mortem as a meeting that keeps its calendar UID when it is moved."""

from datetime import datetime, timedelta

from bot.domain.incidents.incident import Incident
from bot.rendering import Rendering
from bot.services.outbox.kinds import NoLongerWanted
from bot.services.people.people import People
from bot.store.database import Database
from bot.store.incidents import incidents
from bot.store.outbox.outbox import Delivery
from bot.store.postmortems import postmortems
from bot.wire.calendars import Meeting

LASTS = timedelta(hours=1)


class Meetings:
    """Reads the meeting that a delivery is about; its payload has the `incident`, and the start in `at`."""

    def __init__(self, db: Database, people: People, rendering: Rendering) -> None:
        self._db = db
        self._people = people
        self._rendering = rendering

    async def of(self, delivery: Delivery) -> Meeting:
        """The meeting. Raises NoLongerWanted when it was moved since, or no review is needed any more."""
        async with self._db.transaction() as conn:
            incident = await incidents.get(conn, delivery.payload["incident"])
            owed = await postmortems.get(conn, incident.id)
        starts = datetime.fromisoformat(delivery.payload["at"])
        if owed is None or owed.scheduled_at != starts or not owed.is_live:
            raise NoLongerWanted("it was moved, or is not to be reviewed any more")
        title, _, text = self._rendering.say("documents/postmortem_invitation", incident=incident).partition("\n")
        said_at = delivery.created_at
        return Meeting(
            uid=f"post-mortem-{incident.id}-{incident.declared_at.timestamp():.0f}@tocsin",
            edition=max(int((said_at - incident.declared_at).total_seconds()), 0),
            title=title, text=text.strip(), starts=starts, lasts=LASTS, said_at=said_at, url=owed.link,
            attendees=self.attendees(incident, owed.owner),
        )  # fmt: skip

    def attendees(self, incident: Incident, owner: str) -> list[tuple[str, str]]:
        """People involved in the incident whose email address is known, as (name, address), the owner first."""
        names = [owner, *incident.roles.values(), incident.acknowledged_by, incident.declared_by]
        known = [self._people.person(one) for one in dict.fromkeys(names) if one]
        found = [(person.name, person.email) for person in known if person and person.email]
        return list(dict.fromkeys(found))
