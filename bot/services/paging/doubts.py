"""What is known of pages at this moment: one that is just being sent may have been accepted already."""

from collections.abc import Iterable
from dataclasses import replace

from bot.domain.paging.page import Page
from bot.store.paging import pages
from bot.store.pipelined import Connection


async def as_known(conn: Connection, incident_id: int, made: Iterable[Page]) -> list[Page]:
    """These pages of the incident; of those that are in hand at this moment it is not known whether they were sent,
    whoever has them in hand, and may have died with it."""
    under_way = {page.id for page in await pages.on_their_way(conn, incident_id)}
    return [replace(page, unsure=True) if page.id in under_way else page for page in made]
