"""The card of a backup in the alerts channel: for those people asked for, and those found damaged."""

from bot.domain.actor import TOCSIN
from bot.domain.backups.backup import Backup, estimate
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.services.rooms.cards import Cards, Painted
from bot.services.rooms.channels import Channels
from bot.slack.blocks import Button, message
from bot.store.backups import backups
from bot.store.pipelined import Connection


class BackupCards:
    """Paints `backup:<id>`. Scheduled backups have none: a good one is silent, a failed one is an alert."""

    def __init__(self, runbook: Runbook, channels: Channels, cards: Cards, rendering: Rendering) -> None:
        self._runbook = runbook
        self._channels = channels
        self._cards = cards
        self._rendering = rendering
        cards.painted_by("backup", self.paint)

    async def show(self, conn: Connection, backup: Backup) -> None:
        """Repaint this backup's card."""
        if backup.started_by != TOCSIN.name:
            await self._cards.touch(conn, f"backup:{backup.id}")

    async def paint(self, conn: Connection, subject: str) -> Painted | None:
        backup = await backups.get(conn, int(subject))
        superseded = backup.is_troubled and await backups.has_newer_good(conn, backup)
        facts = {"backup": backup, "superseded": superseded, "kind": self._kind(backup), "estimate": None}
        if backup.state == "running":
            facts["estimate"] = estimate(backup, next(iter(await backups.good(conn, [backup.name])), None))
        words = self._rendering.say("slack/backup_card", **facts)
        channel = await self._channels.find(conn, self._runbook.channels.alerts)
        buttons = [Button("Run again", "backup.run", backup.name)] if backup.is_troubled and not superseded else []
        return Painted(channel, message(words, buttons))

    def _kind(self, backup: Backup) -> str:
        """'' once it has left the runbook."""
        wanted = self._runbook.backups.get(backup.name)
        return wanted.kind if wanted else ""
