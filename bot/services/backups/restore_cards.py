"""The card of a restore: the plan to approve, its progress, its outcome."""

from bot.domain.actor import Actor
from bot.domain.backups.restore import Restore
from bot.domain.backups.target import is_elsewhere, target_in
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.services.backups.recovery import BackupRecovery
from bot.services.people.permissions import Permissions
from bot.services.rooms.below_card import in_room
from bot.services.rooms.cards import Cards, Painted
from bot.services.rooms.channels import Channels
from bot.slack.blocks import Button, Message, message
from bot.store.backups import backups, leftovers, restores
from bot.store.incidents import incidents
from bot.store.pipelined import Connection


class RestoreCards:
    """Paints `restore:<id>`, in the incident's room, or without one in the alerts channel."""

    def __init__(
        self,
        runbook: Runbook,
        channels: Channels,
        permissions: Permissions,
        recovery: BackupRecovery,
        cards: Cards,
        rendering: Rendering,
    ) -> None:
        self._runbook = runbook
        self._channels = channels
        self._permissions = permissions
        self._recovery = recovery
        self._cards = cards
        self._rendering = rendering
        cards.painted_by("restore", self.paint)

    async def show(self, conn: Connection, restore: Restore) -> None:
        """Repaint its card."""
        await self._cards.touch(conn, f"restore:{restore.id}", incident=restore.incident_id)

    async def paint(self, conn: Connection, subject: str) -> Painted | None:
        restore = await restores.get(conn, int(subject))
        approvers = self._permissions.others("backup.restore", Actor(restore.asked_by, restore.asked_account))
        wanted = self._runbook.backups.get(restore.name)
        backup = await backups.get(conn, restore.backup_id)
        source = target_in(backup.source)
        words = self._rendering.say(
            "slack/restore_card",
            restore=restore,
            backup=backup,
            left=await leftovers.find(conn, restore.scratch),
            source=source,
            kind=wanted.kind if wanted else "",
            elsewhere=restore.prospect is not None and is_elsewhere(source, restore.target),
            approvers=approvers or [],
            anybody=approvers is None,
            exchanged=wanted is not None and self._recovery.exchanges(restore.name),
            invariants=len(wanted.invariants) if wanted and not backup.before_restore else 0,
        )
        overrulable = wanted is not None and bool(wanted.invariants) and not backup.before_restore
        return await self._placed(conn, restore, message(words, _buttons(restore, overrulable=overrulable)))

    async def _placed(self, conn: Connection, restore: Restore, shown: Message) -> Painted:
        if restore.incident_id is not None:
            incident = await incidents.get(conn, restore.incident_id)
            if incident.room_id or not incident.room_error:
                return await in_room(conn, incident, shown)
        return Painted(await self._channels.find(conn, self._runbook.channels.alerts), shown)


def _buttons(restore: Restore, *, overrulable: bool) -> list[Button]:
    value = str(restore.id)
    if restore.state != "waiting":
        return []
    overrule = [Button("Approve despite invariants", "backup.overrule", value)] if overrulable else []
    return [Button("Approve", "backup.approve", value, "danger"), *overrule, Button("Reject", "backup.reject", value)]
