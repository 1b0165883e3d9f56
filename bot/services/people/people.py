"""The people of the runbook and their Slack accounts: who is on call, and who a name, mention or account refers to."""

import asyncio
import logging
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.actor import TOCSIN, Actor
from bot.domain.errors import Failed, NotFound, Rejected
from bot.domain.people.identity import is_former, is_slack_id
from bot.runbook import Person, Runbook
from bot.services.people.shifts import Shifts
from bot.slack.gateway import Gateway
from bot.store.database import Database
from bot.store.people import covers, directory
from bot.store.pipelined import Connection

log = logging.getLogger(__name__)

MENTION = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^>]*)?>")
# How long a failed lookup is remembered: the person may be invited to the workspace meanwhile.
LOOK_AGAIN_AFTER = timedelta(minutes=10)
# A page must not wait for Slack to tell the name of somebody mentioned in the title.
NAMES_WITHIN_S = 1.0
# The most words that a typed name may have.
LONGEST_NAME = 4
# Covers that ended longer ago have no bearing on when today's shift began.
COVERS_REMEMBERED = timedelta(days=7)


class People(Shifts):
    """Maps people to Slack accounts: looked up by email, kept in the database, cached by each process."""

    def __init__(self, db: Database, clock: Clock, runbook: Runbook, gateway: Gateway) -> None:
        super().__init__(runbook)
        self._db = db
        self._clock = clock
        self._gateway = gateway
        self._accounts: dict[str, str] = {key: p.slack for key, p in runbook.people.items() if p.slack}
        self._others: dict[str, Person] = {}  # people of other or earlier runbooks, only to name them
        self._looked_up_at: dict[str, datetime] = {}
        self._names: dict[str, str] = {}
        self._remembered: dict[str, Person] = {}

    async def begin(self) -> None:
        """Load what is known already, and make this runbook's people known to the other processes."""
        await self.recall()
        await self._introduce()

    async def recall(self) -> None:
        """Load from the database the accounts, names and covers that are known already."""
        others: dict[str, Person] = {}
        async with self._db.transaction() as conn:
            for row in await directory.identities(conn):
                key, account = row["person"], row["slack_id"]
                person = self._runbook.people.get(key)
                if person is None:
                    others[key] = Person(key=key, name=row["name"] or key, slack=account)
                elif account and person.email == row["email"]:
                    self._accounts.setdefault(key, account)
            await self.learn_covers(conn)
        self._others = others

    async def learn_covers(self, conn: Connection) -> None:
        """Refresh this process's covers from the database, as of this instant.

        Use the answer before the next `await`: a concurrent call may overwrite it with an older read.
        """
        if self._runbook.schedules or self._remembered:
            self._covers = await covers.ending_after(conn, self._clock.now() - COVERS_REMEMBERED)

    def remember(self, people: Iterable[Person]) -> None:
        """Keep the people a running ladder promised to page, so that those since removed from the runbook still have a
        name and a Slack account. The runbook takes precedence, and this grants nobody any permission."""
        self._remembered |= {person.key: person for person in people if person.key not in self._runbook.people}

    async def look_up_everybody(self) -> None:
        """Look up all accounts, at start. After trying everybody, raises the last Failed that a retry may cure."""
        passing, known = None, dict(self._accounts)
        for key in self._runbook.people:
            try:
                await self.account(key)
            except Failed as error:
                log.warning("person=%s cannot be looked up: %s", key, error)
                passing = passing if isinstance(error, Rejected) else error
        if self._accounts != known:
            async with self._db.transaction() as conn:
                await directory.tell_others(conn)
        if passing:
            raise passing

    async def account(self, key: str) -> str | None:
        """The person's Slack id, asking Slack if need be; None: nobody there has their address. Raises Failed."""
        if key in self._accounts:
            return self._accounts[key]
        person = self.person(key)
        if person is None or not person.email or self._was_looked_up(key):
            return None
        found = await self._gateway.account_of(person.email)
        now = self._looked_up_at[key] = self._clock.now()
        if found:
            self._accounts[key] = found
        async with self._db.transaction() as conn:
            await directory.save_identity(
                conn, person=key, name=person.name, email=person.email, slack_id=found, now=now
            )
        return found

    def forget_account(self, key: str) -> None:
        self._accounts.pop(key, None)

    def known_account(self, name: str) -> str | None:
        """The Slack id, without asking Slack; None when unknown. A name that is a Slack id is returned as it is."""
        return self._accounts.get(name) or (name if is_slack_id(name) else None)

    def named(self, slack_id: str) -> str:
        """The runbook key of this account, otherwise the account itself."""
        return next((key for key, account in self._accounts.items() if account == slack_id), slack_id)

    def actor(self, slack_id: str, request: str | None = None, asked_at: datetime | None = None) -> Actor:
        return Actor(self.named(slack_id), slack_id, request, asked_at)

    def with_account(self, actor: Actor) -> Actor:
        """This actor with their Slack account filled in, if known."""
        return replace(actor, slack_id=actor.slack_id or self.known_account(actor.name))

    def is_one(self, actor: Actor, name: str, account: str | None = None) -> bool:
        """Whether the actor is the one stored as `name` or with `account`, even under another name back then."""
        own = self.with_account(actor).slack_id
        return actor.name == name or (own is not None and own in (account, self.known_account(name)))

    def display_name(self, name: str) -> str:
        if name == TOCSIN.name:
            return "Tocsin"
        if is_former(name):
            return f"{name} (removed)"
        person = self._runbook.people.get(name) or self._remembered.get(name) or self._others.get(name)
        return person.name if person else name

    def known_name(self, name: str) -> str:
        """The display name, without asking Slack; for people outside the runbook, only if Slack told us it before."""
        return self._names.get(name) or self.display_name(name)

    def proper_name(self, name: str) -> str | None:
        """`known_name`, for audiences; None when only a key or a Slack id is known."""
        known = self.known_name(name)
        return None if known == name and name not in self._runbook.people else known

    def written(self, name: str) -> str:
        """How a refusal names somebody: without a known name, a mention, which Slack turns into one for the reader."""
        known = self.known_name(name)
        return (self.mention(name) or known) if known == name else known

    async def names_of(self, accounts: Iterable[str]) -> dict[str, str]:
        """Display names by Slack account; leaves out those that Slack doesn't name within `NAMES_WITHIN_S` in all."""
        found: dict[str, str] = {}
        try:
            async with asyncio.timeout(NAMES_WITHIN_S):
                for account in accounts:
                    if name := await self._called(account):
                        found[account] = name
        except (Failed, TimeoutError) as error:
            log.warning("names cannot be looked up: %s", error)
        return found

    async def called(self, name: str) -> str:
        """The display name, asking Slack about people outside the runbook; `known_name` when that takes too long."""
        return (await self.names_of([name])).get(name) or self.known_name(name)

    def mention(self, name: str) -> str | None:
        """A Slack mention, which notifies this person; None when their account isn't known."""
        other = self._others.get(name)
        account = self.known_account(name) or (other.slack if other else None)
        return f"<@{account}>" if account else None

    def meant(self, text: str) -> str:
        """The runbook key or Slack id meant by `<@U…>`, a key, a name or an email address. Raises NotFound."""
        text = text.strip()
        if found := MENTION.fullmatch(text):
            return self.named(found[1])
        known = self._called_so(text.lstrip("@").lower())
        if len(known) > 1:
            raise NotFound(f"“{text}” may be {' or '.join(known)}. Type one of these, or mention the person.")
        if not known:
            raise NotFound(self.unknown(text))
        return known[0]

    async def must_be_a_member(self, name: str) -> None:
        """Raise NotFound for accounts that don't exist, are apps, or were deactivated. People of the runbook without a
        known account pass, and so does everybody while Slack doesn't answer."""
        account = self.known_account(name)
        if account is None and name in self._runbook.people:
            return
        try:
            if account and await self._gateway.is_person(account):
                return
        except Failed as error:
            log.warning("person=%s cannot be looked up: %s", name, error)
            return
        raise NotFound(f"“{self.written(name)}” isn't in this workspace. {self._whom()}")

    def first_meant(self, words: str) -> tuple[str, str] | None:
        """Split words that begin with a name (`@` optional) into who that is and the rest; None: no known name.

        Longer names are tried first. Raises NotFound when the name is ambiguous.
        """
        split = words.split(maxsplit=LONGEST_NAME)
        for count in range(min(LONGEST_NAME, len(split)), 0, -1):
            name = " ".join(split[:count]).rstrip(",:;.!")
            if self._called_so(name.lstrip("@").lower()):
                return self.meant(name), " ".join(split[count:])
        return None

    def unknown(self, text: str) -> str:
        return f"I don't know anybody called “{text}”. {self._whom()}"

    def _whom(self) -> str:
        known = ", ".join(sorted(self._runbook.people))
        return f"Mention somebody in this workspace, or type one of: {known}."

    def _called_so(self, wanted: str) -> list[str]:
        """Who goes by this name (in lower case): keys, or accounts of others whose name is known. Whole names first."""
        people = self._runbook.people.items()
        whole = [key for key, one in people if wanted in (key.lower(), one.name.lower(), (one.email or "").lower())]
        others = {account: name.lower() for account, name in self._names.items() if self.named(account) == account}
        whole += [account for account, name in others.items() if name == wanted]
        first = [key for key, one in people if one.name.lower().split()[:1] == [wanted]]
        first += [account for account, name in others.items() if name.split()[:1] == [wanted]]
        return (whole or first) if wanted else []

    def person(self, key: str) -> Person | None:
        """The person with this key, from the runbook or a ladder begun under an earlier one. A Slack id gets a bare
        Person of its own; None for anything else."""
        known = self._runbook.people.get(key) or self._remembered.get(key)
        return known or (Person(key=key, name=key, slack=key) if is_slack_id(key) else None)

    async def leading(self, conn: Connection, now: datetime) -> list[str]:
        """Who is on call in the tier that leads, with covers as of now."""
        await self.learn_covers(conn)
        return self.in_tier(self._runbook.lead_tier, now)

    def is_same(self, name: str, other: str) -> bool:
        return self.is_one(Actor(name), other)

    async def _introduce(self) -> None:
        known = self._runbook.people.items()
        rows = [
            {"person": key, "name": one.name, "email": one.email, "slack_id": self._accounts.get(key)}
            for key, one in known
        ]
        async with self._db.transaction() as conn:
            await directory.introduce(conn, rows, self._clock.now())

    async def _called(self, account: str) -> str | None:
        """The name, asking Slack if need be; None for `LOOK_AGAIN_AFTER` after it failed to answer. Raises Failed."""
        if person := self._runbook.people.get(self.named(account)):
            return person.name
        if account not in self._names and not self._was_looked_up(account):
            try:
                self._names[account] = await self._gateway.name_of(account)
            except (Failed, asyncio.CancelledError):
                self._looked_up_at[account] = self._clock.now()
                raise
        return self._names.get(account)

    def _was_looked_up(self, key: str) -> bool:
        looked_up_at = self._looked_up_at.get(key)
        return looked_up_at is not None and self._clock.now() - looked_up_at < LOOK_AGAIN_AFTER
