"""One exchange between a person and the app: the request, its acknowledgement, and the effect on the screen."""

from typing import Any

from bot.sandbox import interactions
from bot.sandbox.answers import AppAnswer
from bot.sandbox.changes import Change
from bot.sandbox.courier import Courier
from bot.sandbox.delivery import Acknowledgement, AppRequest
from bot.sandbox.errors import NotOnScreen, SlackError
from bot.sandbox.forms import objections
from bot.sandbox.looking import element_at
from bot.sandbox.model import Channel, Json, Message, User, View
from bot.sandbox.response_urls import ResponseUrl
from bot.sandbox.responses import Responses
from bot.sandbox.state import State
from bot.sandbox.submissions import TROUBLE, SenselessAnswer, apply_answer
from bot.sandbox.typed import as_command_text


class Exchange:
    def __init__(self, state: State, courier: Courier, responses: Responses) -> None:
        self._state, self._courier, self._responses = state, courier, responses

    async def command(self, user: User, channel: Channel, typed: str) -> AppAnswer:
        name, _, rest = typed.partition(" ")
        command = self._state.manifest.command(name)
        if command is None:
            raise NotOnScreen(f"{name} is not a valid command.")
        text = as_command_text(self._state, rest.strip(), should_escape=command.should_escape)
        url = self._state.response_urls.give(channel.id, user.id, of_command=True)
        delivery = interactions.slash_command(self._state, user, channel, name, text, url)
        received = await self._send(user, delivery, said=f"{name} failed with the error")
        if received.accepted:
            self._show_ack(url, received.body, name)
        return _answer(received, url)

    async def act(self, user: User, place: Message | View, action: Json, values: Json) -> AppAnswer:
        """A button or menu was used. `action` has its block_id and action_id, and what was chosen."""
        element = element_at(place, action["block_id"], action["action_id"])
        whole = _whole_action(element, action)
        said = "This app did not answer:"
        if isinstance(place, View):
            place.values = _merged(place.values, values)
            return _answer(await self._send(user, interactions.view_action(self._state, user, place, whole), said))
        url = self._state.response_urls.give(place.channel, user.id, source=place)
        delivery = interactions.message_action(self._state, user, place, whole, values, url)
        return _answer(await self._send(user, delivery, said), url)

    async def submit(self, user: User, view: View) -> AppAnswer:
        """Submit the form as filled in; a form that Slack's client would reject doesn't reach the app."""
        if complaints := objections(view):
            return AppAnswer(errors=complaints)
        urls = self._form_urls(user, view)
        delivery = interactions.view_submission(self._state, user, view, urls)
        received = await self._send(user, delivery, TROUBLE)
        if not received.accepted:
            return AppAnswer(received.latency_ms, received.error)
        try:
            errors = apply_answer(self._state, view, received.body)
        except SenselessAnswer as senseless:
            self._state.complain(str(senseless), "view_submission", view.callback_id)
            return AppAnswer(received.latency_ms, "invalid_response", received.body)
        return AppAnswer(received.latency_ms, None, received.body, errors=errors)

    async def dismiss(self, user: User, view: View, *, everything: bool = False) -> AppAnswer:
        """Close a form, or the whole stack. The app is notified only if it asked for that."""
        stack = self._state.screens.modals(user.id)
        cleared = everything or bool(view.content.get("clear_on_close"))
        closing = list(reversed(stack)) if cleared else [view]
        if cleared:
            self._state.screens.clear(user.id)
        else:
            self._state.screens.close(view)
        received = Acknowledgement("acknowledged", 0.0)
        for closed in closing:
            if closed.content.get("notify_on_close"):
                delivery = interactions.view_closed(self._state, user, closed, is_cleared=cleared)
                received = await self._send(user, delivery, "This app did not answer:")
        return _answer(received)

    async def shortcut(self, user: User, callback_id: str, message: Message | None) -> AppAnswer:
        known = [s for s in self._state.manifest.shortcuts if s.is_for_messages == (message is not None)]
        if callback_id not in [shortcut.callback_id for shortcut in known]:
            raise NotOnScreen(f"There is no such shortcut: {callback_id}.")
        said = "This shortcut did not work:"
        if message is None:
            return _answer(await self._send(user, interactions.global_shortcut(self._state, user, callback_id), said))
        url = self._state.response_urls.give(message.channel, user.id)
        delivery = interactions.message_shortcut(self._state, user, message, callback_id, url)
        return _answer(await self._send(user, delivery, said), url)

    async def suggest(self, user: User, place: Message | View, block_id: str, action_id: str, typed: str) -> list[Json]:
        """The app's options for what was typed into an external menu; empty if it didn't answer."""
        element = element_at(place, block_id, action_id)
        if len(typed) < element.get("min_query_length", 3):
            return []
        delivery = interactions.suggestion(self._state, user, place, element, block_id, typed)
        received = await self._send(user, delivery, "The options could not be loaded:")
        body = received.body if isinstance(received.body, dict) else {}
        groups: list[Json] = body.get("option_groups", [])
        return [*body.get("options", []), *(option for group in groups for option in group["options"])]

    async def _send(self, user: User, delivery: AppRequest, said: str) -> Acknowledgement:
        received = await self._courier.send(delivery)
        if received.error:
            text = f"{said} {received.error}"
            self._state.tell(Change("notice", user=user.id, notes={"text": text, "level": "error"}))
        return received

    def _show_ack(self, url: ResponseUrl, body: Any, command: str) -> None:
        if not body or body == {"response_type": "in_channel"}:
            return
        try:
            if not isinstance(body, dict):
                raise SlackError("invalid_response")
            self._responses.answer(url, body, method="ack")
        except SlackError as error:
            self._state.complain(error.code, f"the acknowledgement of {command}", str(error.fields))

    def _form_urls(self, user: User, view: View) -> list[Json]:
        """Response URLs for the channels chosen in menus with `response_url_enabled`."""
        urls = []
        for block in view.blocks:
            element = block.get("element", {})
            if element.get("response_url_enabled"):
                entry = view.values[block["block_id"]][element["action_id"]]
                channel = entry.get("selected_conversation") or entry.get("selected_channel")
                url = self._state.response_urls.give(channel, user.id, of_command=True)
                ids = {"block_id": block["block_id"], "action_id": element["action_id"], "channel_id": channel}
                urls.append(ids | {"response_url": interactions.address(self._state, url, "app")})
        return urls


def _answer(received: Acknowledgement, url: ResponseUrl | None = None) -> AppAnswer:
    return AppAnswer(received.latency_ms, received.error, received.body, url.answers if url else [])


def _whole_action(element: Json, action: Json) -> Json:
    """The action as sent to the app: details of the element, and what was chosen."""
    kept = ("type", "action_id", "text", "value", "style", "placeholder", "confirm", "url")
    return action | {key: element[key] for key in kept if key in element}


def _merged(before: Json, after: Json) -> Json:
    return {key: before.get(key, {}) | after.get(key, {}) for key in {**before, **after}}
