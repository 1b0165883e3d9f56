"""Erases one person's data from everything stored, replacing them by the same pseudonym (`former-3`) everywhere."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from bot.clock import Clock
from bot.domain.actor import TOCSIN
from bot.domain.errors import NotFound, Refused
from bot.domain.people.identity import Identity, is_former, is_slack_id
from bot.runbook import Runbook
from bot.services.people.people import MENTION
from bot.store import audit
from bot.store.database import Database
from bot.store.deadlocks import again_after_deadlock
from bot.store.people import forgetting
from bot.store.people.forgetting import OpenWork, Part
from bot.store.pipelined import Connection

# The bot may write their name into a part that was already searched, so search again.
PASSES = 3


@dataclass(frozen=True)
class Found:
    """What would be erased: who it is, rows by kind of data, and the open work they would leave. `kept`: addresses and
    numbers that stay, because the runbook still has them or somebody else shares them."""

    identity: Identity
    rows: Counter[str]
    kept: Sequence[str]
    work: Sequence[OpenWork]


@dataclass(frozen=True)
class Forgotten:
    """The pseudonym that replaces them. `left`: rows that still name them, because work on them is under way."""

    former: str
    rows: Counter[str]
    left: Counter[str]


class Forgetting:
    """Run from the command line only. The bot may keep running: each transaction locks a few blocks of one table."""

    def __init__(self, db: Database, clock: Clock, runbook: Runbook) -> None:
        self._db = db
        self._clock = clock
        self._runbook = runbook

    async def find(self, words: str, also: Iterable[str] = ()) -> Found:
        """Find by runbook key, Slack id, name or address. Raises NotFound, and Refused while the bot needs the person.

        `also`: further words that mean them, such as a first name.
        """
        identity, kept = await self._identity(words.strip(), also)
        self._must_have_left(identity)
        names = sorted(identity.keys | identity.accounts)
        async with self._db.transaction() as conn:
            await self._must_not_be_needed(conn, names)
            work = await forgetting.open_work(conn, names)
        rows = await self._count(identity)
        if not rows.total():
            raise NotFound(f"Nothing here names “{words}”.")
        return Found(identity, rows, kept, work)

    async def forget(self, found: Found) -> Forgotten:
        """Erase them. Safe to repeat after an interruption: it resumes with the same pseudonym."""
        now = self._clock.now()
        async with self._db.transaction() as conn:
            number, identity = await forgetting.begin(conn, found.identity, now)
            former = f"former-{number}"
            await forgetting.prepare(conn, identity, former)
        rows = await self._take_out(identity, former)
        left = await self._count(identity)
        async with self._db.transaction() as conn:
            facts = {"rows": rows.total(), "left": left.total()}
            await audit.write(conn, actor=TOCSIN.name, deed="person.forget", subject=former, at=now, facts=facts)
            if not left.total():
                await forgetting.end(conn, number, now)
        return Forgotten(former, rows, left)

    async def _take_out(self, identity: Identity, former: str) -> Counter[str]:
        rows: Counter[str] = Counter()
        for _ in range(PASSES):
            before = rows.total()
            async for part in forgetting.parts(self._db):
                rows[part.group] += await again_after_deadlock(partial(self._forget, part, identity, former))
            if rows.total() == before:
                break
        return +rows

    async def _forget(self, part: Part, identity: Identity, former: str) -> int:
        async with self._db.transaction() as conn:
            return await forgetting.forget(conn, part, identity, former)

    async def _count(self, identity: Identity) -> Counter[str]:
        rows: Counter[str] = Counter()
        async for part in forgetting.parts(self._db):
            async with self._db.statement() as conn:
                rows[part.group] += await forgetting.count(conn, part, identity)
        return +rows

    async def _identity(self, words: str, also: Iterable[str]) -> tuple[Identity, list[str]]:
        """All that identifies them, following keys and accounts from record to record; and what of it is kept."""
        async with self._db.transaction() as conn:
            everybody = [*await forgetting.known(conn), *await forgetting.unfinished(conn)]
            identity = _said(words, everybody)
            for _ in everybody:
                identity, before = _with_what_is_known(identity, everybody), identity
                if identity == before:
                    break
            names = sorted(identity.keys | identity.accounts)
            whole = identity.joined(await forgetting.reached_at(conn, names))
        whole = replace(whole, also=whole.also | frozenset(filter(None, (one.strip() for one in also))))
        others = [one for one in everybody if not one.is_called_as(whole)]
        own = whole.without(self._in_use().union(*(one.words for one in others)))
        called = {person.name for person in self._runbook.people.values()}.union(*(one.names for one in others))
        own = own.beside(called)
        return own, sorted(set(whole.words) - set(own.words))

    def _in_use(self) -> set[str]:
        """Addresses and numbers in the runbook: of people, providers and audiences."""
        runbook = self._runbook
        contacts = [(one.email, one.phone) for one in runbook.people.values()]
        contacts += [(one.email, one.phone) for one in runbook.providers.values()]
        listed = {one for audience in runbook.audiences.values() for one in audience.email}
        return listed | {contact for both in contacts for contact in both if contact}

    def _must_have_left(self, identity: Identity) -> None:
        for key, person in self._runbook.people.items():
            if key in identity.keys or person.slack in identity.accounts or person.name in identity.names:
                raise Refused(
                    f"{person.name} is in the runbook: take “{key}” out of it, restart the bot, and run this again."
                )

    async def _must_not_be_needed(self, conn: Connection, names: Sequence[str]) -> None:
        if paged := await forgetting.waiting_pages(conn, names):
            raise Refused(f"They are being paged for {_refs(paged)}: wait until it is acknowledged, or resolve it.")
        if parts := await forgetting.open_incidents(conn, names):
            raise Refused(f"They have a part in {_refs(parts)}, which is open: resolve it first.")
        if covers := await forgetting.covers_to_come(conn, names, self._clock.now()):
            schedules = ", ".join(sorted({cover["schedule"] for cover in covers}))
            raise Refused(f"They cover {schedules}: end that cover first, with /escalate cover.")


def _said(words: str, everybody: Sequence[Identity]) -> Identity:
    """Whom these words mean. Raises NotFound when they are empty, ambiguous, or a pseudonym."""
    if is_former(words) or not words:
        raise NotFound("Say whom: a key of the runbook, a Slack id such as U0ADA, a name or an email address.")
    if mentioned := MENTION.fullmatch(words):
        words = mentioned[1]
    wanted = words.lower()
    known = [one for one in everybody if wanted in (word.lower() for word in one.words)]
    keys = sorted(set().union(*(one.keys for one in known)))
    if len(keys) > 1 and words not in keys:
        raise NotFound(f"“{words}” may be {' or '.join(keys)}: say which.")
    if known:
        exact = [one for one in known if words in one.keys] or known
        return exact[0]
    if is_slack_id(words):
        return Identity(accounts=frozenset({words}))
    if "@" in words:
        return Identity(addresses=frozenset({words}))
    return Identity(names=frozenset({words})) if " " in words else Identity(keys=frozenset({words}))


def _with_what_is_known(identity: Identity, everybody: Sequence[Identity]) -> Identity:
    """Joined with all that have a key or Slack account in common; names, addresses and telephones may be shared."""
    for one in everybody:
        if identity.is_called_as(one):
            identity = identity.joined(one)
    return identity


def _refs(incidents: Sequence[int]) -> str:
    return ", ".join(f"INC-{number}" for number in incidents)
