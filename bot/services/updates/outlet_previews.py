"""Previews of a text by outlet, rendered by the code that sends it."""

from collections.abc import Mapping
from typing import Any

from bot.clock import Clock
from bot.domain.actor import Actor
from bot.domain.errors import Refused
from bot.domain.updates.update import Outlet, Update, UpdateDelivery, words_of
from bot.publishers import Publication, Publisher, ShowingPublisher
from bot.services.updates.previews import Preview


class OutletPreviews:
    """Writes and sends nothing."""

    def __init__(self, clock: Clock, publishers: Mapping[Outlet, Publisher]) -> None:
        self._clock = clock
        self._publishers = publishers

    def shown(self, actor: Actor, preview: Preview, via: Outlet) -> Any:
        """A text, or a Slack message. Raises Refused."""
        publisher = self._publishers.get(via)
        address = next((address for one, address in preview.where if one == via), None)
        if address is None or not isinstance(publisher, ShowingPublisher):
            raise Refused(f"Nothing leaves by {via} here: {preview.gaps.get(via, 'that is no way to this audience')}.")
        incident, now = preview.incident, self._clock.now()
        subject, text = words_of(preview.subject, preview.text)
        update = Update(
            0, incident.id, preview.audience.key, preview.moment, incident.status, subject, text, actor.name,
            "released", now, severity=incident.severity,
        )  # fmt: skip
        return publisher.shown(Publication(UpdateDelivery(0, 0, via, address), update, incident, None, False))
