"""The table of pages."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.paging.page import Page, PageDraft, PageState, Via
from bot.store.outbox.outbox import Delivery
from bot.store.pipelined import Connection
from bot.store.queries import Queries
from bot.store.rows import Row

SQL = Queries(__file__)

CANCELLED = "cancelled"


async def insert(
    conn: Connection, drafts: Sequence[PageDraft], *, attempted_at: datetime | None = None, held: str | None = None
) -> list[Page]:
    """Insert pages, returned in order; skips a draft whose person was already paged by this way in this round of the
    step.

    `attempted_at`: when their creator starts sending them; None: they wait to be claimed. `held`: why nobody sends them
    for now.
    """
    rows = [{**_as_row(draft), "error": held} for draft in drafts]
    return [Page(**row) for row in await SQL.rows(conn, "insert", rows, attempted_at=attempted_at)]


def _as_row(draft: PageDraft) -> Row:
    own = {"incident_id": draft.incident.id, "person": draft.person, "via": draft.via}
    return {**vars(draft.turn), **own, "contact": draft.contact, "late": draft.late}


async def get(conn: Connection, page_id: int) -> Page:
    return Page(**await SQL.the(conn, "get", id=page_id))


async def find(conn: Connection, page_id: int) -> Page | None:
    row = await SQL.one(conn, "get", id=page_id)
    return Page(**row) if row else None


async def of_incident(conn: Connection, incident_id: int) -> list[Page]:
    """Oldest first."""
    return [Page(**row) for row in await SQL.all(conn, "of_incident", incident_id=incident_id)]


async def of_incidents(conn: Connection, incident_ids: Sequence[int]) -> dict[int, list[Page]]:
    """The pages of each incident, oldest first."""
    made: dict[int, list[Page]] = {incident_id: [] for incident_id in incident_ids}
    for row in await SQL.all(conn, "of_incidents", ids=list(incident_ids)):
        made[row["incident_id"]].append(Page(**row))
    return made


async def get_all(conn: Connection, page_ids: Sequence[int]) -> dict[int, Page]:
    """By number."""
    return {row["id"]: Page(**row) for row in await SQL.all(conn, "get_all", ids=list(page_ids))}


async def attempted(
    conn: Connection, deliveries: Mapping[int, Delivery], now: datetime, *, late_before: datetime
) -> dict[int, tuple[Page, datetime | None]]:
    """Count the attempts about to be made, each under its page's delivery; returns the pages, each with the end of a
    snooze that holds it.

    Leaves out pages no longer wanted, and deliveries no longer ours. A page due before `late_before` is marked late.
    """
    rows = await SQL.rows(conn, "attempted", _claims(deliveries), now=now, late_before=late_before)
    snoozes = [row.pop("snoozed_until") for row in rows]
    return {row["id"]: (Page(**row), until) for row, until in zip(rows, snoozes, strict=True)}


@dataclass(frozen=True)
class Wanted:
    """`waits`: nobody has answered, and no provider has accepted it. `is_ours`: we still hold its delivery's claim.
    `snoozed_until` None: no snooze holds it."""

    waits: bool
    is_ours: bool
    snoozed_until: datetime | None


async def wanted(conn: Connection, deliveries: Mapping[int, Delivery], now: datetime) -> dict[int, Wanted]:
    """Whether pages about to leave still may, by page number; `deliveries` maps pages to deliveries."""
    rows = await SQL.rows(conn, "wanted", _claims(deliveries), now=now)
    return {row["id"]: Wanted(row["waits"], row["is_ours"], row["snoozed_until"]) for row in rows}


async def on_their_way(conn: Connection, incident_id: int) -> list[Page]:
    """Pages that a provider may be receiving now, or may have received without our knowing; oldest first."""
    return [Page(**row) for row in await SQL.all(conn, "on_their_way", incident_id=incident_id)]


async def note_late(conn: Connection, page_id: int) -> None:
    """Mark it as leaving late."""
    await SQL.run(conn, "note_late", id=page_id)


def _claims(deliveries: Mapping[int, Delivery]) -> list[Row]:
    return [
        {"page": page_id, "delivery": delivery.id, "fence": delivery.fence} for page_id, delivery in deliveries.items()
    ]


@dataclass(frozen=True)
class ProviderAnswer:
    """A provider's answer to a page. `unsure`: it is unknown whether it was accepted."""

    page: Page
    state: PageState
    reference: str | None = None
    error: str | None = None
    unsure: bool = False


async def settle(conn: Connection, said: Sequence[ProviderAnswer], now: datetime) -> dict[int, Page]:
    """Record the answers; returns, by number, the pages that had not been settled before."""
    rows = [{**vars(one), "page": None, "id": one.page.id} for one in said]
    return {row["id"]: Page(**row) for row in await SQL.rows(conn, "settle", rows, now=now)}


async def report(
    conn: Connection, page_id: int, reported: str, *, now: datetime, state: PageState, error: str | None
) -> None:
    """Record what the provider reports about a page it had accepted."""
    await SQL.run(conn, "report", id=page_id, reported=reported, now=now, state=state, error=error)


async def note_error(conn: Connection, page_id: int, error: str, *, unsure: bool, was_tried: bool = True) -> None:
    """`unsure`: the attempt may have been accepted without our knowing. Unless it `was_tried`, it isn't counted."""
    await SQL.run(conn, "note_error", id=page_id, error=error, unsure=unsure, was_tried=was_tried)


async def hold(conn: Connection, page_ids: Sequence[int], why: str, now: datetime) -> set[int]:
    """Nobody sends these for now; returns the incidents of those still waiting."""
    return {row["incident_id"] for row in await SQL.all(conn, "hold", ids=list(page_ids), why=why, now=now)}


async def plan_anew(conn: Connection, due: Mapping[int, datetime], *, planned_at: datetime | None) -> None:
    """Reschedule those of these pages that nobody has tried yet, by number. `planned_at` as in Turn."""
    rows = [{"id": number, "due_at": due_at, "planned_at": planned_at} for number, due_at in due.items()]
    await SQL.rows(conn, "plan_anew", rows)


async def begin_anew(conn: Connection, page_id: int, *, due_at: datetime, planned_at: datetime, attempts: int) -> None:
    """As `plan_anew`, for a page whose sending was called off at the last moment; `attempts` failed before."""
    await SQL.run(conn, "untried", id=page_id, attempts=attempts)
    await plan_anew(conn, {page_id: due_at}, planned_at=planned_at)


async def not_repeated(conn: Connection, page_id: int, *, attempts: int) -> None:
    """A page that may have arrived was about to be sent again, and was not; `attempts` were made before."""
    await SQL.run(conn, "not_repeated", id=page_id, attempts=attempts)


async def cancel_waiting(
    conn: Connection,
    incident_id: int,
    on_commit: Callable[[Sequence[int]], None] = lambda _: None,
    *,
    people: Sequence[str] | None = None,
    but_by: Sequence[Via] = (),
) -> None:
    """Cancel pages that no provider has been asked for yet; `people`: only theirs; `but_by`: except by these ways.
    After the commit, `on_commit` gets their numbers, and all processes hear them by NOTIFY; see `cancelled`."""
    values = {"people": None if people is None else list(people), "but_by": list(but_by)}
    ids = [row["id"] for row in await SQL.all(conn, "cancel_waiting", incident_id=incident_id, **values)]
    if ids:
        SQL.at_commit(conn, "announce_cancelled", lambda _: on_commit(ids), word=CANCELLED, ids=ids)


async def called_off(conn: Connection, page_id: int, *, unsure: bool) -> None:
    """It was cancelled, and its sending has ended. `unsure`: it may have been accepted before that."""
    await SQL.run(conn, "called_off", id=page_id, unsure=unsure)


def cancelled(said: str) -> list[int] | None:
    """The page numbers in a NOTIFY payload about cancelled pages; None: it is about something else."""
    word, *ids = said.split()
    return [int(one) for one in ids] if word == CANCELLED else None


async def counts(conn: Connection) -> list[Row]:
    return await SQL.all(conn, "counts")
