"""The tables of stakeholder updates and their deliveries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.domain.errors import NotFound
from bot.domain.updates.update import (
    NOTICES,
    DeliveryState,
    LastUpdate,
    Moment,
    Outlet,
    State,
    Update,
    UpdateDelivery,
)
from bot.store.pipelined import Connection
from bot.store.queries import Queries
from bot.store.rows import Row

SQL = Queries(__file__)


@dataclass(frozen=True)
class NewUpdate:
    """An update before it is stored; its words are empty until they are composed."""

    incident_id: int | None
    audience: str
    moment: Moment
    status: str | None
    severity: str | None
    author: str
    subject: str = ""
    text: str = ""
    author_account: str | None = None
    maintenance_id: int | None = None
    written_at: datetime | None = None
    planned_from: datetime | None = None
    planned_until: datetime | None = None
    overruled: str | None = None
    overruled_for: Sequence[str] = ()


async def insert(conn: Connection, new: NewUpdate, state: State, now: datetime) -> Update:
    return Update(**await SQL.the(conn, "insert", **_values(new), state=state, now=now))


async def keep_draft(conn: Connection, new: NewUpdate, now: datetime) -> None:
    await SQL.run(conn, "keep_draft", **_values(new), now=now)


async def draft(conn: Connection, incident_id: int, audience: str, author: str) -> Update | None:
    """This person's unsent draft for this audience."""
    row = await SQL.one(conn, "draft", incident_id=incident_id, audience=audience, author=author)
    return Update(**row) if row else None


async def drop_draft(conn: Connection, incident_id: int, audience: str, author: str) -> None:
    await SQL.run(conn, "drop_draft", incident_id=incident_id, audience=audience, author=author)


async def get(conn: Connection, update_id: int) -> Update:
    return _found(await SQL.one(conn, "by_id", id=update_id))


async def lock(conn: Connection, update_id: int) -> Update:
    """The update, locked for this transaction; raises NotFound."""
    return _found(await SQL.one(conn, "by_id_locked", id=update_id))


async def set_words(conn: Connection, update_id: int, subject: str, text: str) -> None:
    await SQL.run(conn, "set_words", id=update_id, subject=subject, text=text)


async def set_state(conn: Connection, update_id: int, state: State, error: str | None = None) -> None:
    await SQL.run(conn, "set_state", id=update_id, state=state, error=error)


async def decide(conn: Connection, update_id: int, state: State, who: str, now: datetime) -> None:
    await SQL.run(conn, "decide", id=update_id, state=state, who=who, now=now)


async def replace_waiting(conn: Connection, update: Update) -> list[int]:
    """Replace older undecided texts for the same audience; returns their ids."""
    about = {"incident_id": update.incident_id, "maintenance_id": update.maintenance_id}
    values = {**about, "audience": update.audience, "id": update.id, "moment": update.moment}
    return [row["id"] for row in await SQL.all(conn, "replace_waiting", **values, notices=list(NOTICES))]


async def waiting(conn: Connection, incident_id: int, audience: str) -> Update | None:
    """The latest for this audience that waits for approval."""
    row = await SQL.one(conn, "waiting", incident_id=incident_id, audience=audience)
    return Update(**row) if row else None


async def in_hand(conn: Connection, incident_id: int) -> set[str]:
    """The audiences for which a text is being composed or waits for approval."""
    return {row["audience"] for row in await SQL.all(conn, "in_hand", incident_id=incident_id)}


async def withdraw(conn: Connection, incident_id: int, audience: str, why: str) -> list[Update]:
    """Withdraw what waits for approval and can no longer be approved."""
    rows = await SQL.all(conn, "withdraw", incident_id=incident_id, audience=audience, why=why)
    return [Update(**row) for row in rows]


async def overtake(conn: Connection, incident_id: int, why: str, *, everybody: bool) -> list[Update]:
    """Replace what is still being composed or waits for approval, as the facts have changed; returns it, oldest first.

    `everybody`: also texts written by people. `why` is stored with it.
    """
    rows = await SQL.all(conn, "overtake", incident_id=incident_id, why=why, everybody=everybody)
    return sorted((Update(**row) for row in rows), key=lambda one: one.id)


async def last_told(conn: Connection, incident_id: int) -> Mapping[str, LastUpdate]:
    """By audience, without those that were told nothing."""
    rows = await SQL.all(conn, "last_told", incident_id=incident_id, notices=list(NOTICES))
    return {row.pop("audience"): LastUpdate(**row) for row in rows}


async def last_received(conn: Connection, incident_id: int) -> Mapping[str, Update]:
    """The latest text, notices included, that reached or may have reached each audience."""
    return {row["audience"]: Update(**row) for row in await SQL.all(conn, "last_received", incident_id=incident_id)}


async def has_heard(conn: Connection, one: UpdateDelivery) -> bool:
    """Was anything before it accepted for this address, or may it have been?"""
    values = {"update_id": one.update_id, "via": one.via, "address": one.address}
    return bool((await SQL.the(conn, "has_heard", **values))["heard"])


async def of_planned(conn: Connection, maintenance_id: int) -> list[Update]:
    """The latest text for each audience about planned work."""
    return [Update(**row) for row in await SQL.all(conn, "of_planned", maintenance_id=maintenance_id)]


async def told_of_planned(conn: Connection, maintenance_id: int) -> list[str]:
    """The audiences that something about it has reached, or may still reach."""
    return [row["audience"] for row in await SQL.all(conn, "told_of_planned", maintenance_id=maintenance_id)]


async def overtake_planned(conn: Connection, maintenance_id: int, why: str) -> list[Update]:
    """As `overtake`, for planned work."""
    return [Update(**row) for row in await SQL.all(conn, "overtake_planned", maintenance_id=maintenance_id, why=why)]


# Deliveries


async def insert_deliveries(
    conn: Connection, update_id: int, where: Sequence[tuple[Outlet, str]], *, gaps: Mapping[Outlet, str], now: datetime
) -> list[UpdateDelivery]:
    """Insert a delivery for each outlet and address not there yet; `gaps`: why nothing can leave by an outlet."""
    rows: list[Row] = [
        {"update_id": update_id, "via": via, "address": address, "error": gaps.get(via)} for via, address in where
    ]
    return [UpdateDelivery(**row) for row in await SQL.rows(conn, "insert_deliveries", rows, now=now)]


async def delivery(conn: Connection, delivery_id: int) -> UpdateDelivery:
    return UpdateDelivery(**await SQL.the(conn, "delivery", id=delivery_id))


async def deliveries(conn: Connection, update_id: int) -> list[UpdateDelivery]:
    return [UpdateDelivery(**row) for row in await SQL.all(conn, "deliveries", update_id=update_id)]


async def is_first_lost(conn: Connection, one: UpdateDelivery) -> bool:
    """Has no other delivery of its update and outlet failed?"""
    values = {"update_id": one.update_id, "via": one.via, "id": one.id}
    return bool((await SQL.the(conn, "is_first_lost", **values))["first"])


async def is_stopped_once(conn: Connection, update_id: int, why: str) -> bool:
    """Was exactly one of its deliveries cancelled for this reason?"""
    return len(await SQL.all(conn, "stopped_for", update_id=update_id, why=why)) == 1


async def settle(
    conn: Connection,
    delivery_id: int,
    state: DeliveryState,
    *,
    now: datetime,
    reference: str | None = None,
    error: str | None = None,
) -> None:
    await SQL.run(conn, "settle", id=delivery_id, state=state, now=now, reference=reference, error=error)


async def mark_unconfirmed(conn: Connection, delivery_id: int) -> UpdateDelivery:
    """An attempt may have been accepted without our knowing."""
    return UpdateDelivery(**await SQL.the(conn, "mark_unconfirmed", id=delivery_id))


async def note_error(conn: Connection, delivery_id: int, error: str) -> None:
    await SQL.run(conn, "note_error", id=delivery_id, error=error)


async def hold(conn: Connection, delivery_ids: Sequence[int], why: str) -> list[Update]:
    """Nobody tries these for now; returns the updates still waiting."""
    return [Update(**row) for row in await SQL.all(conn, "hold", ids=list(delivery_ids), why=why)]


async def is_followed(conn: Connection, one: UpdateDelivery) -> bool:
    """Is a newer text of the same incident waiting for the same address?"""
    values = {"update_id": one.update_id, "via": one.via, "address": one.address}
    return bool((await SQL.the(conn, "is_followed", **values, notices=list(NOTICES)))["followed"])


async def latest_reference(conn: Connection, update: Update, via: Outlet, address: str) -> str | None:
    """The provider's reference of the latest text it accepted there for this incident; None when there is none."""
    about = {"incident_id": update.incident_id, "maintenance_id": update.maintenance_id}
    values = {**about, "audience": update.audience, "via": via, "address": address}
    row = await SQL.one(conn, "latest_reference", **values)
    return row["reference"] if row else None


def _values(new: NewUpdate) -> dict[str, Any]:
    return {**vars(new), "overruled_for": list(new.overruled_for)}


def _found(row: Row | None) -> Update:
    if row is None:
        raise NotFound("This text no longer exists.")
    return Update(**row)
