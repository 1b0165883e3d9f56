"""The card of a drill: its progress, its findings, and its duration against the target."""

from bot.domain.backups.drill import Drill
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.services.rooms.cards import Cards, Painted
from bot.services.rooms.channels import Channels
from bot.slack.blocks import Button, message
from bot.store.backups import backups, drills, leftovers
from bot.store.pipelined import Connection


class DrillCards:
    """Paints `drill:<id>`, in the alerts channel."""

    def __init__(self, runbook: Runbook, channels: Channels, cards: Cards, rendering: Rendering) -> None:
        self._runbook = runbook
        self._channels = channels
        self._rendering = rendering
        cards.painted_by("drill", self.paint)

    async def paint(self, conn: Connection, subject: str) -> Painted | None:
        drill = await drills.get(conn, int(subject))
        backup = await backups.get(conn, drill.backup_id) if drill.backup_id else None
        left = await leftovers.find(conn, drill.scratch)
        words = self._rendering.say("slack/drill_card", drill=drill, backup=backup, kind=self._kind(drill), left=left)
        channel = await self._channels.find(conn, self._runbook.channels.alerts)
        return Painted(channel, message(words, _buttons(drill)))

    def _kind(self, drill: Drill) -> str:
        wanted = self._runbook.backups.get(drill.name)
        return wanted.kind if wanted else ""


def _buttons(drill: Drill) -> list[Button]:
    return [Button("Drill again", "backup.drill", drill.name)] if drill.is_troubled else []
