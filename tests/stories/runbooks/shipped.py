"""A shipped runbook on its stage: what monitoring sends and what people press there, and what reached whom when."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.doors.incident_json import in_full
from bot.rehearsal.stage import Stage, staged
from bot.runbook import read
from bot.sandbox.looking import labels
from bot.sandbox.model import Channel, Message
from bot.sandbox.people import Person
from bot.shipped import shipped_runbooks
from tests.world import words_of

# A Tuesday at noon, in winter: London and UTC have the same hours.
BEGINS = datetime(2026, 2, 3, 12, 0, tzinfo=UTC)


class Played:
    """`m` counts the minutes since the beginning."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.workspace = stage.around.workspace

    async def posts(self, source: str, body: object) -> None:
        await self.stage._asked("POST", f"/alerts/{source}", json.dumps(body).encode())
        await self.stage.settled()

    async def alert(self, title: str, **labels: str) -> None:
        body = {"title": title, "fingerprint": title, "status": "firing", "labels": labels}
        await self.posts("generic", body)

    async def until(self, m: float) -> None:
        await self.stage.until(BEGINS + timedelta(minutes=m))

    def person(self, key: str) -> Person:
        return self.workspace.person(self.stage.addresses.account(key))

    def reached(self, kind: str, via: str | None = None) -> list[tuple[int, str]]:
        """Who was paged, or which audience was told, and in which minute; each once, in one minute by name."""
        found = [
            (round((fact.at - BEGINS).total_seconds() / 60), name)
            for fact in self.stage.watch.facts
            if fact.kind == kind and via in (None, fact.via)
            for name in (fact.who if kind == "paged" else (fact.audience,))
        ]
        return sorted(set(found))

    def said(self, place: str) -> str:
        return "\n".join(fact.text for fact in self.stage.watch.facts if fact.kind == "said" and fact.place == place)

    async def record(self) -> dict[str, Any]:
        return in_full(await self.stage.app.services.records.of(1))

    @property
    def room(self) -> Channel:
        return next(one for one in self.workspace.conversations if one.topic and "INC-1 " in f"{one.topic} ")

    def shown(self, words: str) -> Message:
        return [one for one in self.workspace.messages(self.room.id) if words in words_of(one).replace("*", "")][-1]

    async def types(self, who: str, text: str) -> None:
        person = self.person(who)
        if person.id not in self.room.members:
            await person.joins(self.room)
        await person.types(text, self.room)
        await self.stage.settled()

    async def tells(self, who: str, audience: str) -> None:
        """With the words that are proposed."""
        await self.types(who, f"/incident tell {audience}")
        await self.person(who).submits()
        await self.stage.settled()

    async def presses(self, who: str, label: str, words: str) -> None:
        """On the newest message of the room that shows these words."""
        await self.person(who).presses(label, self.shown(words))
        await self.stage.settled()

    async def acknowledges(self, who: str) -> None:
        pages = [one for one in self.person(who).direct_messages() if "Acknowledge" in labels(one)]
        await self.person(who).presses("Acknowledge", pages[-1])
        await self.stage.settled()

    async def ticks_all(self, who: str, words: str) -> None:
        """`Done` until nothing is open there."""
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
        yield Played(stage)
