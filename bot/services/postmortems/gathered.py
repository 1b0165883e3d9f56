"""What is stored about an incident, arranged for its post-mortem's document."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.incidents.phases import by_phase
from bot.domain.paging.page import Page
from bot.domain.postmortems.document import Entry as Told
from bot.domain.postmortems.downtime import Outage
from bot.domain.postmortems.gaps import Gap, silences, unanswered
from bot.pagers import way_name
from bot.services.records.gathering import IncidentRecord
from bot.store.incidents.incidents import Entry
from bot.store.postmortems.postmortems import Version

# Timeline entries that count as news of how things stand.
WORDS = ("update", "status", "severity", "told")
Name = Callable[[str], str]


@dataclass(frozen=True)
class Gathered:
    """Everything as of one instant. `written` None: nobody wrote anything. `outages` None: no longer known."""

    record: IncidentRecord
    written: Version | None
    update_every: timedelta | None
    outages: Sequence[Outage] | None = None

    @property
    def ended_at(self) -> datetime:
        incident = self.record.incident
        assert self.record.postmortem is not None
        return incident.resolved_at or self.record.postmortem.since

    @property
    def people(self) -> set[str]:
        """Everybody named in the document, as runbook keys or Slack ids."""
        record = self.record
        named = {entry.actor for entry in record.timeline} | {page.person for page in record.pages}
        named |= {action.owner for action in record.actions} | set(record.incident.roles.values())
        named |= {entry.text.partition(": ")[2] for entry in record.timeline if entry.kind == "role"}
        named |= {record.incident.declared_by, record.incident.resolved_by or ""}
        owner = {record.postmortem.owner} if record.postmortem else set()
        author = {self.written.author} if self.written else set()
        return (named | owner | author) - {""}

    def timeline(self, name: Name) -> tuple[Told, ...]:
        return _told(self.record.timeline, name)

    def pages(self, name: Name) -> tuple[Told, ...]:
        turns = [entry for entry in self.record.timeline if entry.kind in ("acknowledged", "resolved", "reopened")]
        return tuple(
            {
                "at": page.due_at, "person": name(page.person), "tier": page.tier, "way": way_name(page.via),
                "state": "unknown" if page.is_unknown else page.state.replace("_", " "),
                "accepted_at": page.accepted_at, "answered_at": _answered(page, turns), "error": page.error,
            }
            for page in self.record.pages
        )  # fmt: skip

    def updates(self) -> tuple[Told, ...]:
        return tuple(
            {
                "at": one.created_at, "audience": one.audience, "moment": one.moment.replace("_", " "),
                "state": one.state, "sent_at": one.sent_at,
            }
            for one in self.record.tellings
        )  # fmt: skip

    def kept(self) -> tuple[Told, ...]:
        """All deadlines, including those before a reopening, and whether each was kept."""
        return tuple(
            {"what": one.kind, "by": one.by, "kept": one.outcome == "kept", "outcome": one.outcome, "at": one.done_at}
            for one in self.record.promises
        )

    def phases(self, name: Name) -> tuple[Told, ...]:
        found = by_phase(self.record.timeline, self.record.incident.milestones)
        return tuple({"phase": phase or "", "entries": _told(entries, name)} for phase, entries in found)

    def downtime(self) -> tuple[Told, ...] | None:
        return None if self.outages is None else tuple(vars(one) for one in self.outages)

    def gaps(self, name: Name) -> tuple[Told, ...]:
        heard = [entry.at for entry in self.record.timeline if entry.kind in WORDS]
        answers = [entry.at for entry in self.record.timeline if entry.kind in ("acknowledged", "resolved")]
        quiet = [one for open_ in self._open() for one in silences(heard, *open_, self.update_every)]
        waited = unanswered(self.record.pages, answers, self.ended_at)
        ordered: list[Gap] = sorted([*quiet, *waited], key=lambda gap: gap.since)
        return tuple(
            {
                "kind": gap.kind, "person": name(gap.person) if gap.person else "", "since": gap.since,
                "until": gap.until, "length": gap.length,
            }
            for gap in ordered
        )  # fmt: skip

    def _open(self) -> Iterator[tuple[datetime, datetime]]:
        """When it was open, as intervals: no update is owed between a resolution and a reopening."""
        since: datetime | None = self.record.incident.declared_at
        for entry in self.record.timeline:
            if entry.kind == "resolved" and since:
                yield since, entry.at
                since = None
            elif entry.kind == "reopened":
                since = entry.at
        if since:
            yield since, self.ended_at

    def actions(self, name: Name) -> tuple[Told, ...]:
        return tuple(
            {
                "what": one.what, "owner": name(one.owner), "by": one.by_at, "priority": one.priority,
                "link": one.link, "done_at": one.done_at,
            }
            for one in self.record.actions
        )  # fmt: skip


def _told(entries: Iterable[Entry], name: Name) -> tuple[Told, ...]:
    return tuple({"at": one.at, "who": name(one.actor), "kind": one.kind, "text": _line(one, name)} for one in entries)


def _line(entry: Entry, name: Name) -> str:
    """The entry on one line; in a role's entry the person is named."""
    if entry.kind == "role":
        role, _, who = entry.text.partition(": ")
        return f"{role}: {name(who)}"
    return " ".join(entry.text.split())


def _answered(page: Page, turns: Sequence[Entry]) -> datetime | None:
    """When this person acknowledged after the page, before any reopening (an acknowledgement after that answers a later
    page); None: never. Resolving counts if nobody had acknowledged since the page."""
    since = page.accepted_at or page.due_at
    again = min((one.at for one in turns if one.kind == "reopened" and one.at > since), default=None)
    answers = [one for one in turns if one.kind != "reopened" and since <= one.at and (again is None or one.at < again)]
    first = min((one.at for one in answers if one.kind == "acknowledged"), default=None)
    own = (one for one in answers if one.actor == page.person)
    return min((one.at for one in own if one.kind == "acknowledged" or first is None), default=None)
