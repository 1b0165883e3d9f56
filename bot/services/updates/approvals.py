"""Approval of an update by a second person: it leaves, or goes back to its author."""

from bot.domain.actor import TOCSIN, Actor
from bot.domain.errors import Refused
from bot.domain.updates.update import Update, must_be_somebody_else
from bot.services.people.permissions import Permissions
from bot.services.rooms.cards import Cards
from bot.services.updates.decisions import Decisions
from bot.services.updates.following import Following
from bot.services.updates.releases import Releases
from bot.services.updates.subjects import show
from bot.store.database import Database


class Approvals:
    """Takes the decision of those asked in the incident's room."""

    def __init__(
        self,
        db: Database,
        permissions: Permissions,
        cards: Cards,
        releases: Releases,
        following: Following,
        decisions: Decisions,
    ) -> None:
        self._db = db
        self._permissions = permissions
        self._cards = cards
        self._releases = releases
        self._following = following
        self._decisions = decisions

    async def approve(self, actor: Actor, update_id: int, seen: str = "") -> None:
        """Send it. `seen`: digests of the text and findings that were shown; empty: from an older card.

        Raises NotPermitted for its author and anybody not allowed, AlreadyDone when it is decided. Raises Refused when
        a time it promises has passed, in which case new words replace it, or when there are new findings, which the
        card then shows.
        """
        self._permissions.must(actor, "audience.approve")
        words, _, found = seen.partition(" ")
        async with self._db.transaction() as conn:
            update, incident = await self._decisions.pending(conn, actor, update_id)
            if words and words != update.digest:
                raise Refused("Not sent: the text has changed since you were shown it. Read the card again.")
            must_be_somebody_else(is_author=self._decisions.is_author(actor, update))
            audience = self._releases.audience_of(update)
            late = self._following.broken_promise(update) if incident else None
            look = await self._releases.look(conn, update)
            is_unseen = bool(words) and look.digest not in ("", found)
            if incident and late:
                await self._following.renew(conn, incident, update, late)
            elif is_unseen:
                await show(self._cards, conn, update)
            else:
                await self._decisions.record(conn, update, "released", actor)
                await self._releases.release(conn, update, incident, audience)
        # After the commit, so that the replacement or repainted card stays.
        if late or is_unseen:
            raise Refused(_why_not(update, late))

    async def reject(self, actor: Actor, update_id: int) -> None:
        """Do not send it; its author may withdraw it this way, too. The words stay visible and editable."""
        async with self._db.transaction() as conn:
            update, incident = await self._decisions.pending(conn, actor, update_id)
            if not self._decisions.is_author(actor, update):
                self._permissions.must(actor, "audience.approve")
            await self._decisions.reject(conn, update, incident, actor)
            await show(self._cards, conn, update)


def _why_not(update: Update, late: str | None) -> str:
    """`late` None: there are findings that were not shown."""
    if late is None:
        return "Not sent: something was found in the text since you were shown it. Read the card again."
    is_ours = update.author == TOCSIN.name
    then = "Tocsin writes a new text for approval" if is_ours else "Its author is asked for a new text"
    return f"Not sent: it promises something by {late}, which has passed. {then}."
