"""Two processes send an update through a mail server that refuses, defers and hangs up, and one of them is killed."""

from asyncio import Event, Transport
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from bot.domain.updates.update import UpdateDelivery
from bot.store.updates import updates
from tests.mail_server import PostOffice, certificate, post_office
from tests.processes import Fleet, Replica, fleet, until
from tests.world import RUNBOOK

REFUSED, DEFERRED = "b@example.com", "c@example.com"
READERS = [f"{who}@example.com" for who in "abcdefgh"]
OTHERS = [reader for reader in READERS if reader not in (REFUSED, DEFERRED)]
TELLING = RUNBOOK.replace("    name: Critical\n", "    name: Critical\n    tell: [board]\n") + (
    f"audiences:\n  board: {{automatic: true, email: [{', '.join(READERS)}]}}\n"
)


class RoughOffice(PostOffice):
    """Aborts the session that brought the third letter, and holds the step `stops_at` until `goes_on` is set."""

    def __init__(self, stops_at: str) -> None:
        super().__init__()
        self.says_to(REFUSED, "550 5.1.1 No such person")
        self.says_to(DEFERRED, "450 4.2.2 Mailbox full")
        self.stops_at = stops_at
        self.has_stopped, self.goes_on = Event(), Event()
        self.encrypted: set[bool] = set()
        self._hangs_up_on: set[int] = set()

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.encrypted.add(session.ssl is not None)
        if self.letters:
            await self._stop("RCPT")
        return await super().handle_RCPT(server, session, envelope, address, options)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = await super().handle_DATA(server, session, envelope)
        if len(self.letters) == 2:
            # The letter is taken, but not acknowledged yet.
            await self._stop("DATA")
        if len(self.letters) == 3:
            self._hangs_up_on.add(id(session))
            await self._stop("third")
        return answer

    async def handle_RSET(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if id(session) in self._hangs_up_on:
            assert isinstance(server.transport, Transport)
            server.transport.abort()
        return "250 OK"

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        await self._stop("QUIT")
        return await super().handle_QUIT(server, session, envelope)

    async def _stop(self, step: str) -> None:
        if step == self.stops_at and not self.goes_on.is_set():
            self.has_stopped.set()
            await self.goes_on.wait()

    def ids_by_reader(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        for envelope, letter in zip(self.envelopes, self.letters, strict=True):
            found[envelope.rcpt_tos[0]].add(str(letter["Message-ID"]))
        return found


@dataclass(frozen=True)
class Stage:
    team: Fleet
    office: RoughOffice

    async def deliveries(self) -> dict[str, UpdateDelivery]:
        async with self.team.house.db.transaction() as conn:
            return {one.address: one for one in await updates.deliveries(conn, 1)}

    async def holder(self) -> Replica:
        """The process that has claimed mails."""
        async with self.team.house.db.statement() as conn:
            cursor = await conn.execute(b"SELECT holder FROM outbox WHERE way = 'mail' AND holder IS NOT NULL")
            pids = [row["holder"].rpartition(":")[2] for row in await cursor.fetchall()]
        return next(one for one in self.team.replicas if str(one.process.pid) in pids)

    async def is_told(self) -> bool:
        known = await self.deliveries()
        return all(reader in known and known[reader].state == "accepted" for reader in OTHERS)


@pytest.fixture
async def stage(request: pytest.FixtureRequest, database: str, tmp_path: Path) -> AsyncIterator[Stage]:
    identity, _ = certificate(tmp_path)
    office = RoughOffice(request.param)
    async with post_office(office, tls_context=identity, require_starttls=True):
        url, trusted = f"smtp://localhost:{office.port}", str(tmp_path / "cert.pem")
        async with fleet(
            database, tmp_path, runbook=TELLING, SMTP_URL=url, MAIL_FROM="bell@example.com", SSL_CERT_FILE=trusted
        ) as team:
            yield Stage(team, office)


@pytest.mark.parametrize("stage", ["RCPT", "DATA", "third", "QUIT"], indirect=True)
async def test_killing_one_of_two_mailing_processes_tells_everybody_once_and_shows_nobody_as_told_too_early(
    stage: Stage,
) -> None:
    await stage.team.start(2)
    await stage.team.declared()
    await stage.team.until(stage.office.has_stopped.is_set)
    claimed = {reader for reader, one in (await stage.deliveries()).items() if one.state == "accepted"}
    assert claimed <= stage.office.ids_by_reader().keys()
    await (await stage.holder()).dies()
    stage.office.goes_on.set()

    await until(stage.is_told)
    known = await stage.deliveries()
    assert (known[REFUSED].state, known[DEFERRED].state) == ("refused", "waiting")
    assert sorted(stage.office.ids_by_reader()) == OTHERS

    del stage.office.says[f"RCPT {DEFERRED}"]
    await stage.team.until_calm()
    assert (await stage.deliveries())[DEFERRED].state == "accepted"
    # A mail whose answer was lost is sent again with the same id, and a mailbox shows it once.
    assert {reader: len(ids) for reader, ids in stage.office.ids_by_reader().items()} == dict.fromkeys(
        sorted({*OTHERS, DEFERRED}), 1
    ), stage.office.ids_by_reader()
    assert stage.office.encrypted == {True}
