"""An update to very many mail readers while people are being paged."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from bench.armed import arm, rooms
from bench.fleet import Fleet, Receiver, fleet
from bench.machine import machine
from bench.stage import TIMEOUT_S, free_port
from bench.storm import ladder_of
from bench.table import Spread, Table, met, ms
from bot.clock import Clock

READERS, PAGES = 500, 80
TAKES = timedelta(milliseconds=200)
PAGE_EVERY = timedelta(milliseconds=250)
BEGIN_AFTER = timedelta(seconds=8)
ANSWERS_AFTER = timedelta(milliseconds=20)
GOAL_LATER_MS, GOAL_MAILS_S = 50.0, 60.0
TOLD = """\
  - {{id: P2, name: High, tell: [readers], escalation: {{steps: [{{page: everybody, wait: 1h}}]}}}}
audiences:
  readers: {{automatic: true, email: [{readers}]}}
"""
HOW = (
    f"{PAGES} escalations whose next steps are due {PAGE_EVERY.total_seconds() * 1000:.0f} ms apart, each for a "
    "different person who is paged by webhook: from that instant until the page arrives. Then the same while an "
    f"incident is announced to {READERS} readers by mail, to a mail server that takes "
    f"{TAKES.total_seconds() * 1000:.0f} ms for each letter: from the command until the last letter is taken. Goal: "
    f"a p99 at most {GOAL_LATER_MS:.0f} ms longer, and all letters within {GOAL_MAILS_S:.0f} s, none of them twice."
)


class SlowOffice:
    """A mail server that takes a while to accept each letter, and records the recipient and time."""

    def __init__(self) -> None:
        self.port = 0
        self.taken: list[tuple[str, datetime]] = []
        self._clock = Clock()
        self._news = asyncio.Condition()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        await asyncio.sleep(TAKES.total_seconds())
        self.taken.append((envelope.rcpt_tos[0], self._clock.machine_now()))
        async with self._news:
            self._news.notify_all()
        return "250 OK"

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["SlowOffice"]:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: SMTP(self, hostname="mail.test"), "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()

    async def until_all_taken(self) -> None:
        async with asyncio.timeout(TIMEOUT_S), self._news:
            await self._news.wait_for(lambda: len({reader for reader, _ in self.taken}) == READERS)


@dataclass(frozen=True)
class Found:
    """How late the pages were, and the outcome of the mails (0 if none were sent)."""

    late: Spread
    mails: int = 0
    took_s: float = 0.0
    twice: int = 0


async def measure(scratch: Path) -> Table:
    on = machine(scratch)
    found = []
    for name, is_told in (("alone", False), ("beside", True)):
        place = scratch / name
        place.mkdir()
        found.append(await _run(place, is_told=is_told))
    columns = ("beside", "pages", "median", "p99", "longest", "mails", "all taken within", "goal", "met")
    return Table("mails", "an update to many readers", HOW, on, columns, _rows(*found))


async def _run(scratch: Path, *, is_told: bool) -> Found:
    async with (
        Receiver(ANSWERS_AFTER).serving() as receiver,
        SlowOffice().serving() as office,
        fleet(scratch, PAGES + 1, receiver, more=_told(), environ=_mailing(office)) as replicas,
    ):
        await replicas.start(free_port())
        due_at = await _armed(replicas)
        await asyncio.sleep(Clock().seconds_until(due_at[1]))
        began = Clock().machine_now()
        if is_told:
            await replicas.workspace.person("eve").types("/incident declare P2 Payments failing")
            await office.until_all_taken()
        await receiver.until_arrived(PAGES + is_told)
    late = [(at - due_at[number]).total_seconds() * 1000 for number, at in receiver.arrived if number in due_at]
    if not is_told:
        return Found(Spread(late))
    took_s = (max(at for _, at in office.taken) - began).total_seconds()
    return Found(Spread(late), READERS, took_s, len(office.taken) - READERS)


async def _armed(replicas: Fleet) -> dict[int, datetime]:
    """When each person's page is due. The first person is left out: they are paged for the announced incident."""
    where, now = rooms(replicas.workspace, PAGES, "mails"), Clock().machine_now()
    due_at = {number: now + BEGIN_AFTER + number * PAGE_EVERY for number in range(1, PAGES + 1)}
    await arm(replicas.conn, where, now, list(due_at.values()), [ladder_of(number) for number in due_at])
    return due_at


def _told() -> str:
    return TOLD.format(readers=", ".join(f"reader{number}@example.com" for number in range(READERS)))


def _mailing(office: SlowOffice) -> dict[str, str]:
    return {"SMTP_URL": f"smtp://127.0.0.1:{office.port}", "MAIL_FROM": "bell@example.com"}


def _rows(alone: Found, beside: Found) -> Sequence[Sequence[str]]:
    goal_ms = alone.late.p99 + GOAL_LATER_MS
    is_met = beside.late.p99 <= goal_ms and beside.took_s <= GOAL_MAILS_S and not beside.twice
    mails = f"{beside.mails}, {beside.twice} of them twice" if beside.twice else str(beside.mails)
    goal = f"p99 ≤ {ms(goal_ms)}, mails ≤ {GOAL_MAILS_S:.0f} s"
    return [
        ("nothing", *_figures(alone.late), "", "", "", ""),
        ("the update", *_figures(beside.late), mails, f"{beside.took_s:.1f} s", goal, met(is_met)),
    ]


def _figures(late: Spread) -> tuple[str, ...]:
    return str(len(late.durations_ms)), ms(late.median), ms(late.p99), ms(late.longest)
