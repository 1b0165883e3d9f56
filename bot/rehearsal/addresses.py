"""Maps addresses to the people and audiences of a runbook, as they can be reached in a rehearsal."""

from bot.runbook import Runbook
from bot.sandbox.workspace import Workspace


class Addresses:
    """Several people may share an address."""

    def __init__(self, runbook: Runbook, workspace: Workspace) -> None:
        """Every person of the runbook has to have an account in the workspace."""
        self._runbook = runbook
        self._accounts = {key: self._account_of(key, workspace) for key in runbook.people}

    def account(self, person: str) -> str:
        """This person's Slack account."""
        return self._accounts[person]

    def by_account(self, user: str) -> tuple[str, ...]:
        return tuple(key for key, account in self._accounts.items() if account == user)

    def by_phone(self, phone: str) -> tuple[str, ...]:
        return tuple(key for key, one in self._runbook.people.items() if one.phone == phone)

    def by_mail(self, address: str) -> tuple[str, ...]:
        return tuple(key for key, one in self._runbook.people.items() if _same(one.email, address))

    def by_hook(self, name: str) -> tuple[str, ...]:
        return tuple(key for key in self._runbook.people if name == f"people.{key}.webhook")

    def readers_by_mail(self, address: str) -> list[str]:
        """The keys of the audiences with this address."""
        found = self._runbook.audiences.items()
        return [key for key, one in found if any(_same(email, address) for email in one.email)]

    def readers_in(self, channel: str) -> list[str]:
        found = self._runbook.audiences.items()
        return [key for key, one in found if f"#{channel}" in one.slack]

    def readers_by_hook(self, name: str) -> list[str]:
        return [key for key in self._runbook.audiences if name == f"audiences.{key}.webhook"]

    def readers_of(self, page: str) -> list[str]:
        """The audiences of a page at statuspage.io, by its id."""
        found = self._runbook.audiences.items()
        return [key for key, one in found if one.statuspage and one.statuspage.page == page]

    def _account_of(self, key: str, workspace: Workspace) -> str:
        email = self._runbook.people[key].email or f"{key}@example.com"
        return workspace.users_by_email(email)[0].id


def _same(one: str | None, other: str) -> bool:
    return one is not None and one.lower() == other.lower()
