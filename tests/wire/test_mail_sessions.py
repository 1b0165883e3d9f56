"""Letters that share SMTP sessions: whose turn it is, and what happens to a letter when its session ends."""

import asyncio
import math
import socket
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import pytest
from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as Conversation

from bot.clock import Clock
from bot.domain.errors import Unreachable
from bot.settings import Smtp
from bot.wire.mail import Letter, Mail
from bot.wire.mail.sessions import Place, Rank, Sessions
from tests.mail_server import PostOffice, post_office

NOON = datetime(2026, 8, 8, 12, 0, tzinfo=UTC)
AN_HOUR_S = 3600.0
ORDINARY, PRESSING = (True, math.inf, 1), (False, 0.0, 2)


class SlowOffice(PostOffice):
    """Holds the first letter until `let_go`; answers RSET and hangs up as a test tells it to."""

    def __init__(self) -> None:
        super().__init__()
        self.has_one = asyncio.Event()
        self.let_go = asyncio.Event()
        self.rset_says = "250 OK"
        self.hangs_up_at: str | None = None
        self.once: dict[str, str] = {}

    async def handle_MAIL(
        self, server: SMTP, session: Conversation, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if said := self.once.pop("MAIL", None):
            return said
        return await super().handle_MAIL(server, session, envelope, address, options)

    async def handle_RSET(self, server: SMTP, session: Conversation, envelope: Envelope) -> str:
        if self.hangs_up_at == "RSET":
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        return self.rset_says

    async def handle_DATA(self, server: SMTP, session: Conversation, envelope: Envelope) -> str:
        if not self.has_one.is_set():
            self.has_one.set()
            await self.let_go.wait()
        if said := self.once.pop("DATA", None):
            return said
        return await super().handle_DATA(server, session, envelope)

    @property
    def subjects(self) -> list[str]:
        return [str(letter["Subject"]) for letter in self.letters]


@pytest.fixture
async def office() -> AsyncIterator[SlowOffice]:
    office = SlowOffice()
    async with post_office(office):
        yield office


def mail_to(office: PostOffice, *, most: int, timeout_s: float = 10, silent_after_s: float = AN_HOUR_S) -> Mail:
    clock = Clock()
    clock.freeze(NOON)
    url = Smtp.parse(f"smtp://127.0.0.1:{office.port}")
    return Mail(url, "bell@example.com", clock, timeout_s=timeout_s, most=most, silent_after_s=silent_after_s)


def letter(subject: str, *, urgent: bool = False, due: int | None = None) -> Letter:
    """A letter due `due` minutes after noon."""
    at = None if due is None else NOON + timedelta(minutes=due)
    return Letter("ada@example.com", subject, "Please look.", subject, urgent=urgent, due_at=at)


def page(subject: str, due: int) -> Letter:
    return letter(subject, urgent=True, due=due)


async def becomes(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while True:
            if true():
                return
            await asyncio.sleep(0)


async def all_waiting(mail: Mail, office: SlowOffice, *others: Letter) -> list[asyncio.Task[str]]:
    """Sends the letters; returns once the first is under way and the others wait for its session."""
    tasks = [asyncio.create_task(mail.send(letter("first")))]
    await office.has_one.wait()
    tasks += [asyncio.create_task(mail.send(one)) for one in others]
    await becomes(lambda: len(mail._sessions._waiting) == len(others))
    return tasks


async def test_pages_go_before_other_letters_and_the_longest_due_first(office: SlowOffice) -> None:
    late, early = page("due late", 10), page("due early", 1)
    waiting = await all_waiting(
        mail_to(office, most=1), office, letter("news"), late, letter("older news", due=0), early
    )
    office.let_go.set()
    await asyncio.gather(*waiting)

    assert office.subjects == ["first", "due early", "due late", "older news", "news"]
    assert office.greeted == 1


async def test_a_refused_session_does_not_cost_a_page_its_turn(office: SlowOffice) -> None:
    office.most = 1
    others = [letter("news"), page("due late", 10), page("due early", 1), letter("more news")]
    waiting = await all_waiting(mail_to(office, most=4), office, *others)
    assert office.turned_away == 3, "the fourth knew already that there is one conversation only"
    office.let_go.set()
    await asyncio.gather(*waiting)

    assert office.subjects == ["first", "due early", "due late", "news", "more news"]


@pytest.mark.parametrize("farewell", ["421 too many concurrent connections", "554 no more of you", ""])
async def test_a_server_that_allows_few_sessions_gets_every_letter_through_those(
    office: SlowOffice, farewell: str
) -> None:
    office.most, office.farewell = 2, farewell
    mail = mail_to(office, most=8)
    sending = [asyncio.create_task(mail.send(letter(f"{n}"))) for n in range(20)]
    await becomes(lambda: office.turned_away > 0)
    office.let_go.set()
    await asyncio.gather(*sending)
    await mail.close()

    assert sorted(office.subjects) == sorted(f"{n}" for n in range(20))
    assert office.greeted == office.quits


@pytest.mark.parametrize("farewell", ["421 too many concurrent connections", "554 no more of you", ""])
async def test_a_session_refused_because_of_one_that_has_ended_since_is_retried(
    office: SlowOffice, farewell: str
) -> None:
    office.most, office.farewell = 1, farewell
    office.turns_away.clear()
    mail = mail_to(office, most=2)
    first = asyncio.create_task(mail.send(letter("first")))
    await office.has_one.wait()
    second = asyncio.create_task(mail.send(letter("second")))
    await becomes(lambda: office.turned_away == 1)
    office.let_go.set()
    await first
    await becomes(lambda: office.under_way == 0)
    office.turns_away.set()
    await second

    assert office.subjects == ["first", "second"]


async def test_when_a_server_refuses_every_session_each_letter_is_to_be_retried(
    office: SlowOffice,
) -> None:
    office.most = 0
    mail = mail_to(office, most=3)
    ended = await asyncio.gather(*(mail.send(letter(f"{n}")) for n in range(9)), return_exceptions=True)

    assert all(isinstance(error, Unreachable) for error in ended)
    office.most = 1000
    office.let_go.set()
    await mail.send(letter("afterwards"))
    assert office.subjects == ["afterwards"]


async def test_when_nothing_listens_every_letter_fails_without_waiting_for_another() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        office = PostOffice()
        office.port = int(reserved.getsockname()[1])
        mail = mail_to(office, most=2)
        ended = await asyncio.gather(*(mail.send(letter(f"{n}")) for n in range(6)), return_exceptions=True)

    assert all(isinstance(error, Unreachable) and "cannot be used" in str(error) for error in ended)


@pytest.mark.parametrize("ends", ["hangs up", "421 closing", "500 what", "250 OK but 421 at MAIL"])
async def test_a_session_that_ends_between_two_letters_loses_neither(office: SlowOffice, ends: str) -> None:
    waiting = await all_waiting(mail_to(office, most=1), office, letter("second"))
    if ends == "hangs up":
        office.hangs_up_at = "RSET"
    elif ends.startswith("250"):
        office.once["MAIL"] = "421 closing"
    else:
        office.rset_says = ends
    office.let_go.set()
    await asyncio.gather(*waiting)

    assert office.subjects == ["first", "second"]
    assert office.greeted == 2


async def test_a_421_after_the_content_means_retry_and_the_next_letter_opens_a_new_session(office: SlowOffice) -> None:
    first, second = await all_waiting(mail_to(office, most=1), office, letter("second"))
    office.once["DATA"] = "421 closing"
    office.let_go.set()

    with pytest.raises(Unreachable, match="421"):
        await first
    await second
    assert (office.subjects, office.greeted) == (["second"], 2)


async def test_a_letter_cancelled_while_waiting_passes_its_turn_to_the_next(office: SlowOffice) -> None:
    first, second, third = await all_waiting(mail_to(office, most=1), office, letter("second"), letter("third"))
    second.cancel()
    office.let_go.set()
    await asyncio.gather(first, third)

    assert second.cancelled()
    assert office.subjects == ["first", "third"]


async def test_a_letter_cancelled_in_its_session_frees_the_slot_for_the_next(office: SlowOffice) -> None:
    first, second = await all_waiting(mail_to(office, most=1), office, letter("second"))
    first.cancel()
    await second

    assert (office.subjects, office.greeted) == (["second"], 2)


async def test_a_slot_assigned_at_the_instant_of_a_cancellation_is_not_lost() -> None:
    sessions = Sessions(most=1)
    place = await sessions.take(ORDINARY)
    waiting = await asked(sessions, PRESSING)
    sessions.give_back(place)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting

    async with asyncio.timeout(60):
        assert (await sessions.take(ORDINARY)).session is None


async def asked(sessions: Sessions, rank: Rank) -> asyncio.Task[Place]:
    task = asyncio.create_task(sessions.take(rank))
    await becomes(lambda: len(sessions._waiting) == 1)
    return task


async def test_a_letter_past_its_deadline_does_not_wait_for_another_session(office: SlowOffice) -> None:
    mail, impatient = mail_to(office, most=2), mail_to(office, most=2, timeout_s=0.1)
    impatient._sessions = mail._sessions
    (first,) = await all_waiting(mail, office)
    office.silent_at = "EHLO"
    with pytest.raises(Unreachable, match=r"in time|[Tt]imed out"):
        await impatient.send(letter("second"))
    assert mail._sessions._limit == 2, "silence refuses no conversation"

    office.let_go.set()
    await first


async def test_shutdown_waits_until_every_session_was_ended_with_quit(office: SlowOffice) -> None:
    office.let_go.set()
    mail = mail_to(office, most=2)
    await mail.send(letter("one"))
    assert office.quits == 0, "nobody waits for it who has sent a letter"
    await mail.close()

    assert (office.greeted, office.quits) == (1, 1)


@pytest.mark.parametrize("step", ["the greeting", "EHLO", "MAIL", "RCPT", "DATA"])
async def test_a_letter_behind_hanging_sessions_is_sent_in_another(office: SlowOffice, step: str) -> None:
    office.has_one.set()
    office.silent_at = step
    if step == "the greeting":
        office.most = 0
        office.turns_away.clear()
    mail = mail_to(office, most=2, silent_after_s=0.02)
    hanging = [asyncio.create_task(mail.send(letter(f"{n}"))) for n in range(2)]
    await becomes(lambda: office.silent + office.turned_away == 2)
    office.silent_at, office.most = "", 1000
    await mail.send(page("good", 1))

    assert office.subjects == ["good"]
    assert not any(task.done() for task in hanging), "they go on waiting for an answer"
    for task in hanging:
        task.cancel()
    await asyncio.wait(hanging)


async def test_beside_silent_sessions_as_many_others_are_opened_and_no_more() -> None:
    sessions = Sessions(most=2, silent_after_s=AN_HOUR_S)
    places = [await sessions.take(ORDINARY) for _ in range(2)]
    for n in range(2):
        waiting = await asked(sessions, PRESSING)
        sessions._fell_silent(places[n])
        places.append(await waiting)
    fifth = await asked(sessions, PRESSING)
    sessions._fell_silent(places[2])
    sessions.give_back(places[0])
    assert len(sessions._waiting) == 1, "neither a third silent one nor the end of one that was replaced is a place"

    sessions.give_back(places[2])
    assert await fifth is places[2]


async def test_once_the_server_has_refused_a_session_silent_ones_count_towards_the_limit() -> None:
    sessions = Sessions(most=2, silent_after_s=AN_HOUR_S)
    first, second = [await sessions.take(ORDINARY) for _ in range(2)]
    sessions._fell_silent(first)
    assert await sessions.refused(await sessions.take(ORDINARY), left_before=0)
    third = await asked(sessions, PRESSING)
    sessions._fell_silent(second)
    assert len(sessions._waiting) == 1

    sessions.give_back(first)
    assert await third is first


async def test_a_slow_server_that_answers_is_not_silent(office: SlowOffice) -> None:
    office.has_one.set()
    mail = mail_to(office, most=1)
    place = await mail._sessions.take(ORDINARY)
    heard: list[object] = []
    session = await mail._opened(mail._deadline(), lambda: heard.append(place))
    await session.hand_over("bell@example.com", "ada@example.com", b"Subject: one\r\n\r\nHello.", mail._deadline())
    await session.quit()
    mail._sessions.give_back(place)

    assert len(heard) >= 4, "connected, MAIL, RCPT, DATA"
