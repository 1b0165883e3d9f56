"""The trail of a restore: timeline, audit log, and messages."""

from bot.clock import Clock
from bot.domain.backups.restore import Restore
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.services.backups.restore_cards import RestoreCards
from bot.services.rooms.channels import Channels
from bot.services.rooms.posts import Posts
from bot.slack.blocks import message
from bot.store import audit
from bot.store.incidents import incidents
from bot.store.pipelined import Connection

# Steps announced to people who do not watch the card.
TOLD = ("done", "failed", "lost")


class RestoreLog:
    """Writes down each step, in the transaction that takes it."""

    def __init__(
        self,
        clock: Clock,
        runbook: Runbook,
        channels: Channels,
        posts: Posts,
        cards: RestoreCards,
        rendering: Rendering,
    ) -> None:
        self._clock = clock
        self._alerts_channel = runbook.channels.alerts
        self._channels = channels
        self._posts = posts
        self._cards = cards
        self._rendering = rendering

    async def write(self, conn: Connection, restore: Restore, step: str, actor: str) -> None:
        """Record that `step` happened, worded by `documents/restore_step`."""
        now = self._clock.now()
        facts: dict[str, object] = {"restore": restore.id, "backup": restore.backup_id, "step": step}
        if restore.prospect:
            facts |= {"target": restore.target.shown}
        more: dict[str, object] = {"reason": restore.reason, "overruled": restore.overruled}
        more |= {"safety": restore.safety_id, "error": restore.error}
        facts |= {name: value for name, value in more.items() if value is not None}
        await audit.write(conn, actor=actor, deed="backup.restore", subject=restore.name, at=now, facts=facts)
        if restore.incident_id is not None:
            words = self._rendering.say("documents/restore_step", restore=restore, step=step)
            key = f"restore {restore.id} {step}"
            await incidents.write(conn, restore.incident_id, "system", words, actor=actor, at=now, key=key)
        await self._cards.show(conn, restore)
        if step in TOLD:
            await self._tell(conn, restore, "restore_over")
        elif step == "looked" and restore.stage == "exchanging":
            # If it stopped while exchanging, only this look could tell the outcome; otherwise it was told at once.
            await self._tell(conn, restore, "restore_looked")

    async def show(self, conn: Connection, restore: Restore) -> None:
        """Show progress that is not a step."""
        await self._cards.show(conn, restore)

    async def _tell(self, conn: Connection, restore: Restore, template: str) -> None:
        if restore.incident_id is not None:
            incident = await incidents.get(conn, restore.incident_id)
            await self._posts.in_room(conn, incident, template, restore=restore)
        elif channel := await self._channels.find(conn, self._alerts_channel):
            words = self._rendering.say(f"slack/{template}", restore=restore)
            await self._posts.in_channel(conn, channel, message(words))
