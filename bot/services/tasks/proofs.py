"""Looks for proof that a recurring task was done, and words it."""

from datetime import datetime, timedelta

from bot.domain.tasks.proof import Evidence, Proof, ProofKind
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.services.paging.confirmations import Confirmations
from bot.store.pipelined import Connection
from bot.store.tasks import proofs

# How long before the due time a check may have been seen healthy: an older look says nothing about now.
FRESH = timedelta(minutes=15)


class Proofs:
    """Reads the results of backups, drills, checks and test pages; does nothing itself."""

    def __init__(self, runbook: Runbook, confirmations: Confirmations, rendering: Rendering) -> None:
        self._runbook = runbook
        self._confirmations = confirmations
        self._rendering = rendering

    async def find(
        self, conn: Connection, proof: Proof, *, since: datetime, due_at: datetime, until: datetime
    ) -> Evidence | None:
        """Proof newer than `since` (the previous due time) and not after `until`; None while there's none.

        Backups, drills and health need it of every database or check concerned.
        """
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
        """Proof that everybody confirmed since `due_at`, when this round began; earlier answers belong to others."""
        confirmed = await self._confirmations.confirmed(conn)
        at = [one.confirmed_at for one in confirmed or () if one.confirmed_at and due_at <= one.confirmed_at <= until]
        if not confirmed or len(at) < len(confirmed):
            return None
        return Evidence(self._rendering.say("documents/proof", kind="contacts", found=confirmed), max(at))

    def _names(self, proof: Proof) -> list[str] | None:
        """The databases, checks or people concerned; None: any will do."""
        if proof.of:
            return [proof.of]
        if proof.kind in ("backup", "drill"):
            return list(self._runbook.backups)
        return list(self._runbook.health.checks) if proof.kind == "health" else None

    def _needs_all(self, kind: ProofKind) -> bool:
        return kind in ("backup", "drill", "health")
