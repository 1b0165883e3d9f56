"""A post-mortem in the channel canvas of its incident's room, where the workspace has canvases."""

from bot.domain.actor import Actor
from bot.domain.errors import NotFound, Rejected
from bot.domain.incidents.incident import Incident
from bot.services.outbox.kinds import UPDATE, DeliveryKind, NoLongerWanted, Outcome
from bot.services.outbox.outbox import Outbox
from bot.services.postmortems.drafts import Drafts
from bot.services.rooms.deeds import Deeds
from bot.services.rooms.in_doubt import do_again
from bot.services.rooms.posts import Posts
from bot.services.rooms.room_files import must_take_a_file
from bot.slack.gateway import AppRefused, Gateway
from bot.store.database import Database
from bot.store.incidents import incidents
from bot.store.outbox.outbox import Delivery
from bot.store.pipelined import Connection
from bot.store.postmortems import postmortems

KIND = "postmortem_canvas"
ALREADY, GONE = "channel_canvas_already_exists", "canvas_not_found"
# Slack's errors that no retry cures (an admin, another plan or the other canvas's author may), in words.
REFUSALS = {
    "canvas_disabled_user_team": "canvases are off in this workspace",
    "team_tier_cannot_create_channel_canvases": "this workspace's plan has no channel canvases",
    ALREADY: "the channel already has a canvas that Tocsin didn't make",
    "free_team_canvas_tab_already_exists": "the channel already has a canvas that Tocsin didn't make",
    "missing_scope": "the app lacks the scope canvases:write; add it, and install the app again",
    "restricted_action": "this workspace doesn't let apps make canvases",
    "no_permission": "the app may not make canvases",
}


async def put_canvas(conn: Connection, outbox: Outbox, incident_id: int) -> None:
    """Have the canvas written with what is stored by then; changes until then share one delivery."""
    key = _key(incident_id)
    await outbox.put(conn, KIND, {"incident": incident_id}, priority=UPDATE, key=key, lane=key)


def _key(incident_id: int) -> str:
    return f"postmortem canvas {incident_id}"


class PostmortemCanvases(DeliveryKind[str]):
    """Deliveries of kind `postmortem_canvas`; each returns the canvas's id. Once there is a canvas, every change of the
    post-mortem updates it."""

    def __init__(
        self, db: Database, deeds: Deeds, drafts: Drafts, outbox: Outbox, posts: Posts, gateway: Gateway
    ) -> None:
        self._db = db
        self._deeds = deeds
        self._drafts = drafts
        self._outbox = outbox
        self._posts = posts
        self._gateway = gateway

    async def ask(self, actor: Actor, incident_id: int) -> Incident:
        """Have it written into the room's canvas. Raises Refused, NotFound."""
        async with self._deeds.on(actor, incident_id) as (conn, incident, _):
            if await postmortems.get(conn, incident.id) is None:
                raise NotFound(f"{incident.ref} has no post-mortem: `/incident postmortem` begins one.")
            must_take_a_file(incident)
            await put_canvas(conn, self._outbox, incident.id)
            return incident

    async def send(self, delivery: Delivery) -> str:
        async with self._db.statement() as conn:
            incident = await incidents.get(conn, delivery.payload["incident"])
            known = await postmortems.get(conn, incident.id)
        if known is None or incident.room_id is None:
            raise NoLongerWanted
        text = await self._drafts.document(incident.id, known.version)
        try:
            return await self._written(delivery, incident, incident.room_id, known.canvas, text)
        except (Rejected, AppRefused) as error:
            if isinstance(error, Rejected) or error.code in REFUSALS:
                raise Rejected(REFUSALS.get(error.code, str(error)), error.code) from error
            raise

    async def recorded(self, conn: Connection, delivery: Delivery, outcome: Outcome[str]) -> None:
        incident = await incidents.get(conn, delivery.payload["incident"])
        known = await postmortems.get(conn, incident.id)
        if known is None:
            return
        if outcome.state == "sent":
            # A timed-out attempt may still reach Slack late and overwrite this with an older version.
            key = _key(incident.id)
            await do_again(conn, self._outbox, delivery, KIND, delivery.payload, key=key, lane=key)
        if outcome.returned and outcome.returned != known.canvas:
            await postmortems.save_canvas(conn, incident.id, outcome.returned)
            await self._posts.in_room(conn, incident, "postmortem_canvas", refused=None)
        elif outcome.state in ("refused", "gave_up"):
            # Forget the canvas, so that later versions don't run into the same refusal.
            await postmortems.save_canvas(conn, incident.id, None)
            await self._posts.in_room(conn, incident, "postmortem_canvas", refused=outcome.error)

    async def _written(self, delivery: Delivery, incident: Incident, room: str, canvas: str | None, text: str) -> str:
        if canvas and await self._edited(canvas, text):
            return canvas
        try:
            return await self._gateway.make_canvas(room, f"{incident.ref} post-mortem", text)
        except Rejected as error:
            # An earlier attempt that timed out may have made it: then it is ours.
            ours = await self._gateway.canvas_of(room) if error.code == ALREADY and delivery.unsure else None
            if ours is None:
                raise
            await self._gateway.write_canvas(ours, text)
            return ours

    async def _edited(self, canvas: str, text: str) -> bool:
        """Replace its text; False when somebody has deleted the canvas."""
        try:
            await self._gateway.write_canvas(canvas, text)
        except Rejected as error:
            if error.code != GONE:
                raise
            return False
        return True
