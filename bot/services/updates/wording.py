"""What audiences are told, in the words of their templates."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.clock import Clock
from bot.domain.errors import Refused
from bot.domain.incidents.incident import Incident, Status
from bot.domain.maintenance.window import Window
from bot.domain.people.working_hours import after
from bot.domain.postmortems.postmortem import Postmortem
from bot.domain.updates.facts import Facts, SeverityFacts
from bot.domain.updates.outline import outline
from bot.domain.updates.planned_facts import planned_facts
from bot.domain.updates.update import Moment, Update
from bot.publishers import outlets
from bot.rendering import Rendering
from bot.runbook import Runbook, spoken_duration
from bot.runbook.audiences import USUAL_TEMPLATE, Audience
from bot.services.people.people import People
from bot.services.updates.audiences import addresses
from bot.services.updates.linting import found_in_planned, found_unattended
from bot.slack.blocks import Message, message
from bot.store.incidents import deadlines
from bot.store.pipelined import Connection
from bot.words.audience import AudienceWords, Said
from bot.words.overrides import KINDS, PLANNED_PREFIX, Overrides

# For status pages without a template of their own, since everybody may read them.
PUBLIC_TEMPLATE = "public"
# From the latest `/incident update`.
SAID = {"latest": "update", "conditions": "conditions", "actions": "actions", "needs": "needs"}


class Wordings:
    """Renders each audience's template; its first line is the subject, for every outlet."""

    def __init__(
        self,
        clock: Clock,
        runbook: Runbook,
        people: People,
        rendering: Rendering,
        *,
        overrides: Overrides | None = None,
    ) -> None:
        """`overrides` None: the organisation has no templates of its own."""
        self._clock = clock
        self._runbook = runbook
        self._people = people
        self._rendering = rendering
        self._words = AudienceWords(rendering, overrides or Overrides(None, runbook.timezone))

    def compose(
        self,
        incident: Incident,
        audience: Audience,
        moment: Moment,
        status: Status,
        *,
        told_before: bool = True,
        severity_before: str | None = None,
        resolve_by: datetime | None = None,
        postmortem: Postmortem | None = None,
        in_general: bool = False,
    ) -> Said:
        """Compose an update; unknown facts are left out. Raises Refused when the template does not exist.

        `told_before`: they have heard of the incident; `severity_before`: the severity they know. `resolve_by`: the
        target, left out once past. `postmortem`: the incident's; None: none yet. `in_general`: leave out what people
        wrote.
        """
        template = template_of(audience)
        if not self.knows(template):
            raise Refused(f"There is no template “{template}” for {audience.key}: put {template}.j2 into `templates`.")
        facts = self._facts(incident, audience, moment, resolve_by)
        if postmortem:
            facts = replace(facts, postmortem_follows=postmortem.is_live, postmortem_link=postmortem.link)
        facts = replace(facts, status=status, told_before=told_before, severity_before=severity_before)
        facts = self._compared(facts)
        return self._words.say(template, facts.in_general if in_general else facts)

    def unattended(self, incident: Incident, audience: Audience, moment: Moment, status: Status, **known: Any) -> Said:
        """`compose` for words nobody checks before they leave. If what people wrote has findings, it is left out, so
        that readers are still told in time."""
        now = self._clock.now()
        said = self.compose(incident, audience, moment, status, **known)
        if not (found := found_unattended(self._runbook, incident, audience, moment, said, now)):
            return said
        general = self.compose(incident, audience, moment, status, **known, in_general=True)
        if audience.approval or found_unattended(self._runbook, incident, audience, moment, general, now):
            return replace(said, found=found)
        return replace(general, found=found, left_out=True)

    def of_planned(self, window: Window, audience: Audience, moment: Moment) -> Said:
        """`compose` for planned work, by the kind of audience; others read the stakeholders' words."""
        kind = template_of(audience) if template_of(audience) in KINDS else USUAL_TEMPLATE
        now = self._clock.now()
        facts = planned_facts(moment, window, self._runbook.organisation, now)
        said = self._words.say_planned(f"{PLANNED_PREFIX}{kind}", facts)
        return replace(said, found=found_in_planned(self._runbook, audience, f"{said.subject}\n{said.text}", now))

    def next_update(self, incident: Incident, audience: Audience, now: datetime) -> datetime | None:
        """When the audience hears more: as the latest update says, else by its interval; None: no promise."""
        said = said_next(incident)
        severity = self._runbook.severity_as_declared(incident.severity)
        rhythm = audience.update_every or severity.update_every
        if said and said > now:
            return said
        return after(self._runbook.hours_of(severity), now, rhythm) if rhythm else None

    def late(self, whom: str, by: str, *, waits: bool = False) -> str:
        """Why the next tier is paged: a promised update is late. `waits`: one is waiting for approval."""
        return self._rendering.say("documents/update_late", whom=whom, by=by, waits=waits)

    def for_slack(self, update: Update) -> Message:
        """The update as an audience sees it in Slack; typed text is escaped."""
        return message(self._rendering.say("slack/audience_post", subject=update.subject, text=update.text))

    def for_mail(self, update: Update) -> str:
        """The update as HTML for mail readers: the same words in the same order."""
        return self._rendering.say("letter/update", subject=update.subject, parts=outline(update.text))

    def knows(self, template: str) -> bool:
        return self._words.knows(template)

    def _facts(self, incident: Incident, audience: Audience, moment: Moment, resolve_by: datetime | None) -> Facts:
        """What a template may say about the incident now."""
        now = self._clock.now()
        severity = self._runbook.severity_as_declared(incident.severity)
        lasted = incident.lasted(incident.declared_at, incident.resolved_at) if incident.resolved_at else None
        return Facts(
            moment=moment,
            organisation=self._runbook.organisation,
            title=incident.title,
            ref=incident.ref,
            severity=SeverityFacts(severity.id, severity.name, severity.means),
            status=incident.status,
            declared_at=incident.declared_at,
            now=now,
            is_open=incident.is_open,
            from_alert=bool(incident.origin.get("alert")),
            lead=self._people.proper_name(incident.lead) if incident.lead else None,
            **_said_of(incident),
            next_update=self.next_update(incident, audience, now) if incident.is_open else None,
            resolve_by=resolve_by if resolve_by and resolve_by > now else None,
            lasted=lasted,
            postmortem_follows=severity.owes_postmortem(lasted) if lasted else False,
        )

    def _compared(self, facts: Facts) -> Facts:
        """The facts with the severity compared to what readers know; nothing is said if it cannot be compared."""
        graver = self._is_graver(facts.severity.id, facts.severity_before)
        moment = "update" if facts.moment == "severity" and graver is None else facts.moment
        return replace(facts, graver=graver, moment=moment)

    def _is_graver(self, severity: str, before: str | None) -> bool | None:
        known = self._runbook.severity_ids
        return known.index(severity) < known.index(before) if before in known and severity in known else None


def template_of(audience: Audience) -> str:
    """The audience's template; by default the public one if any of its outlets is public, even for its other
    readers."""
    is_public = any(outlets()[via].is_public for via, _ in addresses(audience))
    return PUBLIC_TEMPLATE if is_public and "template" not in audience.model_fields_set else audience.template


async def resolve_by(conn: Connection, incident: Incident) -> datetime | None:
    """The deadline shown on the card, too; it moves with the severity and with reopening."""
    deadline = (await deadlines.of_incident(conn, incident.id)).get("resolve")
    return deadline.by if deadline else None


def _said_of(incident: Incident) -> dict[str, Any]:
    """What people said about it; None: nothing."""
    said = {name: str(incident.facts[key]) for name, key in SAID.items() if incident.facts.get(key)}
    own = {"impact": incident.impact or None, "summary": incident.summary or None, "room": incident.room_name}
    return {**said, **own, "resolved_at": incident.resolved_at}


def said_next(incident: Incident) -> datetime | None:
    """When the latest update promises the next one."""
    said = str(incident.facts.get("next_update") or "")
    try:
        return datetime.fromisoformat(said)
    except ValueError:
        # The format of incidents declared by an older version.
        span = _duration(said)
    return incident.updated_at + span if incident.updated_at and span else None


def _duration(text: object) -> timedelta | None:
    """The duration typed, if it is one."""
    try:
        return spoken_duration(str(text)) if text else None
    except Refused:
        return None
