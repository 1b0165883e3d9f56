"""Replaces the runbook's external addresses with parts of the sandbox, so that nothing affects the real world."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, count
from urllib.parse import quote, urlsplit

from bot.runbook import Runbook
from bot.runbook.addresses import HttpUrl, PostgresqlUrl, Webhook
from bot.runbook.audiences import Audience
from bot.runbook.backups import Backup, PostgresqlBackup
from bot.runbook.health import Check, DiskCheck, HttpCheck, PostgresqlCheck, TcpCheck
from bot.runbook.people import Person
from bot.runbook.places import HostPort
from bot.sandbox.model import User
from bot.sandbox.website import CHECKED, HOOKS
from bot.sandbox.workspace import Workspace

EXAMPLE_DATABASE = "an example database"
EXAMPLE_WEBSITE = "an example website"
MAILBOX = "the mailbox of this page"
OWN_FOLDER = "a folder of the sandbox"
STATUSPAGE = "a simulated statuspage.io"
LEFT_OUT = "left out: the sandbox has nothing like it"


@dataclass(frozen=True)
class Places:
    """What the sandbox offers: the URLs of a website and a PostgreSQL database, and a folder."""

    website: str
    database: str
    folder: str


@dataclass(frozen=True)
class Replaced:
    """One replaced address: its YAML path, the address as people may see it, and what replaces it."""

    what: str
    was: str
    now: str


def stand_in(runbook: Runbook, places: Places) -> tuple[Runbook, list[Replaced]]:
    """The same runbook with every external address replaced, and the list of replacements."""
    return StandIns(places).applied_to(runbook)


class StandIns:
    """Collects what it replaces; use it for one runbook only."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._replaced: list[Replaced] = []

    def applied_to(self, runbook: Runbook) -> tuple[Runbook, list[Replaced]]:
        people = {key: self._person(key, person) for key, person in runbook.people.items()}
        health = runbook.health.model_copy(update={"checks": dict(self._checks(runbook.health.checks))})
        alerts = runbook.alerts.model_copy(update={"webhook": self._hook("alerts.webhook", runbook.alerts.webhook)})
        backups = dict(self._backups(runbook.backups))
        audiences = {key: self._audience(key, audience) for key, audience in runbook.audiences.items()}
        update = {
            "people": people, "health": health, "alerts": alerts, "backups": backups, "audiences": audiences,
        }  # fmt: skip
        return runbook.model_copy(update=update), self._replaced

    def _person(self, key: str, person: Person) -> Person:
        webhook = self._hook(f"people.{key}.webhook", person.webhook)
        # Member ids of the real workspace mean nothing here; people are found by email.
        return person.model_copy(update={"webhook": webhook, "slack": None})

    def _audience(self, key: str, audience: Audience) -> Audience:
        what = f"audiences.{key}"
        if audience.statuspage:
            self._note(f"{what}.statuspage", audience.statuspage.page, STATUSPAGE)
        page = audience.page
        if page and page.to:
            self._note(f"{what}.page.to", page.to, OWN_FOLDER)
            page = page.model_copy(update={"to": f"{self._places.folder}/{quote(what, safe='')}"})
        return audience.model_copy(update={"webhook": self._hook(f"{what}.webhook", audience.webhook), "page": page})

    def _hook(self, what: str, webhook: Webhook | None) -> Webhook | None:
        if webhook is None or self._is_ours(webhook.reveal()):
            return webhook
        self._note(what, webhook, MAILBOX)
        return Webhook(f"{self._places.website}{HOOKS}{quote(what)}")

    def _checks(self, checks: Mapping[str, Check]) -> Iterator[tuple[str, Check]]:
        for key, check in checks.items():
            replaced = self._check(f"health.checks.{key}", check)
            if replaced is not None:
                yield key, replaced

    def _check(self, what: str, check: Check) -> Check | None:
        if isinstance(check, HttpCheck):
            return check if self._is_ours(check.target.reveal()) else self._http(what, check)
        if isinstance(check, PostgresqlCheck):
            return check.model_copy(update={"target": self._database(what, check.target)})
        if isinstance(check, TcpCheck):
            self._note(what, check.target, EXAMPLE_WEBSITE)
            return check.model_copy(update={"target": self._website_place})
        if isinstance(check, DiskCheck):
            self._note(what, check.target, OWN_FOLDER)
            return check.model_copy(update={"target": self._places.folder})
        self._note(what, check.target, LEFT_OUT)
        return None

    def _http(self, what: str, check: HttpCheck) -> HttpCheck:
        """A page of the example website that returns the expected status; expectations about its content are
        dropped."""
        self._note(what, check.target, EXAMPLE_WEBSITE)
        target = HttpUrl(f"{self._places.website}{CHECKED}{quote(what)}?status={check.expect}")
        return check.model_copy(update={"target": target, "json_wishes": {}, "text": None})

    def _backups(self, backups: Mapping[str, Backup]) -> Iterator[tuple[str, Backup]]:
        for key, backup in backups.items():
            what = f"backups.{key}"
            if not isinstance(backup, PostgresqlBackup):
                self._note(what, backup.target, LEFT_OUT)
                continue
            if backup.to is not None:
                self._note(f"{what}.to", backup.to, OWN_FOLDER)
            if backup.drill_on is not None:
                self._note(f"{what}.drill_on", backup.drill_on, EXAMPLE_DATABASE)
            target = self._database(what, backup.target)
            # Queries about another database's tables would only fail.
            wishes = backup.invariants if target == backup.target else {}
            yield (
                key,
                backup.model_copy(
                    update={"target": target, "database_name": None, "to": None, "invariants": wishes, "drill_on": None}
                ),
            )

    def _database(self, what: str, target: PostgresqlUrl) -> PostgresqlUrl:
        if target.reveal() == self._places.database:
            return target
        self._note(what, target, EXAMPLE_DATABASE)
        return PostgresqlUrl(self._places.database)

    @property
    def _website_place(self) -> HostPort:
        parts = urlsplit(self._places.website)
        assert parts.hostname and parts.port, "the example website listens on a port of its own"
        return HostPort(parts.hostname, parts.port)

    def _is_ours(self, address: str) -> bool:
        return address.startswith(f"{self._places.website}/") or address == self._places.website

    def _note(self, what: str, was: object, now: str) -> None:
        self._replaced.append(Replaced(what, str(was), now))


def bring_in(workspace: Workspace, runbook: Runbook) -> None:
    """Create accounts for the runbook's people who have none, so that they can be paged and played. Like all others,
    they are in every public channel."""
    public = [one for one in workspace.conversations if one.kind == "public"]
    for key, person in runbook.people.items():
        email = person.email or f"{key}@example.com"
        if not workspace.users_by_email(email):
            names = chain([key], (f"{key}{number}" for number in count(2)))
            name = next(one for one in names if not workspace.find_user(one))
            user = workspace.add_user(User(workspace.ids.next("U"), name, person.name, email))
            for channel in public:
                channel.members.append(user.id)
