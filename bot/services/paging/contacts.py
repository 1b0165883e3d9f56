"""How people can be reached, and the page drafts that would reach them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from bot.clock import Clock
from bot.domain.incidents.incident import Incident
from bot.domain.paging.escalation import Policy, is_late
from bot.domain.paging.page import PageDraft, Turn, Via
from bot.domain.paging.timed_ways import waits_for
from bot.domain.people.working_hours import begins_after
from bot.pagers import Pager, ways
from bot.runbook import Person
from bot.services.paging.policies import person_of
from bot.services.people.leavers import Leavers
from bot.services.people.people import People


class Contacts:
    """Writes nothing and awaits nothing."""

    def __init__(self, clock: Clock, people: People, leavers: Leavers, pagers: Mapping[Via, Pager]) -> None:
        self._clock = clock
        self._people = people
        self._leavers = leavers
        self._pagers = pagers

    def drafts(
        self,
        incident: Incident,
        turn: Turn,
        people: Sequence[str],
        waits: Mapping[Via, timedelta],
        policy: Policy | None = None,
    ) -> list[PageDraft]:
        """One draft per person and way that can reach them; empty when nobody can be reached. `waits`: the delay of
        each way after the step. `policy`: of the ladder being climbed; its working hours delay the ways that wait.

        A shared way (one that reaches a service, not a person) is paged once, for the first person.
        """
        drafts: list[PageDraft] = []
        for key in people:
            found = dict(self.of(key, waits, policy, drill=incident.drill and not turn.by_every_way))
            for via, wait in waits_for(waits, found).items():
                if ways()[via].is_shared and any(draft.via == via for draft in drafts):
                    continue
                drafts.append(self._draft(incident, turn, key, via, found[via], wait, policy))
        return drafts

    def _draft(
        self, incident: Incident, turn: Turn, key: str, via: Via, contact: str, wait: timedelta, policy: Policy | None
    ) -> PageDraft:
        now = self._clock.now()
        if not wait:
            return PageDraft(incident, turn, key, via, contact, is_late(turn.due_at, now))
        later = replace(turn, due_at=begins_after(policy.hours if policy else None, now, wait), planned_at=now)
        return PageDraft(incident, later, key, via, contact, late=False)

    def of(self, key: str, vias: Iterable[Via], policy: Policy | None = None, *, drill: bool) -> list[tuple[Via, str]]:
        """The ways among `vias` that reach this person, each with its contact: from the current runbook, or, if none
        works there, from the ladder's snapshot. A drill pages through Slack only."""
        wanted = [via for via in vias if via in self._pagers and not (drill and via != "slack")]
        known = [self._people.person(key), person_of(policy, key) if policy else None]
        for person in (one for one in known if one):
            found = [(via, self._contact(via, person)) for via in wanted]
            if reached := [(via, contact) for via, contact in found if contact is not None]:
                return reached
        return []

    def _contact(self, via: Via, person: Person) -> str | None:
        """The contact for this way; None: no page is possible, as with a deactivated Slack account, to which Slack
        would still accept messages."""
        contact = self._pagers[via].contact(person)
        return None if via == "slack" and contact and self._leavers.has_left(contact) else contact
