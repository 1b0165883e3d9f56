"""The door for links in mails and texts: a page with one button. Viewing changes nothing, pressing acknowledges."""

import logging
from collections.abc import Awaitable, Callable
from functools import partial

from aiohttp import web

from bot.domain.actor import Actor
from bot.domain.errors import Failed, NotFound, Refused, Unanswered
from bot.domain.paging.page import Page
from bot.domain.people.identity import is_slack_id
from bot.doors.web_pages import WebPages
from bot.services import Services
from bot.services.paging.links import PATH, VALID_FOR, LinkOver
from bot.services.upkeep.schema import Outdated
from bot.store.deadlocks import again_after_deadlock
from bot.store.errors import plain_reason
from bot.wire.timeouts import TimeLimit

log = logging.getLogger(__name__)

# Somebody is waiting with a phone in hand: better to tell them soon to try again.
TIMEOUT_S = 3.0
AWAY, OUTDATED, UNKNOWN = "database", "version", "unknown"

Deed = Callable[[Page], Awaitable[web.Response]]


def routes(services: Services) -> list[web.RouteDef]:
    """Works without PUBLIC_URL too: links sent before it was removed stay valid."""
    door = Acknowledging(services)
    # Matches everything behind the path, so that a broken link gets a page too, and no part of a token is logged.
    path = f"{PATH}{{token:.*}}"
    return [web.get(path, door.show), web.post(path, door.press)]


class Acknowledging:
    """No session and no login: whoever has the link received the page, and acknowledges as its recipient."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._pages = WebPages(services)
        self._time_limit = TimeLimit(TIMEOUT_S)

    async def show(self, request: web.Request) -> web.Response:
        """`GET` and `HEAD`: mail scanners and link previews come here too, so it changes nothing."""
        return await self._answer(request, self._look)

    async def press(self, request: web.Request) -> web.Response:
        """`POST`: idempotent, it acknowledges once."""
        return await self._answer(request, self._acknowledge)

    async def _answer(self, request: web.Request, deed: Deed) -> web.Response:
        try:
            return await self._time_limit.wait_for(self._do(request.match_info["token"], deed))
        except LinkOver as over:
            return self._pages.page(410, "link_over", page=over.page, days=VALID_FOR.days)
        except NotFound:
            return self._pages.page(404, "link_unknown")
        except Outdated as error:
            return self._held(str(error), OUTDATED)
        except Unanswered as error:
            return self._held(str(error), UNKNOWN)
        except Failed as error:
            return self._held(str(error), plain_reason(error) or AWAY)

    async def _do(self, token: str, deed: Deed) -> web.Response:
        self._services.schema.must_be_known()
        self._services.sessions.must_be_own()
        page = await self._services.links.page_of(token)
        if await self._services.members.has_put_out(page.incident_id, page.person):
            raise NotFound("they were removed from this incident")
        return await again_after_deadlock(partial(deed, page))

    def _held(self, reason: str, words: str) -> web.Response:
        log.warning("link: %s", reason)
        return self._pages.page(503, "link_held", {"Retry-After": "5"}, why=words)

    async def _look(self, page: Page) -> web.Response:
        return await self._standing(page)

    async def _acknowledge(self, page: Page) -> web.Response:
        actor = Actor(page.person, self._services.people.known_account(page.person))
        try:
            await self._services.acknowledgements.acknowledge(
                actor, page.incident_id, paged_at=page.due_at, by=page.via
            )
        except Refused:
            # Already acknowledged, resolved or reopened: the page says by whom and when.
            return await self._standing(page, pressed=True)
        return await self._standing(page, state="done")

    async def _standing(self, page: Page, *, state: str | None = None, pressed: bool = False) -> web.Response:
        """The incident's state, with the button while there is something to acknowledge."""
        standing = await self._services.standings.now(page.incident_id)
        incident, answer = standing.incident, standing.answer_to(page)
        by, at = (answer.actor, answer.at) if answer else (incident.acknowledged_by, incident.acknowledged_at)
        if not incident.is_open:
            state, by, at = "resolved", incident.resolved_by, incident.resolved_at
        elif state is None and await self._services.links.is_overtaken(page):
            state = "reopened"
        elif state is None:
            state = "answered" if answer or (pressed and at) else "open"
        runbook = self._services.runbook
        return self._pages.page(
            200,
            "acknowledge",
            state=state,
            incident=incident,
            page=page,
            severity=runbook.severity_as_declared(incident.severity),
            tier=runbook.tiers.get(page.tier or ""),
            person=await self._called(page.person),
            by=await self._called(by or ""),
            at=at,
            climbs_on=standing.escalation.policy.stops_on == "resolved",
        )

    async def _called(self, who: str) -> str:
        """Somebody outside the runbook gets their Slack name, if Slack answers within a second."""
        people = self._services.people
        return (await people.names_of([who]) if is_slack_id(who) else {}).get(who) or people.display_name(who)
