"""The card of a procedure run: what was done, the next step, and the steps ahead."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from types import MappingProxyType

from bot.domain.incidents.incident import Incident
from bot.domain.procedures.commands import Command, filled
from bot.domain.procedures.leads import Lead, lead_of
from bot.domain.procedures.run import Run, Standing, Step
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.runbook.procedures import Procedure
from bot.services.people.permissions import Permissions
from bot.services.procedures.facts import Facts
from bot.services.procedures.signs import known_of, signs_of
from bot.services.rooms.below_card import in_room
from bot.services.rooms.cards import Cards, Painted
from bot.services.rooms.channels import Channels
from bot.slack.blocks import Button, Message, fits, listing, sheet
from bot.store.incidents import incidents
from bot.store.pipelined import Connection
from bot.store.procedures import procedures

NOTHING: Mapping[str, str] = MappingProxyType({})
# How many steps the card shows around the next one; a button shows them all.
BEFORE, AHEAD = 5, 7


class ProcedureCards:
    """Paints the cards `procedure:<run id>`."""

    def __init__(
        self,
        runbook: Runbook,
        channels: Channels,
        permissions: Permissions,
        facts: Facts,
        cards: Cards,
        rendering: Rendering,
    ) -> None:
        self._runbook = runbook
        self._channels = channels
        self._permissions = permissions
        self._facts = facts
        self._rendering = rendering
        cards.painted_by("procedure", self.paint)

    async def paint(self, conn: Connection, subject: str) -> Painted | None:
        run = await procedures.get(conn, int(subject))
        incident, shown = await incidents.get(conn, run.incident_id), await self.shown(conn, run)
        if incident.room_id is None and incident.room_error:
            elsewhere = None if incident.private else self._runbook.channels.incidents
            return Painted(await self._channels.find(conn, elsewhere), shown) if elsewhere else None
        return await in_room(conn, incident, shown)

    async def shown(self, conn: Connection, run: Run) -> Message:
        incident = await incidents.get(conn, run.incident_id)
        known = known_of(incident, await signs_of(conn, incident))
        return self.message(incident, run, known, await self._found(conn, incident, run))

    async def _found(self, conn: Connection, incident: Incident, run: Run) -> str:
        """The state of what the next step waits for; '' when it waits for a person."""
        current = run.standing.current
        if current is None or not run.steps[current].is_proved:
            return ""
        return (await self._facts.find(conn, incident, run, run.steps[current])).said

    def message(self, incident: Incident, run: Run, known: Mapping[str, str], found: str) -> Message:
        standing = run.standing
        current = standing.current
        end = len(run.steps) if current is None else current
        first = max(0, end - (2 * BEFORE if current is None else BEFORE))
        before = [(index, run.steps[index], standing.ticks.get(index)) for index in range(first, end)]
        facts = {"changed": self._changed(run), "opened": self._title(standing.opened), "said": run.said}
        head = self._say("head", incident=incident, run=run, standing=standing, before=before, earlier=first, **facts)
        if current is None:
            return sheet(head, "", None, "", "", buttons(run))
        step = run.steps[current]
        command = filled(step.run, known) if step.run else None
        words = self._say("step", number=current + 1, step=step, is_next=True)
        beside = self._details(run.steps, step, command, standing, found=found)
        ahead = list(enumerate(run.steps))[current + 1 : current + 1 + AHEAD]
        left = len(run.steps) - current - 1 - len(ahead)
        return sheet(
            head, words, command.text if command else None, beside, self._say("ahead", ahead=ahead, left=left),
            buttons(run),
        )  # fmt: skip

    def whole(self, title: str, steps: Sequence[Step], known: Mapping[str, str], buttons: Sequence[Button]) -> Message:
        """Every step, for reading only: nothing can be ticked."""
        return listing(self._say("title", title=title, count=len(steps)), self._parts(steps, known), buttons)

    def of_runbook(
        self, procedure: Procedure, buttons: Sequence[Button] = (), known: Mapping[str, str] = NOTHING
    ) -> Message:
        return self.whole(procedure.title, [step.to_do for step in procedure.steps], known, buttons)

    async def all_steps(self, conn: Connection, run: Run, incident: Incident, start: int) -> Message:
        """The steps from index `start`, as many as fit into a message, and a button that shows the next ones."""
        known = known_of(incident, await signs_of(conn, incident))

        def onward(shown: int) -> Button:
            return Button("Next steps", "procedure.page", f"{incident.id} {run.id} {start + shown}")

        head = self._say("title", title=run.title, count=len(run.steps))
        return listing(head, islice(self._parts(run.steps, known), start, None), (), onward)

    def _parts(self, steps: Sequence[Step], known: Mapping[str, str]) -> Iterator[tuple[str, str | None, str]]:
        for number, step in enumerate(steps, 1):
            command = filled(step.run, known) if step.run else None
            words = self._say("step", number=number, step=step, is_next=False)
            yield words, command.text if command else None, self._details(steps, step, command)

    def _details(
        self, steps: Sequence[Step], step: Step, command: Command | None, standing: Standing | None = None,
        *, found: str = "",
    ) -> str:  # fmt: skip
        leads = [(answer, words, self._lead(words, steps)) for answer, words in step.answers.items()]
        facts = {
            "approvers": self._permissions.named_by(step.approve) if step.approve else [],
            "approval": standing.approval if standing else None,
            "beside": command.beside if command else (),
            "too_long": command is not None and not fits(command.text),
            "found": found,
        }
        return self._say("beside", step=step, leads=leads, title=self._title, **facts)

    def _lead(self, words: str, steps: Sequence[Step]) -> Lead:
        return lead_of(words, steps, self._runbook.procedures)

    def _title(self, key: str | None) -> str | None:
        """The title of a procedure, or its key if the runbook no longer has it."""
        known = self._runbook.procedures.get(key or "")
        return known.title if known else key

    def _changed(self, run: Run) -> str:
        """Whether the runbook's procedure has `changed` or is `gone`; '' = neither. Relies on `outdated_at`, stored by
        the process started last: this one may have an older runbook."""
        if run.outdated_at is None:
            return ""
        return "changed" if run.key in self._runbook.procedures else "gone"

    def _say(self, part: str, **facts: object) -> str:
        return self._rendering.say(f"slack/procedure_{part}", **facts)


def buttons(run: Run) -> list[Button]:
    """Buttons for the next step. The last thing done can be undone even after the end."""
    standing = run.standing
    found: list[Button] = []
    if standing.current is not None:
        found += _deeds(run, standing, standing.current)
    if last := run.undoable:
        found.append(Button("Undo", "procedure.undo", f"{run.incident_id} {run.id} {last.step} {last.number}"))
    if len(run.steps) > BEFORE + AHEAD:
        found.append(Button("All steps", "procedure.all", f"{run.incident_id} {run.id}"))
    return found


def _deeds(run: Run, standing: Standing, current: int) -> list[Button]:
    step, value = run.steps[current], f"{run.incident_id} {run.id} {current} {run.next_number}"
    skip = Button("Skip", "procedure.skip", value)
    if step.is_question:
        said = [Button(one, f"procedure.answer#{at}", f"{value} {at}") for at, one in enumerate(step.answers)]
        return [*said, skip]
    if step.is_proved:
        return [skip]
    if step.approve and standing.approval is None:
        return [Button("Approve", "procedure.approve", value, "primary"), skip]
    return [Button("Done", "procedure.done", value, "primary"), skip]
