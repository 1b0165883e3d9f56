"""The workspace's state: team, users, conversations, screens, files, tokens, and what the app has done."""

import secrets
from collections.abc import Iterable
from typing import Any

from bot.clock import Clock
from bot.sandbox.changes import Change, Changes
from bot.sandbox.conversations import Conversations
from bot.sandbox.faults import Faults
from bot.sandbox.identifiers import Identifiers, Timestamps
from bot.sandbox.mailbox import Mailbox
from bot.sandbox.manifest import Manifest
from bot.sandbox.model import Canvas, Channel, File, Message, User, UserGroup
from bot.sandbox.rates import Rates
from bot.sandbox.records import Complaint, Sent
from bot.sandbox.response_urls import ResponseUrls
from bot.sandbox.screens import Screens
from bot.sandbox.triggers import Triggers

BOT_USER = "U0TOCSIN"


class State:
    def __init__(self, clock: Clock, manifest: Manifest, users: Iterable[User], *, domain: str = "example") -> None:
        self.clock, self.manifest, self.domain = clock, manifest, domain
        self.team_id, self.app_id, self.bot_id = "T0SANDBOX", "A0TOCSIN", "B0TOCSIN"
        self.team_name = domain.replace("-", " ").title()
        self.bot_token, self.app_token = f"xoxb-sandbox-{secrets.token_hex(8)}", f"xapp-sandbox-{secrets.token_hex(8)}"
        self.signing_secret = secrets.token_hex(16)
        self.bot = User(BOT_USER, manifest.bot_name, manifest.bot_name.capitalize(), title="App", is_bot=True)
        self.users = {user.id: user for user in (*users, self.bot)}
        self.usergroups: dict[str, UserGroup] = {}
        self.files: dict[str, File] = {}
        self.canvases: dict[str, Canvas] = {}
        self.ids, self.stamps, self.changes = Identifiers(), Timestamps(clock), Changes()
        self.conversations = Conversations(self.ids, self.stamps, self.changes, self.users)
        self.screens = Screens(self.ids, self.changes)
        self.triggers, self.response_urls = Triggers(), ResponseUrls(clock, self.ids)
        self.faults, self.rates = Faults(), Rates()
        self.mailbox = Mailbox(clock, self.changes)
        self.sent: list[Sent] = []
        self.complaints: list[Complaint] = []
        self.untrusted: set[str] = set()
        self.base_url = ""

    @property
    def scopes(self) -> frozenset[str]:
        """The bot token's scopes: the manifest's, without those withheld."""
        return self.manifest.scopes - self.faults.withheld_scopes

    @property
    def humans(self) -> list[User]:
        return [user for user in self.users.values() if not user.is_bot and not user.deleted]

    def tell(self, change: Change) -> None:
        self.changes.tell(change)

    def complain(self, what: str, where: str, detail: str = "") -> None:
        self.complaints.append(Complaint(what, where, detail))

    def record(self, method: str, **details: Any) -> None:
        self.sent.append(Sent(method, **details))

    def users_by_email(self, email: str) -> list[User]:
        return [user for user in self.humans if user.email.lower() == email.lower()]

    def find_user(self, who: str) -> User | None:
        """By id, or by name with or without `@`."""
        bare = who.removeprefix("@").lower()
        return self.users.get(who) or next((u for u in self.users.values() if u.name.lower() == bare), None)

    def find_channel(self, which: str) -> Channel | None:
        """By id, or by name with or without `#`."""
        return self.conversations.get(which) or self.conversations.named(which)

    def visible_messages(self, channel: Channel, user: str) -> list[Message]:
        """What this person sees there, oldest first: ephemeral messages only if they are for them."""
        return [message for message in channel.messages if message.ephemeral_for in (None, user)]
