"""Restores: a database put back to an earlier state, approved by a second person or begun with a stated reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from bot.domain.backups.drill import Stage
from bot.domain.backups.target import Prospect, Target
from bot.domain.errors import AlreadyDone, NotPermitted, Refused

# `lost`: its process died.
RestoreState = Literal["waiting", "rejected", "expired", "running", "done", "failed", "lost"]

APPROVE_WITHIN = timedelta(minutes=10)
# The period for which met and missed RTOs are counted.
COUNTED_FOR = timedelta(days=90)
# The reason for having no safety backup of a database that is gone.
NOT_THERE = "the database is not there"


@dataclass(frozen=True)
class Restore:
    """One restore, from the request to its end.

    `decided_by`: approved or rejected it; nobody, if there is a `reason`: somebody broke the glass. `scratch`: the
    database restored into first; `aside`: the previous database's name afterwards, if `kept`. `exchanged_at`: since
    when the restored data is in place; None: the database is as it was.

    `prospect`: what the approver was shown. `overruled`: why invariants may be violated; `unheld`: which were. `lost`:
    what could not be restored, in words. `bytes_back`: bytes of the backup restored so far. `server_running`: see
    `Target.running`. `scratch_number`: the server's internal number of `scratch`, which survives renaming; None: it was
    not about to be swapped in.
    """

    id: int
    name: str
    backup_id: int
    state: RestoreState
    stage: Stage
    asked_by: str
    asked_at: datetime
    expires_at: datetime
    scratch: str
    aside: str
    heard_at: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None
    reason: str | None = None
    incident_id: int | None = None
    safety_id: int | None = None
    safety_error: str | None = None
    exchanged_at: datetime | None = None
    kept: bool = False
    ended_at: datetime | None = None
    took: timedelta | None = None
    rto: timedelta | None = None
    tables: int | None = None
    rows: int | None = None
    answers: int | None = None
    counted: bool = False
    error: str | None = None
    sweep_at: datetime | None = None
    prospect: Prospect | None = None
    asked_account: str | None = None
    overruled: str | None = None
    unheld: Sequence[str] = ()
    lost: Sequence[str] = ()
    bytes_back: int = 0
    server_running: str | None = None
    scratch_number: int | None = None

    @property
    def left(self) -> timedelta | None:
        """Estimated time left, from the last one's duration; None: unknown, or exceeded."""
        if self.prospect is None or self.prospect.took is None or self.decided_at is None:
            return None
        left = self.prospect.took - (self.heard_at - self.decided_at)
        return left if left > timedelta(0) else None

    @property
    def target(self) -> Target:
        """What it replaces. Raises Refused if that was not recorded."""
        if self.prospect is None:
            raise Refused(f"This was asked for before an upgrade. Ask again: `/backup restore {self.backup_id}`.")
        return self.prospect.target

    @property
    def is_slow(self) -> bool:
        """The data is back, but took longer than the objective."""
        return self.state == "done" and self.rto is not None and self.took is not None and self.took > self.rto

    @property
    def was_gone(self) -> bool:
        """The database was gone, so there was nothing to save or keep."""
        return self.safety_error == NOT_THERE

    @property
    def is_mixed(self) -> bool:
        """It failed while overwriting the database, which may now be part old, part new."""
        return self.stage == "overwriting" and self.state in ("failed", "lost")

    @property
    def is_unsettled(self) -> bool:
        """It failed during the swap, and nobody has checked yet whether that happened."""
        return self.stage == "exchanging" and self.state in ("failed", "lost") and self.sweep_at is not None


@dataclass(frozen=True)
class Recoveries:
    """How many drills or restores (`what`) of a database succeeded, by whether they met the RTO.

    `unpromised`: there was no RTO at the time.
    """

    name: str
    what: str
    unpromised: int
    met: int
    missed: int


def must_be_pending(restore: Restore, decider: str, now: datetime) -> None:
    """Raise AlreadyDone or Refused unless it can be decided. `decider`: display name of the person who decided."""
    if restore.state == "rejected":
        raise AlreadyDone(f"{decider} already rejected this.")
    if restore.state == "expired" or (restore.state == "waiting" and now >= restore.expires_at):
        raise Refused(
            f"Nobody approved this in time. If you still want it, ask again: `/backup restore {restore.backup_id}`."
        )
    if restore.state != "waiting":
        raise AlreadyDone(f"{decider} already approved this." if decider else "This has already started.")


def must_be_somebody_else(restore: Restore, *, is_asker: bool) -> None:
    """Four eyes: the requester may not approve, under any of their names."""
    if is_asker:
        raise NotPermitted(
            "You asked for this, so somebody else has to approve it. When nobody can: "
            f"`/backup restore {restore.backup_id} break-glass <why>`, which pages the next tier."
        )
