"""The card of an alert group: how loud, since when, how often, and what can be done."""

from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.alerts.alert import GroupStanding
from bot.domain.alerts.silence import Silence
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.services.alerts.incidents import AlertIncidents
from bot.services.rooms.cards import Cards, Painted
from bot.services.rooms.channels import Channels
from bot.slack.blocks import Button, Message, message, with_image
from bot.store.alerts import alerts, disputes, silences
from bot.store.pipelined import Connection

# A card is read at a glance; the source has the rest.
LABELS_SHOWN = 8
FLAPS_WITHIN = timedelta(hours=1)
ALERTS_SHOWN = 10


class AlertCards:
    """Paints `alert:<group id>`."""

    def __init__(
        self,
        clock: Clock,
        runbook: Runbook,
        channels: Channels,
        tied: AlertIncidents,
        cards: Cards,
        rendering: Rendering,
    ) -> None:
        self._clock = clock
        self._runbook = runbook
        self._channels = channels
        self._tied = tied
        self._rendering = rendering
        self._cards = cards
        cards.painted_by("alert", self.paint)

    async def show_open(self, conn: Connection) -> None:
        """Repaint every card that is not over, including those that could not be posted."""
        for group in await alerts.open_ids(conn):
            await self._cards.touch(conn, f"alert:{group}")

    async def paint(self, conn: Connection, subject: str) -> Painted | None:
        standing = await alerts.standing(conn, int(subject))
        if standing is None:
            return None
        now = self._clock.now()
        silence = await self._silence(conn, standing, now)
        words = self._rendering.say(
            "slack/alert",
            standing=standing,
            group=standing.group,
            title=self._tied.title(standing),
            incident=standing.incident,
            listed=standing.gravest_first[:ALERTS_SHOWN],
            severity=None if standing.group.closed_at or standing.has_open_incident else self._tied.severity(standing),
            late_at=await alerts.late_at(conn, standing),
            opens_again_at=await disputes.opens_again_at(conn, standing),
            procedure=self._tied.procedure(standing),
            flaps=await alerts.openings(conn, standing.group, since=standing.group.opened_at - FLAPS_WITHIN),
            paged_first=self._tied.paged_first,
            silence=silence,
            stale=standing.stale_at is not None and standing.stale_at <= now,
        )
        channel = await self._channels.find(conn, self._runbook.channels.alerts)
        said = message(words, self._buttons(standing, silence), self._labels(standing))
        return Painted(channel, self._pictured(standing, said))

    def _labels(self, standing: GroupStanding) -> list[str]:
        """The labels its alerts share, and how many are left out."""
        labels = sorted(standing.labels.items())
        shown = [self._rendering.say("slack/alert_label", name=name, value=value) for name, value in labels]
        if len(shown) <= LABELS_SHOWN:
            return shown
        return [*shown[:LABELS_SHOWN], self._rendering.say("slack/alert_labels_more", count=len(shown) - LABELS_SHOWN)]

    def _pictured(self, standing: GroupStanding, said: Message) -> Message:
        """Add the picture from its source, while it fires."""
        url = standing.lead.image
        return said if url is None or standing.group.closed_at else with_image(said, url, self._tied.title(standing))

    async def _silence(self, conn: Connection, standing: GroupStanding, now: datetime) -> Silence | None:
        """The silence it is under."""
        if not standing.group.is_silenced(now) or standing.group.silence_id is None:
            return None
        return await silences.get(conn, standing.group.silence_id)

    def _buttons(self, standing: GroupStanding, silence: Silence | None) -> list[Button]:
        """Only what makes sense now; none once it is over."""
        group, value = standing.group, str(standing.group.id)
        if group.closed_at:
            return []
        buttons = []
        if standing.unacknowledged:
            buttons.append(Button("Acknowledge", "alert.acknowledge", value, "primary"))
        if not standing.has_open_incident:
            buttons.append(Button("Declare incident", "alert.declare", value, "danger"))
            buttons.append(Button("Attach", "alert.attach", value))
        buttons += _about_silence(silence, value)
        if standing.can_be_closed:
            buttons.append(Button("Close", "alert.close", value))
        if name := standing.labels.get("backup") if group.source == "backup" else None:
            buttons.append(Button("Run again", "backup.run", name))
        if self._tied.procedure(standing):
            buttons.append(Button("Runbook", "alert.runbook", value))
        elif standing.runbook_url:
            buttons.append(Button("Runbook", "alert.link", url=standing.runbook_url))
        if standing.lead.delivery_id is not None:
            buttons.append(Button("Show raw", "alert.raw", value))
        return buttons


def _about_silence(silence: Silence | None, group_id: str) -> list[Button]:
    """A silence that covers more than this card is ended on a card of its own."""
    if silence is None:
        return [Button("Silence", "alert.silence", group_id)]
    if silence.key is None:
        return []
    return [Button("End silence", f"alert.silence.end#{silence.id}", str(silence.id))]
