"""The process that tells an audience is killed: before the text is composed, or before its sending is recorded."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session

from bot.clock import Clock
from bot.sandbox.statuspage import SimulatedStatuspage
from tests.mail_server import PostOffice, post_office
from tests.processes import Fleet, Replica, fleet, holding, until
from tests.world import RUNBOOK

READERS = [f"{who}@example.com" for who in "abcd"]
TELLING = RUNBOOK.replace("    name: Critical\n", "    name: Critical\n    tell: [board]\n")
MAILS = TELLING + f"audiences:\n  board: {{automatic: true, email: [{', '.join(READERS)}]}}\n"
PAGE = TELLING + "audiences: {board: {automatic: true, statuspage: {page: abc123, components: [web]}}}\n"
# Blocks two writes: recording that an address has accepted, and composing an update.
RECORDS = "LOCK TABLE update_deliveries IN SHARE MODE"


class Office(PostOffice):
    """Once `holds` is set, takes the next letter and withholds the answer until `goes_on` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.holds = False
        self.has_stopped, self.goes_on = asyncio.Event(), asyncio.Event()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = await super().handle_DATA(server, session, envelope)
        if self.holds and not self.goes_on.is_set():
            self.has_stopped.set()
            await self.goes_on.wait()
        return answer

    def read_by(self, reader: str) -> list[str]:
        """How each subject begins, in order. A mailbox shows a letter that comes again with the same id once."""
        pairs = zip(self.envelopes, self.letters, strict=True)
        own = [(str(one["Subject"]), one["Message-ID"]) for envelope, one in pairs if envelope.rcpt_tos == [reader]]
        return [subject.partition(":")[0] for subject, _ in dict.fromkeys(own)]


class Page(SimulatedStatuspage):
    """Once `holds` is set, makes the next change and withholds the answer until `goes_on` is set."""

    def __init__(self) -> None:
        super().__init__(Clock().now)
        self.holds = False
        self.has_stopped, self.goes_on = asyncio.Event(), asyncio.Event()

    async def _create(self, request: web.Request) -> web.Response:
        return await self._said(await super()._create(request))

    async def _change(self, request: web.Request) -> web.Response:
        return await self._said(await super()._change(request))

    async def _said(self, answer: web.Response) -> web.Response:
        if self.holds and not self.goes_on.is_set():
            self.has_stopped.set()
            await self.goes_on.wait()
        return answer


async def holder(team: Fleet, way: str) -> Replica:
    """The process that has claimed a delivery of this way."""
    async with team.house.db.statement() as conn:
        cursor = await conn.execute(b"SELECT holder FROM outbox WHERE way = %s AND state = 'sending'", (way,))
        pids = [row["holder"].rpartition(":")[2] for row in await cursor.fetchall()]
    return next(one for one in team.replicas if str(one.process.pid) in pids)


async def waits_for_records(team: Fleet) -> bool:
    """Is a process waiting for the lock that `RECORDS` holds?"""
    async with team.house.db.statement() as conn:
        cursor = await conn.execute(
            b"SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'update_deliveries'::regclass"
        )
        return await cursor.fetchone() is not None


async def resolves(team: Fleet) -> None:
    await team.until(lambda: bool(team.posted("incident:")))
    await team.workspace.person("eve").types("/incident resolve Rolled back", str(team.posted("incident:")[0].channel))


@pytest.mark.parametrize("step", ["composing", "record"])
async def test_killing_a_process_during_the_resolution_mails_everybody_the_resolution_once(
    database: str, tmp_path: Path, step: str
) -> None:
    async with AsyncExitStack() as stack:
        office = Office()
        await stack.enter_async_context(post_office(office))
        url = f"smtp://127.0.0.1:{office.port}"
        told = fleet(database, tmp_path, runbook=MAILS, SMTP_URL=url, MAIL_FROM="bell@example.com")
        team = await stack.enter_async_context(told)
        await team.start(2)
        await team.declared()
        await team.until_calm()
        assert [office.read_by(reader) for reader in READERS] == [["P1 Critical"]] * len(READERS)

        if step == "composing":
            async with holding(database, RECORDS):
                await resolves(team)
                await until(lambda: waits_for_records(team))
                await (await holder(team, "house")).dies()
        else:
            office.holds = True
            await resolves(team)
            await team.until(office.has_stopped.is_set)
            doomed = await holder(team, "mail")
            async with holding(database, RECORDS):
                office.goes_on.set()
                await until(lambda: waits_for_records(team))
                await doomed.dies()
        office.goes_on.set()
        await team.until_calm()

        for reader in READERS:
            assert office.read_by(reader) == ["P1 Critical", "Resolved"]
        pairs = zip(office.envelopes, office.letters, strict=True)
        sent = Counter((envelope.rcpt_tos[0], letter["Message-ID"]) for envelope, letter in pairs)
        # A mail that was accepted but not recorded is sent again with the same id, and not a third time.
        assert max(sent.values()) == (2 if step == "record" else 1), sent


@pytest.mark.parametrize(("moment", "step"), [("declared", "answer"), ("resolved", "answer"), ("resolved", "record")])
async def test_killing_a_process_during_a_request_to_statuspage_leaves_one_incident_there_that_is_resolved(
    database: str, tmp_path: Path, moment: str, step: str
) -> None:
    async with AsyncExitStack() as stack:
        there = await stack.enter_async_context(Page().serving())
        assert isinstance(there, Page)
        there.components["web"] = "operational"
        token, url = there.environ["STATUSPAGE_TOKEN"], there.environ["STATUSPAGE_API_URL"]
        told = fleet(database, tmp_path, runbook=PAGE, STATUSPAGE_TOKEN=token, STATUSPAGE_API_URL=url)
        team = await stack.enter_async_context(told)
        await team.start(2)
        there.holds = moment == "declared"
        await team.declared()
        if moment == "resolved":
            await team.until_calm()
            there.holds = True
            await resolves(team)
        await team.until(there.has_stopped.is_set)
        doomed = await holder(team, "statuspage")
        if step == "record":
            async with holding(database, RECORDS):
                there.goes_on.set()
                await until(lambda: waits_for_records(team))
                await doomed.dies()
        await doomed.dies()
        there.goes_on.set()
        if moment == "declared":
            await resolves(team)
        await team.until_calm()

        (incident,) = there.incidents
        assert [one["status"] for one in reversed(incident["incident_updates"])] == ["investigating", "resolved"]
        assert incident["status"] == "resolved" and there.components["web"] == "operational"
