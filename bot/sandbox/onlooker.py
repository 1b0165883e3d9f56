"""What a person sees in Slack: channels, messages, forms and the Home tab."""

from bot.sandbox.errors import NotOnScreen
from bot.sandbox.looking import Place, labels
from bot.sandbox.model import Channel, Message, User, View
from bot.sandbox.state import State
from bot.sandbox.typed import as_message


class Onlooker:
    """One human member, looking. Whatever isn't there raises NotOnScreen."""

    def __init__(self, state: State, user: User) -> None:
        self._state = state
        self.user = user

    @property
    def id(self) -> str:
        return self.user.id

    def sees(self, channel: str | Channel = "#general") -> list[Message]:
        """The messages there, oldest first, including ephemeral ones for this person."""
        found = self._find(channel)
        if found.kind != "public" and self.id not in found.members:
            raise NotOnScreen(f"{self.user.real_name} cannot see {found.name}.")
        return self._state.visible_messages(found, self.id)

    def channels(self) -> list[Channel]:
        """The channels and direct conversations that this person is in."""
        return [channel for channel in self._state.conversations if self.id in channel.members]

    def direct_messages(self) -> list[Message]:
        """The direct conversation with the app, oldest first."""
        return self.sees(self._state.conversations.direct(self._state.bot.id, self.id))

    def modals(self) -> list[View]:
        """The open forms, bottom to top."""
        return self._state.screens.modals(self.id)

    def modal(self) -> View:
        """The form on top."""
        if not (stack := self.modals()):
            raise NotOnScreen(f"{self.user.real_name} has no form open.")
        return stack[-1]

    def home(self) -> View | None:
        """The Home tab as last published; None before that."""
        return self._state.screens.home(self.id)

    def labels(self, place: Place | None = None) -> list[str]:
        """What can be pressed there, without leading emoji."""
        return labels(place or self.modal())

    def typed(self, text: str) -> str:
        """The text as Slack's composer would convert it."""
        return as_message(self._state, text)

    def _find(self, channel: str | Channel) -> Channel:
        if isinstance(channel, Channel):
            return channel
        if channel.startswith("@") and (user := self._state.find_user(channel)):
            return self._state.conversations.direct(self.id, user.id)
        found = self._state.find_channel(channel)
        if found is None:
            raise NotOnScreen(f"There is no channel {channel}.")
        return found

    def _room(self, channel: str | Channel) -> Channel:
        """A channel in which this person can type."""
        found = self._find(channel)
        if self.id not in found.members:
            raise NotOnScreen(f"{self.user.real_name} is not in {found.name}.")
        if found.archived:
            raise NotOnScreen(f"#{found.name} is archived.")
        return found
