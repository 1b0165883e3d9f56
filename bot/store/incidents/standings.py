"""One incident with its ladder, pages, answers and deadlines, read in one round trip."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.errors import NotFound
from bot.domain.incidents.deadline import Deadline, DeadlineKind
from bot.domain.incidents.incident import Incident
from bot.domain.paging.page import Page
from bot.store.incidents import deadlines, incidents
from bot.store.incidents.incidents import Entry
from bot.store.paging import escalations, pages
from bot.store.paging.escalations import Escalation
from bot.store.pipelined import Connection
from bot.store.queries import ask_all


@dataclass(frozen=True)
class StandingRow:
    """`answers`: timeline entries that acknowledge or reopen. Pages and answers are oldest first."""

    incident: Incident
    escalation: Escalation
    pages: list[Page]
    answers: list[Entry]
    deadlines: Mapping[DeadlineKind, Deadline]


async def get(conn: Connection, incident_id: int) -> StandingRow:
    """Raises NotFound."""
    of = {"incident_id": incident_id}
    found, ladders, made, answers, promised = await ask_all(
        conn,
        (incidents.SQL, "by_id", {"id": incident_id}),
        (escalations.SQL, "get", of),
        (pages.SQL, "of_incident", of),
        (incidents.SQL, "answers", of),
        (deadlines.SQL, "of_incident", of),
    )
    if not found or not ladders:
        raise NotFound(f"There is no incident INC-{incident_id}. `/incident list` shows the open ones.")
    return StandingRow(
        Incident(**found[0]),
        escalations.as_kept(ladders[0]),
        [Page(**row) for row in made],
        [Entry(**row) for row in answers],
        {row["kind"]: Deadline(**row) for row in promised},
    )
