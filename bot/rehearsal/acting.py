"""Carries out the script: what people do with what is on their screens, and what fails around the bot."""

import re
from collections.abc import Awaitable

from bot.domain.errors import TocsinError
from bot.rehearsal.facts import Fact, Kind
from bot.rehearsal.stage import PUBLIC_URL, Stage
from bot.sandbox.answers import AppAnswer
from bot.sandbox.errors import NotOnScreen
from bot.sandbox.looking import labels
from bot.sandbox.model import Channel, Message
from bot.sandbox.people import Person
from bot.scenarios.steps import Deed, Step

ACKNOWLEDGE = "Acknowledge"
# Twilio's code for a service that can't be reached.
OUT_OF_SERVICE = 20503


class Undone(TocsinError):
    """A deed that couldn't be done, and why."""


class Actor:
    """Notes each step as a fact; what people couldn't do is noted as undone."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._is_slack_away = False
        self.facts: list[Fact] = []

    async def does(self, step: Step) -> None:
        if step.alert:
            self._note(step.alert.status, step.alert.title)
            await self._stage.raise_alert(step.alert)
        elif step.away or step.back:
            self._note("away" if step.away else "back", step.away or step.back or "")
            self._switch(step.away or step.back or "", is_away=step.away is not None)
        elif step.bot:
            self._note("killed")
            await self._stage.kill()
            await self._stage.start()
        elif step.inject:
            self._note("inject", step.inject)
        elif step.person and step.deed:
            await self._deed(step.person, step.deed)

    async def _deed(self, key: str, deed: Deed) -> None:
        self._note("deed", str(deed), who=key)
        account = self._stage.addresses.account(key)
        person = self._stage.around.workspace.person(account)
        self._stage.undone.clear()
        try:
            if deed.verb == "acknowledges":
                await self._acknowledges(key, person, deed.words)
            else:
                await self._in_slack(person, deed)
            await self._stage.settled()
            self._must_be_done(account)
        except (NotOnScreen, Undone) as error:
            self._note("deed", str(error), who=key, kind="undone")

    def _must_be_done(self, account: str) -> None:
        """Raises Undone with the bot's answer, if it refused a command or button."""
        if refused := [why for who, why in self._stage.undone if who == account]:
            raise Undone(self._stage.watch.as_read(" ".join(refused)))

    async def _in_slack(self, person: Person, deed: Deed) -> None:
        if self._is_slack_away:
            raise Undone("Slack is away.")
        incident, escalate = self._stage.runbook.slash_commands.incident, self._stage.runbook.slash_commands.escalate
        commands = {
            "types": deed.words, "declares": f"{incident} declare {deed.words}", "leads": f"{incident} lead",
            "notes": f"{incident} note {deed.words}", "resolves": f"{incident} resolve {deed.words}",
            "reopens": f"{incident} reopen {deed.words}", "escalates": f"{escalate} {deed.words}",
        }  # fmt: skip
        if deed.verb == "presses":
            must_be_taken(await person.presses(deed.words, _message_with(person, deed.words)))
        elif deed.verb == "says":
            await person.says(deed.words, await self._room(person))
        else:
            where = "#general" if deed.verb == "declares" else await self._room(person)
            must_be_taken(await person.types(commands[deed.verb].strip(), where))

    async def _room(self, person: Person) -> Channel | str:
        """The room of the newest incident that this person can see, which they join; otherwise #general."""
        workspace = self._stage.around.workspace
        rooms = [one for one in workspace.conversations if one.creator == workspace.bot.id and one.kind != "im"]
        rooms = [one for one in rooms if one.topic and (one.kind == "public" or person.id in one.members)]
        if not rooms:
            return "#general"
        if person.id not in rooms[-1].members:
            await person.joins(rooms[-1])
        return rooms[-1]

    async def _acknowledges(self, key: str, person: Person, way: str) -> None:
        """Acknowledge by the named way, otherwise by the first way that paged this person and works."""
        ways = {
            "in Slack": self._by_button, "by text": self._by_text, "by call": self._by_call, "by mail": self._by_link,
        }  # fmt: skip
        why = []
        for name, acknowledge in ways.items():
            if way in ("", name):
                try:
                    return await acknowledge(key, person)
                except Undone as error:
                    why.append(str(error))
        raise Undone(" ".join(why))

    async def _by_button(self, key: str, person: Person) -> None:
        if self._is_slack_away:
            raise Undone("Slack is away.")
        pages = [one for one in person.direct_messages() if ACKNOWLEDGE in labels(one)]
        if not pages:
            raise Undone("No page in Slack.")
        must_be_taken(await person.presses(ACKNOWLEDGE, pages[-1]))

    async def _by_text(self, key: str, person: Person) -> None:
        phone, company = self._stage.runbook.people[key].phone, self._stage.around.telephones
        if phone is None or not company.texts(phone):
            raise Undone("No page by text.")
        await self._has_acknowledged(key, company.texted(phone, "ACK", public_url=PUBLIC_URL))

    async def _by_call(self, key: str, person: Person) -> None:
        phone, company = self._stage.runbook.people[key].phone, self._stage.around.telephones
        if phone is None or not company.calls(phone):
            raise Undone("No call.")
        await self._has_acknowledged(key, company.pressed(company.calls(phone)[-1], "1"))

    async def _by_link(self, key: str, person: Person) -> None:
        items = self._stage.around.workspace.mailbox.items
        letters = [one.text for one in items if one.kind == "email" and key in self._stage.addresses.by_mail(one.to)]
        links = [found[1] for text in letters if (found := re.search(rf"{re.escape(PUBLIC_URL)}(/ack/\S+)", text))]
        if not links:
            raise Undone("No page by mail.")
        await self._has_acknowledged(key, self._stage.press_link(links[-1]))

    async def _has_acknowledged(self, key: str, deed: Awaitable[object]) -> None:
        """Raises Undone if this didn't acknowledge: somebody was first, or the incident is over."""
        before = await self._acknowledgements(key)
        await deed
        await self._stage.settled()
        if await self._acknowledgements(key) == before:
            raise Undone("Somebody was first, or it is over.")

    async def _acknowledgements(self, key: str) -> int:
        found = [entry for one in await self._stage.incidents() for entry in one["timeline"]]
        return sum(entry["kind"] == "acknowledged" and entry["actor"] == key for entry in found)

    def _switch(self, what: str, *, is_away: bool) -> None:
        workspace, company = self._stage.around.workspace, self._stage.around.telephones
        if what == "mail":
            workspace.mailbox.refusal = "451 4.3.0 out of order" if is_away else None
        elif what == "telephones":
            company.faults.clear()
            if is_away:
                company.refuse(OUT_OF_SERVICE, status=503)
        else:
            self._is_slack_away = is_away
            workspace.faults.heal("*")
            if is_away:
                workspace.faults.break_down("*", times=None)

    def _note(self, what: str, text: str = "", *, who: str = "", kind: Kind = "event") -> None:
        self.facts.append(Fact(self._stage.clock.now(), kind, text, who=(who,) if who else (), via=what))


def must_be_taken(answer: AppAnswer) -> None:
    """Raises Undone with the error that Slack showed to the person."""
    if answer.error:
        raise Undone(f"Slack says {answer.error}.")


def _message_with(person: Person, label: str) -> Message:
    """The newest message in which this person has such a button."""
    found = [one for room in person.channels() for one in person.sees(room) if label in labels(one)]
    if not found:
        raise NotOnScreen(f"There is no button “{label}”.")
    return max(found, key=lambda one: float(one.ts))
