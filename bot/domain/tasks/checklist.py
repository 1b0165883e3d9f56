"""Checklists of an incident: boxes that people tick, some with a due time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.errors import AlreadyDone, NotFound, Refused
from bot.domain.text import cut, plain_line

REASON_LENGTH = 500
# Lists that are asked about at and after the end; triage may stay unfinished.
WAIVABLE = ("verification", "aftercare")
# If the room does not react to the reminder, the lead is asked personally after this.
LEAD_AFTER = timedelta(days=1)
# The room, then the lead.
REMINDED_AT_MOST = 2


@dataclass(frozen=True)
class Item:
    """A box. `due_at` None: no particular time. `ask_at`: the next reminder, planned at `set_at`; None: never."""

    place: int
    what: str
    due_at: datetime | None
    ask_at: datetime | None
    set_at: datetime
    asked: int = 0
    done_at: datetime | None = None
    done_by: str | None = None

    @property
    def is_open(self) -> bool:
        return self.done_at is None

    def ticked(self, who: str, now: datetime) -> "Item":
        """The box, ticked. Raises AlreadyDone."""
        if not self.is_open:
            raise AlreadyDone(f"“{self.what}” is ticked already. Nothing was changed.")
        return replace(self, done_at=now, done_by=who)

    def unticked(self) -> "Item":
        """The box, unticked. Raises AlreadyDone."""
        if self.is_open:
            raise AlreadyDone(f"“{self.what}” isn't ticked. Nothing was changed.")
        return replace(self, done_at=None, done_by=None)

    def after_asking(self, now: datetime) -> "Item":
        asked = self.asked + 1
        return replace(self, asked=asked, set_at=now, ask_at=now + LEAD_AFTER if asked < REMINDED_AT_MOST else None)


@dataclass(frozen=True)
class Checklist:
    """`closed_at`: the incident was reopened, so this list no longer counts; `waived_at`: when its open boxes were
    given up."""

    id: int
    incident_id: int
    name: str
    begun_at: datetime
    items: Sequence[Item]
    posted_at: datetime | None = None
    closed_at: datetime | None = None
    waived_at: datetime | None = None
    waived_by: str | None = None
    waived_why: str | None = None

    @property
    def open_items(self) -> list[Item]:
        return [one for one in self.items if one.is_open]

    @property
    def is_asked_about(self) -> bool:
        """Somebody still has to account for its open boxes."""
        return bool(self.open_items) and self.waived_at is None and self.closed_at is None

    def item(self, place: int) -> Item:
        """The box at this place. Raises NotFound."""
        found = next((one for one in self.items if one.place == place), None)
        if found is None:
            raise NotFound("This checklist has no such box. `/incident checklist` shows it as it is now.")
        return found

    def waived(self, who: str, why: str, now: datetime) -> "Checklist":
        """The list with its open boxes given up. Raises Refused without a reason or for a list that cannot be waived,
        AlreadyDone when nothing is open."""
        if self.name not in WAIVABLE:
            raise Refused(f"Nobody asks about {self.name}: tick what is done, and leave the rest.")
        reason = cut(plain_line(why), REASON_LENGTH)
        if not reason:
            raise Refused("Say why the open boxes stay open.")
        if not self.is_asked_about:
            raise AlreadyDone("Everything on this checklist is done already. Nothing was changed.")
        return replace(self, waived_at=now, waived_by=who, waived_why=reason)

    def must_count(self) -> None:
        """Raise Refused if the incident was reopened after it."""
        if self.closed_at is not None:
            raise Refused(
                "The incident was reopened after this checklist. `/incident checklist` shows the current one."
            )


def begun(texts: Iterable[tuple[str, timedelta | None]], now: datetime, *, after: datetime | None) -> list[Item]:
    """`after`: what due times count from; None: not known yet."""
    found = []
    for place, (what, within) in enumerate(texts, 1):
        due_at = after + within if after and within is not None else None
        found.append(Item(place, what, due_at, due_at, now))
    return found


def timed(items: Iterable[Item], begun_now: Iterable[Item], now: datetime) -> list[Item]:
    """Take over the due times of equal new boxes, as the runbook may have changed since these were made."""
    due = {one.what: one.due_at for one in begun_now}
    return [replace(one, due_at=due.get(one.what), ask_at=due.get(one.what), set_at=now) for one in items]
