"""Invitations to a post-mortem's review: a calendar file in the incident's room, and mail to those involved."""

from datetime import datetime

from bot.domain.actor import Actor
from bot.domain.errors import Rejected
from bot.domain.incidents.incident import Incident
from bot.services.outbox.kinds import UPDATE, DeliveryKind, way_by
from bot.services.outbox.outbox import Outbox
from bot.services.postmortems.meetings import Meetings
from bot.services.rooms.room_files import RoomFile, RoomFiles, RoomPosting
from bot.store.database import Database
from bot.store.outbox.outbox import Delivery
from bot.store.pipelined import Connection
from bot.wire.calendars import invitation
from bot.wire.mail import Letter, Mail


class InvitationLetters(DeliveryKind[str]):
    """Deliveries of kind `postmortem_letter`, one per recipient; none for private incidents and drills."""

    def __init__(self, outbox: Outbox, meetings: Meetings, mail: Mail | None) -> None:
        """`mail` None: no mail server is set up."""
        self._outbox = outbox
        self._meetings = meetings
        self._mail = mail

    async def put(self, conn: Connection, incident: Incident, at: datetime, owner: str) -> None:
        if self._mail is None or incident.private or incident.drill:
            return
        for _, address in self._meetings.attendees(incident, owner):
            payload = {"incident": incident.id, "at": at.isoformat(), "to": address}
            key = f"postmortem letter {incident.id} {at.timestamp():.0f} {address}"
            await self._outbox.put(conn, "postmortem_letter", payload, priority=UPDATE, key=key, way=way_by("email"))

    async def send(self, delivery: Delivery) -> str:
        if self._mail is None:
            raise Rejected("no mail server is set up")
        meeting = await self._meetings.of(delivery)
        key = f"{meeting.uid.partition('@')[0]}-{meeting.edition}"
        file = invitation(meeting)
        return await self._mail.send(Letter(delivery.payload["to"], meeting.title, meeting.text, key, calendar=file))


class Invitations(RoomFiles):
    """Deliveries of kind `postmortem_invitation`. When the review is moved, calendars update the same event."""

    def __init__(self, db: Database, posting: RoomPosting, meetings: Meetings, letters: InvitationLetters) -> None:
        super().__init__(db, posting)
        self._meetings = meetings
        self._letters = letters

    async def post(self, conn: Connection, incident: Incident, actor: Actor, at: datetime, owner: str) -> None:
        payload: dict[str, object] = {"incident": incident.id, "by": actor.name, "at": at.isoformat()}
        key = f"postmortem invitation {incident.id} {at.timestamp():.0f}"
        await self._posting.put(conn, "postmortem_invitation", key, payload)
        await self._letters.put(conn, incident, at, owner)

    async def written(self, delivery: Delivery, incident: Incident) -> RoomFile:
        meeting = await self._meetings.of(delivery)
        name = f"{incident.ref.lower()}-post-mortem-{meeting.starts:%Y%m%dT%H%M}Z.ics"
        return RoomFile(name, invitation(meeting), f"The review of {incident.ref}'s post-mortem, for your calendar")
