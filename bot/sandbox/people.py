"""What a person does in Slack; drives story tests and the browser page."""

from collections.abc import Mapping
from typing import Any

from bot.sandbox.answers import AppAnswer
from bot.sandbox.changes import Change
from bot.sandbox.courier import Courier
from bot.sandbox.errors import NotOnScreen
from bot.sandbox.exchange import Exchange
from bot.sandbox.fields import HOLDS
from bot.sandbox.forms import entry, fill
from bot.sandbox.looking import Place, box, field, menu, pressable
from bot.sandbox.model import Channel, Json, Message, User, View
from bot.sandbox.onlooker import Onlooker
from bot.sandbox.screens import initial_values
from bot.sandbox.state import State


class Person(Onlooker):
    """One human member. Every action returns after the app's acknowledgement, or when Slack gives up on it.

    Actions on something that isn't on the screen raise NotOnScreen, which lists what is there instead.
    """

    def __init__(self, state: State, courier: Courier, exchange: Exchange, user: User) -> None:
        super().__init__(state, user)
        self._courier, self._exchange = courier, exchange

    async def types(self, text: str, channel: str | Channel = "#general") -> AppAnswer:
        """Type into the composer: a slash command, or otherwise a message."""
        if not text.startswith("/"):
            await self.says(text, channel)
            return AppAnswer()
        return await self._exchange.command(self.user, self._room(channel), text)

    async def says(self, text: str, channel: str | Channel = "#general", *, thread_ts: str | None = None) -> Message:
        """Post a message as typed in the composer: `@ada` and `#general` become mentions."""
        room = self._room(channel)
        if text.startswith("/"):
            raise NotOnScreen("Slash commands do not work in threads." if thread_ts else "This is a command.")
        if thread_ts is not None and room.message(thread_ts) is None:
            raise NotOnScreen("The message to reply to is gone.")
        message = self._state.conversations.say(room, self.id, self.typed(text), thread_ts=thread_ts)
        await self._courier.events_arrived()
        return message

    async def presses(self, label: str, place: Place | None = None, **filled: Any) -> AppAnswer:
        """Press the one button (or overflow entry) with this label, which may have an emoji before it.

        `place`: a message, a form or the Home tab; None: the form on top. `filled`: the message's other menus, by
        action_id, as they are when the button is pressed.
        """
        where = place or self.modal()
        block, element, option = pressable(where, label)
        chosen = {"selected_option": option} if option else {}
        action = {"block_id": block["block_id"], "action_id": element["action_id"], **chosen}
        return await self.acts(where, action, self._values(where, filled))

    async def selects(self, name: str, chosen: Any, place: Place | None = None) -> AppAnswer:
        """Choose in a menu or picker; `name` is its text, label, placeholder or id.

        An input block of a form sends nothing until the form is submitted, unless it dispatches actions.
        """
        where = place or self.modal()
        block, element = menu(where, name)
        values = self._values(where, {name: chosen})
        if block["type"] == "input" and not block.get("dispatch_action"):
            return AppAnswer()
        held = values[block["block_id"]][element["action_id"]]
        action = {"block_id": block["block_id"], "action_id": element["action_id"], **held}
        return await self.acts(where, action, values)

    async def ticks(self, label: str, place: Place | None = None) -> AppAnswer:
        """Toggle the one checkbox with this label."""
        where = place or self.modal()
        block, element, option = box(where, label)
        values = self._values(where, {})
        held = values[block["block_id"]][element["action_id"]]
        before = held["selected_options"]
        held["selected_options"] = [o for o in element["options"] if (o in before) != (o == option)]
        action = {"block_id": block["block_id"], "action_id": element["action_id"], **held}
        return await self.acts(where, action, values)

    async def acts(self, place: Place, action: Json, values: Json) -> AppAnswer:
        """Use the element with this block_id and action_id; `action` and `values` are in Slack's format."""
        self._refuse_unseen(place)
        return await self._exchange.act(self.user, place, action, values)

    async def submits(self, view: View | None = None, values: Mapping[str, Any] | None = None) -> AppAnswer:
        """Fill in a form, by labels or block ids, and submit it; None: the form on top."""
        form = view or self.modal()
        self._refuse_gone(form)
        fill(self._state, form, values or {})
        return await self._exchange.submit(self.user, form)

    async def submits_values(self, view: View, values: Json) -> AppAnswer:
        """Submit a form whose values are given like `state.values`."""
        self._refuse_gone(view)
        view.values = view.values | values
        return await self._exchange.submit(self.user, view)

    async def dismisses(self, view: View | None = None, *, everything: bool = False) -> AppAnswer:
        """Close a form without submitting it, or all of them."""
        form = view or self.modal()
        self._refuse_gone(form)
        return await self._exchange.dismiss(self.user, form, everything=everything)

    async def looks_up(self, typed: str, name: str, place: Place | None = None) -> list[Json]:
        """Type into an external menu; returns the app's options."""
        where = place or self.modal()
        is_form = isinstance(where, View) and where.content["type"] == "modal"
        block = field(where, name) if is_form and isinstance(where, View) else menu(where, name)[0]
        element = block.get("element") or menu(where, name)[1]
        return await self.is_offered(where, block["block_id"], element["action_id"], typed)

    async def is_offered(self, place: Place, block_id: str, action_id: str, typed: str) -> list[Json]:
        """The app's options in this external menu for what was typed."""
        self._refuse_unseen(place)
        return await self._exchange.suggest(self.user, place, block_id, action_id, typed)

    async def uses_shortcut(self, callback_id: str, message: Message | None = None) -> AppAnswer:
        """Use a message shortcut, or a global one if there is no message."""
        return await self._exchange.shortcut(self.user, callback_id, message)

    async def reacts(self, name: str, message: Message) -> None:
        if self.id not in message.reactions.get(name, ()):
            self._state.conversations.react(message, self.id, name.strip(":"))
        await self._courier.events_arrived()

    async def unreacts(self, name: str, message: Message) -> None:
        if self.id in message.reactions.get(name, ()):
            self._state.conversations.unreact(message, self.id, name)
        await self._courier.events_arrived()

    async def opens_home(self) -> None:
        self._state.tell(Change("home_opened", user=self.id, notes={"tab": "home"}))
        await self._courier.events_arrived()

    async def opens_messages(self) -> Channel:
        """Open the direct conversation with the app."""
        self._state.tell(Change("home_opened", user=self.id, notes={"tab": "messages"}))
        await self._courier.events_arrived()
        return self._state.conversations.direct(self._state.bot.id, self.id)

    async def joins(self, channel: str | Channel) -> None:
        found = self._find(channel)
        if found.kind != "public" or found.archived:
            raise NotOnScreen(f"#{found.name} cannot be joined.")
        self._state.conversations.join(found, self.id)
        await self._courier.events_arrived()

    async def leaves(self, channel: str | Channel) -> None:
        self._state.conversations.leave(self._room(channel), self.id)
        await self._courier.events_arrived()

    async def invites(self, name: str, channel: str | Channel) -> None:
        """Bring another person, or the app, into a channel."""
        user = self._state.find_user(name)
        if user is None:
            raise NotOnScreen(f"There is nobody called {name!r}.")
        self._state.conversations.join(self._room(channel), user.id, inviter=self.id)
        await self._courier.events_arrived()

    async def archives(self, channel: str | Channel) -> None:
        self._state.conversations.archive(self._room(channel), self.id)
        await self._courier.events_arrived()

    async def unarchives(self, channel: str | Channel) -> None:
        self._state.conversations.unarchive(self._find(channel), self.id)
        await self._courier.events_arrived()

    async def makes_private(self, channel: str | Channel) -> None:
        self._state.conversations.make_private(self._room(channel), self.id)
        await self._courier.events_arrived()

    async def removes(self, channel: str | Channel) -> None:
        """Delete a channel, archived or not, as a workspace owner can."""
        self._state.conversations.remove(self._find(channel), self.id)
        await self._courier.events_arrived()

    async def opens_channel(self, name: str) -> Channel:
        """Create a public channel."""
        channel = self._state.conversations.create(name.removeprefix("#"), kind="public", creator=self.id)
        await self._courier.events_arrived()
        return channel

    async def puts_out(self, name: str, channel: str | Channel) -> None:
        """Remove another person, or the app, from a channel."""
        user = self._state.find_user(name)
        if user is None:
            raise NotOnScreen(f"There is nobody called {name!r}.")
        self._state.conversations.leave(self._room(channel), user.id)
        await self._courier.events_arrived()

    async def renames(self, channel: str | Channel, name: str) -> None:
        self._state.conversations.rename(self._room(channel), name.removeprefix("#"), self.id)
        await self._courier.events_arrived()

    async def edits(self, message: Message, text: str) -> None:
        self._refuse_foreign(message)
        self._state.conversations.edit(message, self.typed(text), blocks=None, marks_edited=True)
        await self._courier.events_arrived()

    async def deletes(self, message: Message) -> None:
        self._refuse_foreign(message)
        self._state.conversations.delete(message)
        await self._courier.events_arrived()

    def _values(self, place: Place, filled: Mapping[str, Any]) -> Json:
        """`state.values` of the place, with these menus set."""
        values = place.values if isinstance(place, View) else initial_values(place.blocks or [])
        for name, chosen in filled.items():
            block, element = menu(place, name)
            if element["type"] in HOLDS:
                values[block["block_id"]][element["action_id"]] = entry(self._state, element, chosen)
        return values

    def _refuse_gone(self, view: View) -> None:
        if self.modals()[-1:] != [view]:
            raise NotOnScreen(f"The form {view.title!r} is not on top any more.")

    def _refuse_unseen(self, place: Place) -> None:
        if isinstance(place, Message):
            seen = place in self.sees(self._find(place.channel))
        else:
            seen = place in (self.home(), *self.modals()[-1:])
        if not seen:
            raise NotOnScreen("This is not on the screen any more.")

    def _refuse_foreign(self, message: Message) -> None:
        if message.user != self.id:
            raise NotOnScreen("Only one's own messages can be changed.")
