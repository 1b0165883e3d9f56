"""Publishes to a page at statuspage.io: one incident there per incident of ours, with an update for each text."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bot.domain.errors import Rejected
from bot.domain.maintenance.window import Window
from bot.domain.text import cut
from bot.domain.updates.update import ENDS, GOES_ON, Outlet, Update
from bot.publishers import OutletFacts, Publication, Publisher, PublisherParts
from bot.publishers._statuspage_components import at_the_end, by_rank, while_open
from bot.publishers._statuspage_ours import NAME_LENGTH, Known, besides, key_of_update, known_as, known_in, written
from bot.publishers._statuspage_planned import PlannedThere
from bot.runbook import Runbook
from bot.runbook.audiences import Component, StatusPage
from bot.wire.statuspage import Statuspage

OUTLET = OutletFacts(
    "statuspage.io",
    addresses=lambda audience: [audience.statuspage.page] if audience.statuspage else [],
    credentials="STATUSPAGE_TOKEN",
    is_set_up=lambda settings: settings.statuspage_token,
    is_public=True,
)

STATUSES = {
    "investigating": "investigating", "identified": "identified", "mitigating": "identified",
    "monitoring": "monitoring", "resolved": "resolved",
}  # fmt: skip
# By the severity's rank, gravest first; the last one also for all further ranks.
IMPACTS = ("critical", "major", "minor")
POSTMORTEM = "postmortem"


def publisher(parts: PublisherParts) -> Publisher | None:
    token = parts.settings.statuspage_token
    if token is None:
        return None
    base_url = parts.settings.statuspage_api_url
    return StatuspagePublisher(Statuspage(parts.session, parts.clock, token=token, base_url=base_url), parts.runbook)


class StatuspagePublisher:
    """The reference is the incident's id there. Their API isn't idempotent, so each incident carries our reference and
    the key of its latest update in its metadata: after an unanswered request, we look there."""

    via: Outlet = "statuspage"

    def __init__(self, api: Statuspage, runbook: Runbook) -> None:
        self._api = api
        self._planned = PlannedThere(api)
        self._runbook = runbook

    async def publish(self, publication: Publication) -> str:
        page, update = publication.delivery.address, publication.update
        if isinstance(publication.about, Window):
            there = self._page(publication)
            concerned = there.concerned(publication.about.components) if there else []
            return await self._planned.publish(publication, publication.about, concerned)
        open_there = await self._api.unresolved(page)
        known = await self._known(publication, open_there)
        if update.moment.startswith(POSTMORTEM):
            return await self._tell_of_postmortem(page, known, update)
        if known and known.update == key_of_update(update):
            return known.id
        others = besides([*open_there, *await self._worked_on(publication, known)], known)
        values = self._values(publication, others, known)
        if known and (changed := await self._changed(page, known.id, values)):
            return changed
        name = cut(update.subject, NAME_LENGTH)
        return await self._api.create(page, {"name": name, "deliver_notifications": True, **values})

    def shown(self, publication: Publication) -> str:
        """What readers would see. Components are shown as if there were no other incidents."""
        update = publication.update
        if update.moment.startswith(POSTMORTEM):
            return json.dumps({"postmortem": update.text}, indent=2, ensure_ascii=False)
        values = {"name": cut(update.subject, NAME_LENGTH), **self._values(publication, (), None)}
        read = {name: value for name, value in values.items() if name not in ("metadata", "component_ids")}
        return json.dumps(read, indent=2, ensure_ascii=False)

    async def _worked_on(self, publication: Publication, known: Known | None) -> Sequence[Mapping[str, Any]]:
        """Maintenance in progress, which keeps its components from being set back to operational."""
        concerned = self._components(publication) or (known and known.components)
        if publication.update.moment != "resolved" or not concerned:
            return []
        return await self._api.active_maintenance(publication.delivery.address)

    async def _known(self, publication: Publication, open_there: Sequence[Mapping[str, Any]]) -> Known | None:
        """The incident there, even if we never heard that it was accepted; None if there is none."""
        page = publication.delivery.address
        if found := known_in(open_there, publication):
            return found
        may_be_over = publication.unsure or publication.update.moment not in GOES_ON
        if publication.earlier is None:
            return known_in(await self._api.latest(page), publication) if may_be_over else None
        if not may_be_over:
            return Known(publication.earlier)
        there = await self._api.incident(page, publication.earlier)
        # If it was deleted, changing it will answer 404.
        return known_as(publication.earlier, there or {})

    async def _changed(self, page: str, id: str, values: Mapping[str, Any]) -> str | None:
        """Change it and return its id. None if it was deleted, or is closed and can't be reopened: then create a new
        one."""
        try:
            return await self._api.change(page, id, values)
        except Rejected as error:
            if error.code == "404" or (error.code == "422" and values["status"] != "resolved"):
                return None
            raise

    async def _tell_of_postmortem(self, page: str, known: Known | None, update: Update) -> str:
        if known is None:
            raise Rejected("statuspage.io has no incident that this post-mortem is of")
        await self._api.publish_postmortem(page, known.id, update.text)
        return known.id

    def _values(
        self, publication: Publication, others: Sequence[Mapping[str, Any]], known: Known | None
    ) -> dict[str, Any]:
        update, rank = publication.update, self._rank(publication)
        own = by_rank(self._components(publication), rank)
        states: dict[str, str] = {}
        if update.moment in GOES_ON:
            states = while_open(own, others)
        elif update.moment == "resolved":
            # Include what an earlier version of the runbook set.
            states = at_the_end([*dict.fromkeys([*own, *(known.components if known else ())])], others)
        return {
            "status": "resolved" if update.moment in ENDS else STATUSES.get(update.status or "", "investigating"),
            "body": update.text,
            "impact_override": IMPACTS[min(rank, len(IMPACTS) - 1)],
            "metadata": written(publication, own),
            **({"component_ids": list(states), "components": states} if states else {}),
        }

    def _components(self, publication: Publication) -> Mapping[str, Component]:
        page = self._page(publication)
        return page.components if page else {}

    def _page(self, publication: Publication) -> StatusPage | None:
        audience = self._runbook.audiences.get(publication.update.audience)
        page = audience.statuspage if audience else None
        return page if page and page.page == publication.delivery.address else None

    def _rank(self, publication: Publication) -> int:
        severity, known = publication.update.severity, self._runbook.severity_ids
        return known.index(severity) if severity in known else len(known)
