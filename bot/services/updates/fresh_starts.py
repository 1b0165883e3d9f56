"""Starting an update over: the author's draft is dropped, and what waits for approval is withdrawn."""

from bot.clock import Clock
from bot.domain.actor import Actor
from bot.domain.updates.update import must_be_tellable
from bot.runbook import Runbook
from bot.services.people.permissions import Permissions
from bot.services.rooms.posts import Posts
from bot.services.updates.audiences import audience_called
from bot.services.updates.returns import Returns
from bot.store import requests
from bot.store.database import Database
from bot.store.incidents import incidents
from bot.store.updates import updates


class FreshStarts:
    """Sends nothing. The form that is opened next composes the words."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        runbook: Runbook,
        permissions: Permissions,
        returns: Returns,
        posts: Posts,
    ) -> None:
        self._db = db
        self._clock = clock
        self._runbook = runbook
        self._permissions = permissions
        self._returns = returns
        self._posts = posts

    async def start_over(self, actor: Actor, incident_id: int, audience_name: str) -> None:
        """Start over, telling the approvers in the incident's room. Raises Refused."""
        self._permissions.must(actor, "audience.send")
        audience = audience_called(self._runbook, audience_name)
        async with self._db.transaction() as conn:
            await requests.once(conn, actor, self._clock.now())
            incident = await incidents.lock(conn, incident_id)
            must_be_tellable(incident)
            await updates.drop_draft(conn, incident.id, audience.key, actor.name)
            if withdrawn := await self._returns.withdraw(conn, incident, audience.key, actor):
                approvers = self._permissions.others("audience.approve", actor) or []
                facts = {"actor": actor.name, "audience": audience, "approvers": approvers, "update": withdrawn[-1]}
                await self._posts.in_room(conn, incident, "started_over", **facts)
