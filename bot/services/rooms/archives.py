"""Archives the room of a resolved incident, after posting everything about it there as a file."""

from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.errors import Rejected
from bot.domain.incidents.incident import Incident
from bot.services.outbox.kinds import UPDATE, DeliveryKind, NoLongerWanted, Outcome
from bot.services.outbox.outbox import Outbox
from bot.services.rooms.closed import note_closed, why_closed
from bot.services.rooms.export_files import ExportFiles
from bot.services.rooms.posts import Posts
from bot.services.rooms.room_files import RoomFile, RoomFiles, RoomPosting
from bot.slack.gateway import AppRefused, Gateway
from bot.store.database import Database
from bot.store.incidents import incidents
from bot.store.outbox.outbox import Delivery
from bot.store.pipelined import Connection
from bot.store.rooms import archives

# Retry interval for rooms still needed or lacking their file.
AGAIN_AFTER = timedelta(days=1)
# Slack's error codes where a workspace setting lets only some people archive; retrying would not help.
KEPT_FROM_APPS = ("restricted_action", "no_permission")


class LastFiles(RoomFiles):
    """Deliveries of kind `last_file`: no room is archived without this file.

    `ended_at` in the payload is the end it belongs to; if the incident was reopened since, nothing is posted.
    """

    def __init__(self, db: Database, clock: Clock, outbox: Outbox, posting: RoomPosting, exports: ExportFiles) -> None:
        super().__init__(db, posting)
        self._clock = clock
        self._outbox = outbox
        self._exports = exports

    async def put(self, conn: Connection, incident: Incident, ended_at: datetime) -> None:
        """Put in the file, in order with other posts in the room; archiving follows once it is there."""
        payload = {"incident": incident.id, "ended_at": ended_at.isoformat()}
        await self._outbox.put(conn, "last_file", payload, priority=UPDATE, lane=_lane_of(incident))

    async def call_off(self, conn: Connection, incident: Incident) -> None:
        """After a reopening, wake what is waiting for a retry: it then drops out, and no longer holds up posts in the
        lane."""
        await self._outbox.wake_after(conn, ["last_file", "archive"], {"incident": incident.id})

    async def written(self, delivery: Delivery, incident: Incident) -> RoomFile:
        _must_be_over(delivery, incident)
        return await self._exports.written(delivery, incident)

    async def recorded(self, conn: Connection, delivery: Delivery, outcome: Outcome[str]) -> None:
        """Archive next. `cancelled` means that the file was there already."""
        incident = await incidents.lock(conn, delivery.payload["incident"])
        if not _is_over(delivery, incident):
            return
        if outcome.state in ("sent", "cancelled"):
            await self._outbox.put(conn, "archive", delivery.payload, priority=UPDATE, lane=_lane_of(incident))
        elif outcome.state in ("refused", "gave_up"):
            await _look_again(conn, incident, self._clock.now())


class RoomArchives(DeliveryKind[None]):
    """Deliveries of kind `archive`. A room already closed, for any reason, is left alone.

    If somebody reopens while Slack archives, the incident has a closed room, and people are told as for any other.
    """

    def __init__(self, db: Database, clock: Clock, outbox: Outbox, posts: Posts, gateway: Gateway) -> None:
        self._db = db
        self._clock = clock
        self._outbox = outbox
        self._posts = posts
        self._gateway = gateway

    async def recorded(self, conn: Connection, delivery: Delivery, outcome: Outcome[None]) -> None:
        """After a final refusal the room stays open and is told why: retrying daily would add a file a day and change
        nothing."""
        if outcome.state not in ("gave_up", "refused"):
            return
        incident = await incidents.lock(conn, delivery.payload["incident"])
        if not _is_over(delivery, incident):
            return
        if outcome.state == "gave_up":
            await _look_again(conn, incident, self._clock.now())
        else:
            await self._posts.in_room(conn, incident, "not_archived", error=outcome.error)

    async def send(self, delivery: Delivery) -> None:
        async with self._db.statement() as conn:
            incident = await incidents.get(conn, delivery.payload["incident"])
        _must_be_over(delivery, incident)
        if incident.room_id is None or incident.room_closed:
            raise NoLongerWanted("there is no room to archive")
        try:
            await self._gateway.archive(incident.room_id)
        except Rejected as error:
            if why := why_closed(error):
                await note_closed(self._db, self._outbox, incident.room_id, why)
                raise NoLongerWanted(f"it takes no messages: {why}") from error
            raise
        except AppRefused as error:
            if error.code in KEPT_FROM_APPS:
                raise Rejected(str(error), error.code) from error
            raise
        # Do not rely on Slack's event, which may be lost.
        await note_closed(self._db, self._outbox, incident.room_id, "archived")


def _must_be_over(delivery: Delivery, incident: Incident) -> None:
    if not _is_over(delivery, incident):
        raise NoLongerWanted("it was reopened")


def _is_over(delivery: Delivery, incident: Incident) -> bool:
    """Whether it is still over, since that same end; not after a reopening and another resolution."""
    return incident.resolved_at == datetime.fromisoformat(delivery.payload["ended_at"])


async def _look_again(conn: Connection, incident: Incident, now: datetime) -> None:
    await archives.save(conn, incident.id, now + AGAIN_AFTER, now=now)


def _lane_of(incident: Incident) -> str:
    """The lane of posts in the room, so that those come first."""
    return f"room {incident.id}"
