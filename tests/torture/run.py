"""A torture run: three processes, people who want something, and everything that breaks meanwhile."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.sandbox.answers import Answer
from bot.sandbox.errors import NotOnScreen
from bot.store.migrations import migrate
from tests.mail_server import post_office
from tests.own_server import OwnServer, own_server
from tests.processes import Fleet, Replica, key_of, staged
from tests.torture.evidence import Evidence, Said
from tests.torture.plan import PROCESSES, Event
from tests.torture.providers import Trouble, TroubledPost, pages_taken
from tests.torture.records import read, unfinished

RUNBOOK = """
organisation: Example Tutors
people:
  ada: {name: Ada Obi, email: ada@example.com, phone: "+447700900001"}
  ben: {name: Ben Moss, email: ben@example.com, phone: "+447700900002"}
  cleo: {name: Cleo Fox, email: cleo@example.com, phone: "+447700900003"}
  dev: {name: Dev Rao, email: dev@example.com}
tiers:
  oncall: {name: On-call Engineer, who: [ada, dev], via: [slack, email]}
  lead: {name: Engineering Lead, who: [ben], via: [slack, email]}
  ceo: {name: CEO, who: [cleo], via: [slack]}
severities:
  - id: P1
    name: Critical
    escalation:
      steps: [{page: oncall, wait: 3s}, {page: lead, wait: 4s}, {page: ceo, wait: 5s}]
      repeat: 1
  - id: P2
    name: High
    escalation: {steps: [{page: oncall, wait: 3s}, {page: lead, wait: 4s}]}
  - id: P3
    name: Low
    escalation:
      stops_on: resolved
      steps: [{page: oncall, wait: 3s}, {page: lead, wait: 4s}, {page: ceo, wait: 5s}]
"""
# A page by Slack that is refused for good, of one person at a time.
REFUSAL = "messages_tab_disabled"
CALM_WITHIN_S = 240.0
LOOK_EVERY_S = 0.25


@dataclass
class Run:
    """What took place; for the checker and for the figures."""

    url: str
    fleet: Fleet
    post: TroubledPost
    said: list[Said] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    away_s: float = 0.0
    objections: list[str] = field(default_factory=list)


class Torturer:
    """Does what the plan says. A process that has ended, however it did, is started again at once."""

    def __init__(self, run: Run, server: OwnServer) -> None:
        self._run = run
        self._server = server
        self._frozen: set[Replica] = set()
        self._server_is_busy = asyncio.Lock()
        self._deeds: dict[str, Callable[[Event], Any]] = {
            "declare": self._declare,
            "person": self._person,
            "kill": self._kill,
            "freeze": self._freeze,
            "slack": self._trouble_slack,
            "mail": self._trouble_mail,
            "database": self._break_database,
        }

    async def play(self, plan: Sequence[Event]) -> None:
        """To the end of the plan, and then until nothing is left to be done."""
        keeper = asyncio.create_task(self._keep_alive())
        try:
            began = time.monotonic()
            async with asyncio.TaskGroup() as group:
                for event in plan:
                    await asyncio.sleep(max(0.0, began + event.at_s - time.monotonic()))
                    group.create_task(self._deeds[event.kind](event))
            self._run.fleet.workspace.faults.clear()
            self._run.post.troubles.clear()
            await self._until_calm()
        finally:
            keeper.cancel()

    async def _until_calm(self) -> None:
        deadline = time.monotonic() + CALM_WITHIN_S
        while left := await unfinished(self._run.url):
            if time.monotonic() > deadline:
                self._run.objections.append(f"not finished {CALM_WITHIN_S:.0f} s after the last trouble: {left}")
                return
            await asyncio.sleep(LOOK_EVERY_S)

    async def _keep_alive(self) -> None:
        fleet = self._run.fleet
        while True:
            running = [one for one in fleet.replicas if one.is_running]
            for _ in range(PROCESSES - len(running)):
                await fleet.launch()
                self._run.counts["starts"] += 1
            await asyncio.sleep(LOOK_EVERY_S)

    # People

    async def _declare(self, event: Event) -> None:
        title = f"Report {event.number}"
        answer = await self._run.fleet.workspace.person(event.who).types(f"/incident declare {event.what} {title}")
        self._note("declare", title, answer)

    async def _person(self, event: Event) -> None:
        """They act on what they see: an incident they have not heard of they leave alone."""
        title = f"Report {event.number}"
        ref = self._ref_of(title)
        if ref is None:
            self._run.counts["not heard of"] += 1
            return
        typed = {
            "ack": f"/escalate ack {ref}",
            "resolve": f"/incident resolve {ref} over",
            "escalate": f"/escalate {ref}",
            "call": f"/escalate {ref} ceo we need a decision",
        }
        with suppress(NotOnScreen):
            if event.what == "press":
                answer = await self._press(title)
            else:
                answer = await self._run.fleet.workspace.person(event.who).types(typed[event.what])
            self._note(event.what, title, answer)

    async def _press(self, title: str) -> Answer:
        """The button of the latest page for it."""
        workspace = self._run.fleet.workspace
        for name in ("ada", "ben", "cleo", "dev"):
            for message in reversed(workspace.direct_messages(name)):
                if re.search(rf"{title}\b", message.text):
                    return await workspace.person(name).presses("Acknowledge", message)
        raise NotOnScreen("nobody has a page for it")

    def _ref_of(self, title: str) -> str | None:
        """As whoever reads Slack knows it."""
        for sent in reversed(self._run.fleet.workspace.sent):
            found = re.search(rf"{title} \((INC-\d+)\)", sent.text or "")
            if found and key_of(sent).startswith("page:"):
                return found[1]
        return None

    def _note(self, deed: str, title: str, answer: Answer) -> None:
        self._run.counts[f"{deed}"] += 1
        self._run.said.append(Said(deed, title, answer))

    # What breaks

    async def _kill(self, event: Event) -> None:
        if victim := self._victim(event):
            self._run.counts["kills"] += 1
            self._frozen.discard(victim)
            await victim.dies()

    async def _freeze(self, event: Event) -> None:
        victim = self._victim(event)
        if victim is None or victim in self._frozen:
            return
        self._run.counts["long freezes" if event.for_s > 15 else "short freezes"] += 1
        self._frozen.add(victim)
        victim.freezes()
        await asyncio.sleep(event.for_s)
        if victim in self._frozen and victim.is_running:
            victim.thaws()
        self._frozen.discard(victim)

    def _victim(self, event: Event) -> Replica | None:
        running = [one for one in self._run.fleet.replicas if one.is_running]
        return running[event.number % len(running)] if running else None

    async def _trouble_slack(self, event: Event) -> None:
        """It meets the next call of the method; `page`: the next page."""
        faults = self._run.fleet.workspace.faults
        self._run.counts[f"slack {event.what}"] += 1
        method, when = ("chat.postMessage", _is_page) if event.method == "page" else (event.method, None)
        after = event.what.endswith(" after")
        match event.what.removesuffix(" after"):
            case "429":
                faults.limit(method, retry_after=1 + int(event.for_s) // 4, when=when)
            case "500":
                faults.break_down(method, after=after, when=when)
            case "hang":
                faults.hang(method, event.for_s, after=after, when=when)
            case "drop":
                faults.drop(method, after=after, when=when)
            case "no":
                faults.refuse(method, REFUSAL, when=when)
            case "slow":
                faults.slow_down(20 * event.for_s)

    async def _trouble_mail(self, event: Event) -> None:
        self._run.counts[f"mail {event.what}"] += 1
        trouble: Trouble = event.what  # type: ignore[assignment]
        self._run.post.troubles.append(trouble)

    async def _break_database(self, event: Event) -> None:
        async with self._server_is_busy:
            self._run.counts["database stopped" if event.what == "stop" else "database crashed"] += 1
            began = time.monotonic()
            await (self._server.crash() if event.what == "crash" else self._server.stop())
            await asyncio.sleep(event.for_s)
            await self._server.start()
            self._run.away_s += time.monotonic() - began


def _is_page(arguments: dict[str, Any]) -> bool:
    return "page:" in str(arguments.get("metadata"))


@asynccontextmanager
async def stage(folder: Path) -> AsyncIterator[tuple[Run, Torturer]]:
    """A database server of its own, the providers, and no process yet."""
    async with own_server() as server:
        post = TroubledPost()
        await migrate(server.url)
        async with post_office(post):
            environ = {"SMTP_URL": f"smtp://127.0.0.1:{post.port}", "MAIL_FROM": "tocsin@example.com"}
            async with staged(server.url, folder, runbook=RUNBOOK, **environ) as fleet:
                run = Run(server.url, fleet, post)
                yield run, Torturer(run, server)


async def evidence_of(run: Run) -> Evidence:
    """At the end: whatever can be known without asking the bot."""
    incidents, requests = await read(run.url)
    workspace = run.fleet.workspace
    posted = [one for one in workspace.sent if one.method == "chat.postMessage"]
    posts = [(str(one.channel), key_of(one) or str(one.text)) for one in posted]
    return Evidence(incidents, requests, pages_taken(workspace, run.post), posts, run.said)
