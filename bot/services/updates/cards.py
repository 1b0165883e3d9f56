"""The card of an update in the room: its words, who has to approve it, and the outcome per address."""

from bot.domain.actor import Actor
from bot.domain.updates.lint import unexplained
from bot.domain.updates.update import Update, UpdateDelivery
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.services.people.permissions import Permissions
from bot.services.rooms.below_card import in_room
from bot.services.rooms.cards import Cards, Painted
from bot.services.rooms.channels import Channels
from bot.services.updates.linting import Look, look_at
from bot.slack.blocks import Button, Message, message
from bot.store.database import Database
from bot.store.incidents import incidents
from bot.store.pipelined import Connection
from bot.store.updates import updates

LOST = ("refused", "gave_up", "cancelled")
# Addresses of a kind shown on the card; all are shown on request.
SHOWN = 10
# Not sent, so it can be edited and sent again.
CHANGEABLE = ("waiting", "rejected", "replaced", "failed")


class UpdateCards:
    """Paints `update:<id>`."""

    def __init__(
        self,
        db: Database,
        runbook: Runbook,
        channels: Channels,
        permissions: Permissions,
        cards: Cards,
        rendering: Rendering,
    ) -> None:
        self._db = db
        self._runbook = runbook
        self._channels = channels
        self._permissions = permissions
        self._rendering = rendering
        cards.painted_by("update", self.paint)

    async def paint(self, conn: Connection, subject: str) -> Painted | None:
        update = await updates.get(conn, int(subject))
        if update.maintenance_id is not None and not self._is_asked_about(update):
            # Planned work's own card shows who was told.
            return None
        deliveries, look = await updates.deliveries(conn, update.id), await look_at(conn, self._runbook, update)
        approvers = self._permissions.others("audience.approve", Actor(update.author, update.author_account))
        words = self._rendering.say(
            "slack/stakeholder_update",
            update=update,
            **_outcomes(deliveries),
            shown=SHOWN,
            approvers=approvers or [],
            anybody=approvers is None,
            findings=look.found,
            unexplained=unexplained(look.found, update.overruled_for),
            changes=look.changes,
        )
        more = [Button("Recipients", "audience.recipients", str(update.id))] if len(deliveries) > SHOWN else []
        return await self._placed(conn, update, message(words, [*buttons(update, look), *more]))

    async def recipients(self, update_id: int) -> Message:
        """The outcome for every address, failures first. Raises NotFound."""
        async with self._db.transaction() as conn:
            update = await updates.get(conn, update_id)
            deliveries = await updates.deliveries(conn, update.id)
        return message(self._rendering.say("slack/recipients", update=update, **_outcomes(deliveries)))

    def _is_asked_about(self, update: Update) -> bool:
        audience = self._runbook.audiences.get(update.audience)
        return update.state == "waiting" or update.decided_by is not None or bool(audience and audience.approval)

    async def _placed(self, conn: Connection, update: Update, shown: Message) -> Painted:
        """Place it in the incident's room; without one, in the channel where incidents are announced."""
        if update.maintenance_id is not None:
            return Painted(await self._channels.find(conn, self._runbook.channels.incidents), shown)
        incident = await incidents.get(conn, update.of_incident)
        if incident.room_id is None and incident.room_error:
            return Painted(await self._channels.find(conn, self._runbook.channels.incidents), shown)
        return await in_room(conn, incident, shown)


def buttons(update: Update, look: Look) -> list[Button]:
    value = str(update.id)
    decide = [
        Button("Approve", "audience.approve", f"{value} {update.digest} {look.digest}".rstrip(), "primary"),
        Button("Reject", "audience.reject", value),
    ]
    change = [edit_button(update)] if update.incident_id is not None else []
    return [*(decide if update.state == "waiting" else []), *(change if update.state in CHANGEABLE else [])]


def edit_button(update: Update) -> Button:
    """Opens the form with these words."""
    return Button("Edit", "audience.edit", str(update.id))


def _outcomes(deliveries: list[UpdateDelivery]) -> dict[str, object]:
    """Deliveries accepted, still open, and lost."""
    return {
        "accepted": _by_outlet(deliveries, "accepted"),
        "open": _waiting_alike(deliveries),
        "lost": [one for one in deliveries if one.state in LOST],
    }


def _waiting_alike(deliveries: list[UpdateDelivery]) -> list[list[UpdateDelivery]]:
    """Unsettled ones, grouped by outlet and by what is known."""
    found: dict[tuple[str, bool, str | None], list[UpdateDelivery]] = {}
    for one in deliveries:
        if one.state == "waiting":
            found.setdefault((one.via, one.unsure, one.error), []).append(one)
    return list(found.values())


def _by_outlet(deliveries: list[UpdateDelivery], state: str) -> dict[str, list[UpdateDelivery]]:
    found: dict[str, list[UpdateDelivery]] = {}
    for one in deliveries:
        if one.state == state:
            found.setdefault(one.via, []).append(one)
    return found
