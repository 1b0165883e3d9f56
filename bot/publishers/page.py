"""Publishes to our own status page: served by this process, and written as plain files that outlive it."""

from collections.abc import Awaitable, Callable

from bot.domain.errors import NotFound, Rejected
from bot.domain.updates.status_page import Edition
from bot.domain.updates.update import Outlet
from bot.publishers import OutletFacts, Publication, Publisher, PublisherParts
from bot.publishers._page_bucket import write_to_bucket
from bot.publishers._page_folder import Folders
from bot.runbook.audiences import Audience
from bot.wire.s3 import Access

SERVED = "/status"
# Less than the time-out of an attempt.
ANSWERS_WITHIN_S = 5


def addresses(audience: Audience) -> list[str]:
    return [audience.page.to or SERVED] if audience.page else []


OUTLET = OutletFacts("status page", addresses, is_public=True, takes_all=True)


def publisher(parts: PublisherParts) -> Publisher:
    return PagePublisher(parts.edition, Access(parts.settings, answers_within_s=ANSWERS_WITHIN_S, attempts=1))


class PagePublisher:
    """The served page shows an update once it's released; the update counts as accepted once the files show it too. The
    reference is the page's version. Writing is idempotent."""

    via: Outlet = "page"

    def __init__(self, edition: Callable[[str], Awaitable[Edition]], access: Access) -> None:
        self._edition = edition
        self._access = access
        self._folders = Folders()

    async def publish(self, publication: Publication) -> str:
        return await self.renew(publication.update.audience)

    def shown(self, publication: Publication) -> str:
        return f"{publication.update.subject}\n\n{publication.update.text}"

    async def renew(self, audience: str) -> str:
        """Write the page as it is now, unless a newer one is there. Raises a kind of Failed."""
        try:
            edition = await self._edition(audience)
        except NotFound as gone:
            raise Rejected(f"the runbook has no audience {audience} any more") from gone
        if edition.to is None:
            return SERVED
        if edition.to.startswith("s3://"):
            await write_to_bucket(self._access, edition.to, edition)
        else:
            await self._folders.write(edition.to, edition)
        return f"version {edition.version}"
