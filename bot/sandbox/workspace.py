"""The simulated workspace, as used by tests and the page: its state, its people, and the app it talks to."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from bot.clock import Clock
from bot.sandbox.changes import Change
from bot.sandbox.courier import Courier
from bot.sandbox.errors import NotOnScreen
from bot.sandbox.events import Events
from bot.sandbox.exchange import Exchange
from bot.sandbox.http_mode import HttpMode
from bot.sandbox.manifest import read_manifest
from bot.sandbox.mentions import smuggled
from bot.sandbox.model import Channel, Kind, Message, User
from bot.sandbox.people import Person
from bot.sandbox.responses import Responses
from bot.sandbox.socket_mode import SocketMode
from bot.sandbox.state import State
from bot.sandbox.team import example_team
from bot.sandbox.timing import Timing, slack_timing

Seen = TypeVar("Seen")
_GLANCE_SECONDS = 0.05


class Workspace(State):
    """A team with channels that everybody is in; the app is installed but in no channel yet.

    `manifest` is the parsed manifest.yml. The app is reached over Socket Mode until `use_http` is called.
    """

    def __init__(
        self,
        clock: Clock,
        manifest: Mapping[str, Any],
        *,
        users: Iterable[User] | None = None,
        channels: Iterable[str] = ("general", "random"),
        timing: Timing | None = None,
    ) -> None:
        super().__init__(clock, read_manifest(manifest), example_team() if users is None else users)
        self.timing = timing or slack_timing()
        for name in channels:
            self.add_channel(name)
        self.sockets = SocketMode(self, self.timing)
        self.courier = Courier(self, self.timing)
        self.courier.transport = self.sockets
        self.responses = Responses(self)
        self.exchange = Exchange(self, self.courier, self.responses)
        self.events = Events(self, self.courier)

    @property
    def connected(self) -> bool:
        """Can the app be reached?"""
        return self.courier.connected

    def person(self, name: str) -> Person:
        """By user name (`ada`) or id."""
        user = self.find_user(name)
        if user is None or user.is_bot:
            known = ", ".join(human.name for human in self.humans)
            raise NotOnScreen(f"There is nobody called {name!r}; there are {known}.")
        return Person(self, self.courier, self.exchange, user)

    def channel(self, name: str) -> Channel:
        """By id, or by name with or without `#`."""
        channel = self.find_channel(name)
        if channel is None:
            known = ", ".join(f"#{c.name}" for c in self.conversations if c.kind != "im")
            raise NotOnScreen(f"There is no channel {name!r}; there are {known}.")
        return channel

    def messages(self, channel: str | Channel) -> list[Message]:
        """Everything posted there, oldest first: including replies, ephemeral and system messages."""
        found = channel if isinstance(channel, Channel) else self.channel(channel)
        return list(found.messages)

    def direct_messages(self, name: str) -> list[Message]:
        """The conversation between a person and the app."""
        return self.person(name).direct_messages()

    def add_channel(self, name: str, *, members: Iterable[str] | None = None, private: bool = False) -> Channel:
        """A channel from before the story begins; without `members`, every human is in it."""
        ids = [user.id for user in self.humans] if members is None else list(members)
        kind: Kind = "private" if private else "public"
        creator, created = ids[0] if ids else "", self.stamps.seconds()
        channel = Channel(self.ids.next("C"), name.removeprefix("#"), kind, creator, created, ids)
        channel.is_general = channel.name == "general"
        return self.conversations.adopt(channel)

    def add_user(self, user: User) -> Person:
        """Add somebody new, in no channel yet."""
        self.users[user.id] = user
        self.tell(Change("users"))
        return self.person(user.id)

    def use_http(self, url: str) -> None:
        """Reach the app by signed requests to this URL from now on, instead of Socket Mode."""
        self.courier.transport = HttpMode(url, self.signing_secret, self.clock, self.timing)

    def uninstall(self) -> None:
        """Uninstall the app: its tokens are revoked, and it gets the events."""
        self.tell(Change("tokens_revoked"))
        self.tell(Change("uninstalled"))
        self.faults.revoked = True

    def audit(self) -> list[str]:
        """Every mention or link smuggled in by a text in `untrusted`, and every unescaped `<…>`, in messages and
        views."""
        found = []
        for channel in self.conversations:
            for message in channel.messages:
                if message.by_bot:
                    found += [
                        f"{token} in {channel.name} at {message.ts}" for token in smuggled(message, self.untrusted)
                    ]
        for view in self.screens.everything():
            found += [f"{token} in the view {view.id}" for token in smuggled(view, self.untrusted)]
        return found

    async def until(self, look: Callable[[], Seen | None], *, within: float = 60.0) -> Seen:
        """Wait until `look` returns something, and return it; TimeoutError after `within` real seconds.

        A `look` that raises NotOnScreen or IndexError hasn't seen it yet.
        """
        changed = asyncio.Event()
        stop = self.changes.listen(lambda _: changed.set())
        deadline = asyncio.get_running_loop().time() + within
        try:
            while not (seen := _glance(look)):
                if asyncio.get_running_loop().time() > deadline:
                    raise TimeoutError(f"not seen within {within} s; last: {self._last_words()}")
                await _either(changed, _GLANCE_SECONDS)
        finally:
            stop()
        return seen

    def _last_words(self) -> str:
        said = [f"{sent.method} {sent.text or ''}"[:80] for sent in self.sent[-5:]]
        return "; ".join([*said, *map(str, self.complaints[-5:])]) or "nothing was sent"

    async def close(self) -> None:
        await self.courier.close()
        await self.sockets.close()


def _glance(look: Callable[[], Seen | None]) -> Seen | None:
    try:
        return look()
    except (NotOnScreen, IndexError):
        return None


async def _either(changed: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(changed.wait(), seconds)
    except TimeoutError:
        return
    changed.clear()
