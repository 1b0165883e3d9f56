"""Reads everything about one incident in one transaction: its facts, what happened, who was paged and told."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.domain.incidents.breach import Breach
from bot.domain.incidents.deadline import Promise, promises
from bot.domain.incidents.incident import Incident
from bot.domain.paging.page import Page
from bot.domain.postmortems.action import Action
from bot.domain.postmortems.postmortem import Postmortem
from bot.domain.postmortems.sections import SECTIONS
from bot.domain.procedures.run import Run
from bot.domain.tasks.checklist import Checklist
from bot.domain.tasks.task import Task
from bot.store.database import Database
from bot.store.incidents import breaches, deadlines, entries, incidents
from bot.store.incidents.entries import EntryChange, KeptEntry
from bot.store.incidents.incidents import Entry
from bot.store.paging import pages
from bot.store.pipelined import Connection
from bot.store.postmortems import actions, postmortems
from bot.store.postmortems.postmortems import Version
from bot.store.procedures import procedures
from bot.store.rooms import cards
from bot.store.rooms.cards import Card
from bot.store.rows import Row
from bot.store.tasks import checklists, tasks
from bot.store.updates import tellings
from bot.store.updates.tellings import Telling

# In an alert storm, as many as one file can show.
MOST_ALERTS = 10_000


@dataclass(frozen=True)
class IncidentRecord:
    """One incident as of one instant; every sequence is oldest first. `closed_checklists`: closed by a reopening.
    `alerts`: at most `MOST_ALERTS` of {title, level, count, since, until, in_all}. `versions`: all versions of the
    post-mortem's text. `postmortem_link`: where it is kept, or its card; None: neither is known."""

    incident: Incident
    timeline: Sequence[Entry] = ()
    pages: Sequence[Page] = ()
    tellings: Sequence[Telling] = ()
    tasks: Sequence[Task] = ()
    checklists: Mapping[str, Checklist] = field(default_factory=dict)
    closed_checklists: Sequence[Checklist] = ()
    postmortem: Postmortem | None = None
    procedures: Sequence[Run] = ()
    actions: Sequence[Action] = ()
    promises: Sequence[Promise] = ()
    alerts: Sequence[Row] = ()
    versions: Sequence[Version] = ()
    hidden: Sequence[KeptEntry] = ()
    changes: Sequence[EntryChange] = ()
    postmortem_card: Card | None = None
    postmortem_link: str | None = None
    breach: Breach | None = None

    @property
    def written(self) -> list[tuple[str, str]]:
        """The sections written in the newest version of the post-mortem, as (heading, text)."""
        sections = self.versions[-1].sections if self.versions else {}
        return [(heading, text) for name, heading in SECTIONS.items() if (text := sections.get(name))]

    @property
    def alerts_left_out(self) -> int:
        """How many alerts there are beyond those in `alerts`."""
        return self.alerts[0]["in_all"] - len(self.alerts) if self.alerts else 0

    @property
    def all_checklists(self) -> list[Checklist]:
        """All checklists, those closed by a reopening first."""
        return [*self.closed_checklists, *self.checklists.values()]


# The link to a message, by its channel and `ts`; None: not known.
LinkTo = Callable[[str, str], str | None]


class Records:
    """Reads whole incidents."""

    def __init__(self, db: Database, link_to: LinkTo) -> None:
        self._db = db
        self._link_to = link_to

    async def of(self, incident_id: int) -> IncidentRecord:
        """The record of this incident. Raises NotFound."""
        async with self._db.transaction() as conn:
            record = await gather(conn, await incidents.get(conn, incident_id))
        return replace(record, postmortem_link=self._link(record))

    def _link(self, record: IncidentRecord) -> str | None:
        """The link that somebody gave, otherwise one to its card."""
        owed, card = record.postmortem, record.postmortem_card
        if owed is None:
            return None
        return owed.link or (self._link_to(card.channel, card.ts) if card else None)


async def gather(conn: Connection, incident: Incident) -> IncidentRecord:
    running = await deadlines.of_incident(conn, incident.id)
    return IncidentRecord(
        incident,
        timeline=await incidents.timeline(conn, incident.id),
        pages=sorted(await pages.of_incident(conn, incident.id), key=lambda page: (page.due_at, page.id)),
        tellings=await tellings.of_incident(conn, incident.id),
        tasks=await tasks.of_incident(conn, incident.id),
        checklists=await checklists.of_incident(conn, incident.id),
        closed_checklists=await checklists.closed(conn, incident.id),
        postmortem=await postmortems.get(conn, incident.id),
        procedures=await procedures.of_incident(conn, incident.id),
        actions=await actions.of_incident(conn, incident.id),
        promises=promises(await deadlines.ended(conn, incident.id), running.values(), incident),
        breach=await breaches.get(conn, incident.id),
        alerts=await postmortems.alerts(conn, incident.id, MOST_ALERTS),
        versions=await postmortems.versions(conn, incident.id),
        hidden=await entries.hidden(conn, incident.id),
        changes=await entries.changes(conn, incident.id),
        postmortem_card=await cards.get(conn, f"postmortem:{incident.id}"),
    )
