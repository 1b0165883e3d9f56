"""A mail server at one address: sends letters and reports the replies."""

import asyncio
import itertools
import math
import ssl
from collections.abc import Callable

from bot.clock import Clock
from bot.domain.errors import Failed, Throttled, Unreachable
from bot.settings import Smtp
from bot.wire.http_client import TooLate, accepted, has_left
from bot.wire.mail.letter import Letter, Writer
from bot.wire.mail.session import Broken, Crowded, Session, Silent, place_of
from bot.wire.mail.sessions import MOST, SILENT_AFTER_S, Place, Rank, Sessions
from bot.wire.turns import must_have_its_turn

TIMEOUT_S = 10.0


class Mail:
    """Letters sent at the same time share connections. Never retries a letter that may have been taken."""

    def __init__(
        self,
        server: Smtp,
        sender: str,
        clock: Clock,
        *,
        tls: ssl.SSLContext | None = None,
        timeout_s: float = TIMEOUT_S,
        most: int = MOST,
        silent_after_s: float = SILENT_AFTER_S,
    ) -> None:
        """`sender`: an address, or a name and an address. `tls` None: the machine's trusted certificates.

        `timeout_s`: the limit for one letter, from connecting to the final reply; it may wait for a free connection
        during the first half. `most`: connections at a time, plus at most as many that have been silent for
        `silent_after_s`.
        """
        self._server = server
        self._writer = Writer(sender)
        self._clock = clock
        self._tls = tls
        self._timeout_s = timeout_s
        self._sessions = Sessions(most, silent_after_s)
        self._numbers = itertools.count()

    @property
    def place(self) -> str:
        """The server as it may be shown."""
        return place_of(self._server)

    async def send(self, letter: Letter) -> str:
        """Returns the Message-ID and the server's reply when it took the letter.

        Raises Rejected (5xx, for good), Unreachable (not taken: 4xx, no connection, no login; Throttled when that is
        not about this letter) or Unanswered (the letter was sent and no reply came).
        """
        due_at = letter.due_at.timestamp() if letter.due_at else math.inf
        rank, deadline = (not letter.urgent, due_at, next(self._numbers)), self._deadline()
        # Connecting and logging in may take long; work that gives way to this page needn't wait for that.
        has_left()
        # The connection of another letter may have ended meanwhile, and a new one may be one too many.
        while (said := await self._tried(letter, rank, deadline)) is None:
            if asyncio.get_running_loop().time() >= deadline:
                raise Unreachable(f"the mail server {self.place} took nothing in time")
        return accepted(f"{self._writer.id_of(letter.key)} {said}")

    async def check(self) -> None:
        """Connect, log in, name the sender, and send nothing. Raises a kind of Failed that says what is wrong."""
        deadline = self._deadline()
        session = await self._opened(deadline)
        try:
            await session.must_take_from(self._writer.address, deadline)
        finally:
            await session.quit()

    async def close(self) -> None:
        """Wait for the QUIT of every ended connection, at most as long as one takes."""
        await self._sessions.close()

    async def _tried(self, letter: Letter, rank: Rank, deadline: float) -> str | None:
        """None: its connection had ended, and it is worth trying another at once."""
        place = await self._waited(rank, deadline)
        try:
            # While it waited, another letter of ours may have met a rate limit.
            must_have_its_turn()
        except Failed:
            self._sessions.give_back(place)
            raise
        if place.session is None:
            return await self._begun(place, letter, deadline)
        try:
            return await self._handed_over(place.session, letter, deadline)
        except Silent:
            raise
        except Broken:
            return None
        finally:
            self._sessions.give_back(place)

    async def _begun(self, place: Place, letter: Letter, deadline: float) -> str | None:
        """On a new connection. None: the server takes no more of them, and an existing one will become free."""
        left_before = self._sessions.left
        try:
            place.session = await self._opened(deadline, place.heard)
            said = await self._handed_over(place.session, letter, deadline)
        except BaseException as error:
            if isinstance(error, Broken) and not isinstance(error, Silent):
                place.session = None
                if await self._sessions.refused(place, left_before):
                    return None
                if isinstance(error, Crowded):
                    raise Throttled(str(error)) from error
            else:
                self._sessions.give_back(place)
            raise
        self._sessions.give_back(place)
        return said

    async def _waited(self, rank: Rank, deadline: float) -> Place:
        try:
            async with asyncio.timeout_at(deadline - self._timeout_s / 2):
                return await self._sessions.take(rank)
        except TimeoutError as error:
            raise Unreachable(f"the mail server {self.place} is busy with other mails of ours") from error

    async def _opened(self, deadline: float, heard: Callable[[], None] = lambda: None) -> Session:
        if self._tls is None:
            # Only once, because it reads all certificates that this machine trusts.
            self._tls = await asyncio.to_thread(ssl.create_default_context)
        session = Session(self._server, self._writer.domain, self._tls, self._timeout_s, heard)
        try:
            await session.open(deadline)
        except BaseException:
            session.drop()
            raise
        return session

    async def _handed_over(self, session: Session, letter: Letter, deadline: float) -> str:
        try:
            written = self._writer.written(letter, self._clock.now())
            return await session.hand_over(self._writer.address, letter.to, written, deadline)
        except BaseException as error:
            # The connection can go on only after a reply of the server.
            if isinstance(error, Broken | TooLate) or not isinstance(error, Failed):
                session.drop()
            raise

    def _deadline(self) -> float:
        return asyncio.get_running_loop().time() + self._timeout_s
