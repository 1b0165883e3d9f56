"""Planned work at statuspage.io: one scheduled maintenance there for each of ours, begun and ended when ours is."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.domain.errors import Rejected
from bot.domain.maintenance.window import Window
from bot.domain.text import cut
from bot.domain.updates.update import CLOSES, Moment
from bot.publishers import Publication
from bot.publishers._statuspage_components import UNDER_MAINTENANCE, at_the_end, while_open
from bot.publishers._statuspage_ours import NAME_LENGTH, Known, besides, key_of_update, known_as, known_in, written
from bot.wire.statuspage import Statuspage

STATUSES: Mapping[Moment, str] = {
    "maintenance_announced": "scheduled", "maintenance_moved": "scheduled", "maintenance_begun": "in_progress",
    "maintenance_overrun": "in_progress", "maintenance_done": "completed", "maintenance_cancelled": "completed",
}  # fmt: skip
# Switch off their timers and reminders: a maintenance begins and ends only when one of our people says so.
BY_HAND = dict.fromkeys(
    (
        "scheduled_remind_prior", "scheduled_auto_in_progress", "scheduled_auto_completed",
        "auto_transition_to_maintenance_state", "auto_transition_to_operational_state",
        "auto_transition_deliver_notifications_at_start", "auto_transition_deliver_notifications_at_end",
    ),
    False,
)  # fmt: skip


class PlannedThere:
    """Finds its maintenances by our reference in the metadata. One that was deleted there is created again, unless the
    update only says that the work is over."""

    def __init__(self, api: Statuspage) -> None:
        self._api = api

    async def publish(self, publication: Publication, window: Window, ids: Sequence[str]) -> str:
        """Create or change the maintenance and return its id there. `ids`: the components affected, by the current
        runbook."""
        page, update = publication.delivery.address, publication.update
        under_way = await self._api.active_maintenance(page)
        known = await self._known(publication, under_way)
        if known and known.update == key_of_update(update):
            return known.id
        others = besides([*under_way, *(await self._api.unresolved(page))], known)
        # Include what an earlier version of the runbook put under maintenance, or it would stay so for ever.
        concerned = list(dict.fromkeys([*ids, *(known.components if known else ())]))
        values = _values(publication, window, concerned, others)
        if known and (changed := await self._changed(page, known.id, values)):
            return changed
        if update.moment in CLOSES:
            raise Rejected("statuspage.io has no scheduled maintenance that this is about: somebody has deleted it")
        return await self._api.create(page, {**values, **BY_HAND, "deliver_notifications": True})

    async def _known(self, publication: Publication, under_way: Sequence[Mapping[str, Any]]) -> Known | None:
        """The maintenance there, even if we never heard that it was accepted; None if there is none."""
        page, earlier = publication.delivery.address, publication.earlier
        if found := known_in(under_way, publication):
            return found
        if found := known_in(await self._api.upcoming(page), publication):
            return found
        if earlier is None:
            return known_in(await self._api.latest(page), publication) if publication.unsure else None
        there = await self._api.incident(page, earlier) if publication.unsure else None
        # If it was deleted, changing it will answer 404.
        return known_as(earlier, there or {})

    async def _changed(self, page: str, id: str, values: Mapping[str, Any]) -> str | None:
        """Change it and return its id; None if it no longer exists there."""
        try:
            return await self._api.change(page, id, values)
        except Rejected as error:
            if error.code == "404":
                return None
            raise


def _values(
    publication: Publication, window: Window, ids: Sequence[str], others: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    update = publication.update
    status = STATUSES[update.moment]
    own = dict.fromkeys(ids, UNDER_MAINTENANCE) if status == "in_progress" else {}
    states = while_open(own, others)
    if update.moment == "maintenance_done":
        states = at_the_end(ids, others)
    return {
        "name": cut(update.subject, NAME_LENGTH),
        "status": status,
        "body": update.text,
        "impact_override": "maintenance",
        "metadata": written(publication, own),
        **(_planned(publication, window) if status != "completed" else {}),
        **({"component_ids": list(ids)} if ids else {}),
        **({"components": states} if states else {}),
    }


def _planned(publication: Publication, window: Window) -> dict[str, str]:
    """The schedule as it was when this text was written."""
    update = publication.update
    starts_at, ends_at = update.planned_from or window.starts_at, update.planned_until or window.ends_at
    return {"scheduled_for": starts_at.isoformat(), "scheduled_until": ends_at.isoformat()}
