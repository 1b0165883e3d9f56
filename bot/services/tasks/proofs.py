"""What shows that recurring work was done, in words."""

from datetime import datetime, timedelta

from bot.domain.tasks.proof import Evidence, Proof, ProofKind
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.store.pipelined import Connection
from bot.store.tasks import proofs

# How long before it is due a look at what is healthy may have been: that says nothing of later.
FRESH = timedelta(minutes=15)


class Proofs:
    """Only reads what others have found out."""

    def __init__(self, runbook: Runbook, rendering: Rendering) -> None:
        self._runbook = runbook
        self._rendering = rendering

    async def find(
        self, conn: Connection, proof: Proof, *, since: datetime, due_at: datetime, until: datetime
    ) -> Evidence | None:
        """Of every database or check that is meant; None while one lacks. `since`: when it was due the time before."""
        names = self._names(proof)
        begins = max(since, due_at - FRESH) if proof.kind == "health" else since
        found = await proofs.found(conn, proof.kind, names, since=begins, until=until)
        if not found or (self._needs_all(proof.kind) and len(found) < len(names or ())):
            return None
        said = self._rendering.say("documents/proof", kind=proof.kind, found=found)
        return Evidence(said, max(one.at for one in found))

    def _names(self, proof: Proof) -> list[str] | None:
        """None: any."""
        if proof.of:
            return [proof.of]
        if proof.kind in ("backup", "drill"):
            return list(self._runbook.backups)
        return list(self._runbook.health.checks) if proof.kind == "health" else None

    def _needs_all(self, kind: ProofKind) -> bool:
        return kind in ("backup", "drill", "health")
