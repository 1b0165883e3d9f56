"""What is known about pages right now: one that is being sent may already have been accepted."""

from collections.abc import Iterable
from dataclasses import replace

from bot.domain.paging.page import Page
from bot.store.paging import pages
from bot.store.pipelined import Connection


async def as_known(conn: Connection, incident_id: int, made: Iterable[Page]) -> list[Page]:
    """These pages of the incident, with those in flight marked `unsure`: their sender may even have died with the
    answer."""
    under_way = {page.id for page in await pages.on_their_way(conn, incident_id)}
    return [replace(page, unsure=True) if page.id in under_way else page for page in made]
