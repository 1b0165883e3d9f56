"""The setting of a torture run: runbook, providers, its own database server, and a record of events."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from bot.store.migrations import migrate
from tests.mail_server import post_office
from tests.own_server import OwnServer, own_server
from tests.processes import Fleet, key_of, staged
from tests.torture.evidence import AlertAnswer, Evidence, Said
from tests.torture.providers import TroubledPost, pages_taken
from tests.torture.records import read
from tests.torture.writing import names_in, written_in

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
alerts:
  rules: [{match: {alertname: "Report*"}, level: medium, declare: P2}]
"""
# A typical edit: another key for a person, another for a tier, another order.
RUNBOOK_CHANGED = (
    RUNBOOK.replace("  dev: {name", "  devi: {name")
    .replace("who: [ada, dev]", "who: [devi, ada]")
    .replace("  lead: {", "  leads: {")
    .replace("page: lead", "page: leads")
)
# By the keys of both runbooks.
TIERS = {"oncall": "On-call Engineer", "lead": "Engineering Lead", "leads": "Engineering Lead", "ceo": "CEO"}
ALERTS_TOKEN = "let-me-in"


@dataclass
class Run:
    """A record of events, for the checker and the figures."""

    server: OwnServer
    fleet: Fleet
    post: TroubledPost
    said: list[Said] = field(default_factory=list)
    alerts: list[AlertAnswer] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    away_s: float = 0.0
    stepped_by_s: float = 0.0
    objections: list[str] = field(default_factory=list)


@asynccontextmanager
async def scene(folder: Path) -> AsyncIterator[Run]:
    """The setting, without any process yet."""
    async with own_server() as server:
        post = TroubledPost()
        await migrate(server.url)
        async with post_office(post):
            environ = {
                "SMTP_URL": f"smtp://127.0.0.1:{post.port}",
                "MAIL_FROM": "tocsin@example.com",
                "ALERTS_TOKEN": ALERTS_TOKEN,
            }
            async with staged(server.url, folder, runbook=RUNBOOK, **environ) as fleet:
                yield Run(server, fleet, post)


async def evidence_of(run: Run) -> Evidence:
    """At the end, everything known without asking the bot."""
    incidents, requests, alerts_kept = await read(run.server.url)
    workspace = run.fleet.workspace
    posted = [one for one in workspace.sent if one.method == "chat.postMessage"]
    posts = [(str(one.channel), key_of(one) or str(one.text)) for one in posted]
    taken = pages_taken(workspace, run.post)
    return Evidence(
        incidents, requests, taken, posts, run.said, written_in(workspace), run.alerts, alerts_kept,
        names_in(workspace) | {"devi": "Dev Rao"}, TIERS, timedelta(seconds=run.stepped_by_s),
    )  # fmt: skip
