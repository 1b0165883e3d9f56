"""What shows that recurring work was done, in words."""

from datetime import datetime, timedelta

from bot.domain.tasks.proof import Evidence, Proof, ProofKind
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.services.paging.confirmations import Confirmations
from bot.store.pipelined import Connection
from bot.store.tasks import proofs

# How long before it is due a look at what is healthy may have been: that says nothing of later.
FRESH = timedelta(minutes=15)


class Proofs:
    """Only reads what others have found out."""

    def __init__(self, runbook: Runbook, confirmations: Confirmations, rendering: Rendering) -> None:
        self._runbook = runbook
        self._confirmations = confirmations
        self._rendering = rendering

    async def find(
        self, conn: Connection, proof: Proof, *, since: datetime, due_at: datetime, until: datetime
    ) -> Evidence | None:
        """Of every database or check that is meant; None while one lacks. `since`: when it was due the time before."""
        if proof.kind == "contacts":
            return await self._contacts(conn, due_at, until)
        names = self._names(proof)
        begins = max(since, due_at - FRESH) if proof.kind == "health" else since
        found = await proofs.found(conn, proof.kind, names, since=begins, until=until)
        if not found or (self._needs_all(proof.kind) and len(found) < len(names or ())):
            return None
        said = self._rendering.say("documents/proof", kind=proof.kind, found=found)
        return Evidence(said, max(one.at for one in found))

    async def _contacts(self, conn: Connection, due_at: datetime, until: datetime) -> Evidence | None:
        """People were asked when it was due: what they said before that was another round's."""
        confirmed = await self._confirmations.confirmed(conn)
        at = [one.confirmed_at for one in confirmed or () if one.confirmed_at and due_at <= one.confirmed_at <= until]
        if not confirmed or len(at) < len(confirmed):
            return None
        return Evidence(self._rendering.say("documents/proof", kind="contacts", found=confirmed), max(at))

    def _names(self, proof: Proof) -> list[str] | None:
        """None: any."""
        if proof.of:
            return [proof.of]
        if proof.kind in ("backup", "drill"):
            return list(self._runbook.backups)
        return list(self._runbook.health.checks) if proof.kind == "health" else None

    def _needs_all(self, kind: ProofKind) -> bool:
        return kind in ("backup", "drill", "health")
