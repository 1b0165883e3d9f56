"""A shipped runbook on stage: what monitoring sends, what people press, and who was reached when."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.doors.incident_json import in_full
from bot.rehearsal.stage import Stage, staged
from bot.runbook import Runbook, read
from bot.sandbox.looking import labels
from bot.sandbox.model import Channel, Message
from bot.sandbox.people import Person
from bot.shipped import shipped_runbooks
from tests.world import words_of

# A Tuesday at noon in winter, when London is on UTC.
BEGINS = datetime(2026, 2, 3, 12, 0, tzinfo=UTC)


class Played:
    """`m`: minutes since the start. `runbook` is as shipped, but on stage nothing is probed or backed up."""

    def __init__(self, stage: Stage, runbook: Runbook) -> None:
        self.stage = stage
        self.runbook = runbook
        self.workspace = stage.around.workspace

    async def posts(self, source: str, body: object) -> None:
        await self.stage._asked("POST", f"/alerts/{source}", json.dumps(body).encode())
        await self.stage.settled()

    async def alert(self, title: str, fingerprint: str = "", **labels: str) -> None:
        body = {"title": title, "fingerprint": fingerprint or title, "status": "firing", "labels": labels}
        await self.posts("generic", body)

    async def until(self, m: float) -> None:
        await self.stage.until(BEGINS + timedelta(minutes=m))

    @property
    def minute(self) -> int:
        return round((self.stage.clock.now() - BEGINS).total_seconds() / 60)

    def person(self, key: str) -> Person:
        return self.workspace.person(self.stage.addresses.account(key))

    def reached(self, kind: str, via: str | None = None, *, since: int = 0) -> list[tuple[int, str]]:
        """(minutes after `since`, person paged or audience told), sorted and without duplicates."""
        found = [
            (round((fact.at - BEGINS).total_seconds() / 60) - since, name)
            for fact in self.stage.watch.facts
            if fact.kind == kind and via in (None, fact.via)
            for name in (fact.who if kind == "paged" else (fact.audience,))
        ]
        return sorted({one for one in found if one[0] >= 0})

    def said(self, place: str) -> str:
        return "\n".join(fact.text for fact in self.stage.watch.facts if fact.kind == "said" and fact.place == place)

    @property
    def told(self) -> str:
        """The headlines of all updates sent to audiences."""
        return "\n".join(fact.text for fact in self.stage.watch.facts if fact.kind == "told")

    def letter(self, to: str) -> str:
        """The newest mail to this address that is not a page: subject and text."""
        mails = self.workspace.mailbox.items
        return next(f"{one.subject}\n{one.text}" for one in reversed(mails) if one.to == to and "/ack/" not in one.text)

    def outlets_of(self, alert: str) -> set[str]:
        """The outlets that showed this alert, other than pages."""
        mails = [one.kind for one in self.workspace.mailbox.items if alert in one.text and "/ack/" not in one.text]
        return {*mails, *(["slack"] if alert in self.said(self._alerts) else [])} & {"slack", "email", "webhook"}

    async def record(self, number: int = 1) -> dict[str, Any]:
        return in_full(await self.stage.app.services.records.of(number))

    @property
    def _alerts(self) -> str:
        return self.runbook.channels.alerts.removeprefix("#")

    @property
    def room(self) -> Channel:
        """The newest incident's room."""
        rooms = [one for one in self.workspace.conversations if one.topic and "INC-" in one.topic]
        return rooms[-1]

    def shown(self, words: str) -> Message:
        return [one for one in self.workspace.messages(self.room.id) if words in words_of(one).replace("*", "")][-1]

    def targets(self) -> dict[str, timedelta]:
        """The time left until the card's `respond` and `resolve` deadlines."""
        card = words_of(self.shown("Not acknowledged yet"))
        found = re.findall(r"(respond|resolve) by <!date\^(\d+)", card)
        return {kind: datetime.fromtimestamp(int(at), UTC) - self.stage.clock.now() for kind, at in found}

    async def asks(self, who: str, text: str) -> str:
        """Types a command outside the room; returns the private answer."""
        person, general = self.person(who), self.workspace.channel("#general")
        if person.id not in general.members:
            await person.joins(general)
        answer = await person.types(text, general)
        await self.stage.settled()
        return "\n".join(words_of(message) for message in answer.messages).replace("*", "")

    async def page_of(self, alert: str) -> str:
        """What pressing `Runbook` on this alert's card shows."""
        channel = self.workspace.channel(self._alerts)
        reader = self.workspace.person(next(who for who in channel.members if who != self.workspace.bot.id))
        card = [one for one in self.workspace.messages(channel) if alert in words_of(one)][-1]
        answer = await reader.presses("Runbook", card)
        await self.stage.settled()
        return "\n".join(words_of(message) for message in answer.messages)

    async def declares(self, who: str, severity: str, title: str) -> int:
        """Declares an incident; returns the current minute."""
        await self.asks(who, f"/incident declare {severity} {title}")
        return self.minute

    async def types(self, who: str, text: str) -> None:
        person = self.person(who)
        if person.id not in self.room.members:
            await person.joins(self.room)
        await person.types(text, self.room)
        await self.stage.settled()

    async def tells(self, who: str, audience: str) -> None:
        """Sends an update with the proposed text."""
        await self.types(who, f"/incident tell {audience}")
        await self.person(who).submits()
        await self.stage.settled()

    async def presses(self, who: str, label: str, words: str) -> None:
        """Presses this button on the room's newest message with these words."""
        await self.person(who).presses(label, self.shown(words))
        await self.stage.settled()

    async def acknowledges(self, who: str) -> None:
        pages = [one for one in self.person(who).direct_messages() if "Acknowledge" in labels(one)]
        await self.person(who).presses("Acknowledge", pages[-1])
        await self.stage.settled()

    async def ticks_all(self, who: str, words: str) -> None:
        """Presses `Done` on that message until nothing is open."""
        ts = self.shown(words).ts
        for _ in range(30):
            message = next(one for one in self.workspace.messages(self.room.id) if one.ts == ts)
            if "Done" not in labels(message):
                return
            await self.person(who).presses("Done", message)
            await self.stage.settled()
        raise AssertionError(f"{words} is never done")


@asynccontextmanager
async def shipped(name: str, database: str, folder: Path) -> AsyncIterator[Played]:
    runbook = read(shipped_runbooks()[name].read_text("utf-8"), {})
    async with staged(runbook, BEGINS, database=database, folder=folder) as stage:
        yield Played(stage, runbook)
