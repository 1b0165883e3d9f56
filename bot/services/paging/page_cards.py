"""A page's message: what is wrong, who else is paged, and what has happened since."""

from datetime import datetime

from bot.domain.incidents.incident import Incident
from bot.domain.paging.page import Page
from bot.rendering import Rendering
from bot.services.paging.standings import IncidentStanding, Standings
from bot.services.rooms.cards import Cards, Painted
from bot.services.rooms.members import Members
from bot.slack.blocks import Button, Message, message
from bot.store.paging import pages
from bot.store.pipelined import Connection


class PageCards:
    """Paints `page:<page id>`. The very first version is painted for the pager that posts it."""

    def __init__(self, standings: Standings, members: Members, cards: Cards, rendering: Rendering) -> None:
        self._standings = standings
        self._members = members
        self._rendering = rendering
        cards.painted_by("page", self.paint)

    async def message(self, page: Page, *, repeat: bool = False) -> Message:
        """The message as of now. `repeat`: it says that it may have been sent before."""
        standing = await self._standings.now(page.incident_id)
        if await self._members.has_put_out(page.incident_id, page.person):
            return self._put_out(standing.incident)
        return self._message(page, standing, repeat=repeat)

    async def paint(self, conn: Connection, subject: str) -> Painted | None:
        page = await pages.get(conn, int(subject))
        standing = await self._standings.get(conn, page.incident_id)
        if await self._members.was_removed(conn, standing.incident, page.person):
            return Painted(None, self._put_out(standing.incident))
        return Painted(None, self._message(page, standing))

    def _put_out(self, incident: Incident) -> Message:
        """The page of somebody removed from a private incident since."""
        return message(self._rendering.say("slack/page_removed", incident=incident))

    def _message(self, page: Page, standing: IncidentStanding, *, repeat: bool = False) -> Message:
        incident = standing.incident
        answered = standing.answer_to(page)
        repeat = repeat or page.repeated_at is not None
        overtaken = standing.overtaken(page)
        of_page = {"page": page, "repeat": repeat, "answered": answered, "overtaken": overtaken}
        is_over = answered or overtaken or not incident.is_open
        buttons = [] if is_over else [acknowledge(incident, paged_at=page.due_at), escalate(standing)]
        return message(self._rendering.say("slack/page", **self._standings.facts(standing), **of_page), buttons)


def acknowledge(incident: Incident, *, paged_at: datetime | None = None) -> Button:
    """The Acknowledge button. `paged_at`: set on a page's button, which stops working once the incident is reopened."""
    value = f"{incident.id} {paged_at.isoformat()}" if paged_at else str(incident.id)
    return Button("Acknowledge", "incident.acknowledge", value, "primary")


def escalate(standing: IncidentStanding) -> Button:
    """The Escalate button, bound to the ladder's next step, so that two people pressing it take one step."""
    return Button("Escalate", "escalate.next", f"{standing.incident.id} {standing.escalation.ladder.position}")
