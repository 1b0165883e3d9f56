"""Works on stored requests: finds the verb, button or form that is meant, and gives its answer to the person."""

import importlib
import logging
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import commands
from bot.domain.errors import Failed, Refused
from bot.rendering import escape_mrkdwn
from bot.services import Services
from bot.slack.blocks import message, values_of
from bot.store.requests import Request
from commands.call import Answer, Call, Form, Home, Reply
from commands.command import Command, Deed

log = logging.getLogger(__name__)


def books() -> list[Command]:
    """Every command: a module or package of `commands/` with a COMMAND; all of a package's modules write into its book."""
    names = [entry.name for entry in pkgutil.walk_packages(commands.__path__, "commands.")]
    found = [importlib.import_module(name) for name in names]
    named = {module.COMMAND.name: module.COMMAND for module in found if hasattr(module, "COMMAND")}
    return list(named.values())


@dataclass(frozen=True)
class Meant:
    """A request understood: what to do, with what."""

    deed: Deed
    call: Call


class Desk:
    """Given a request, does what it asks and answers."""

    def __init__(self, house: Services) -> None:
        self._house = house
        self._books = books()
        self._commands = {book.name: book for book in self._books}
        self._renamed = {slack.lstrip("/"): own for own, slack in house.runbook.slash_commands.model_dump().items()}

    def judge(self, callback: str, state: Mapping[str, Any]) -> Mapping[str, str]:
        """What is wrong with a form's inputs, by input; pure, because Slack waits for it."""
        for book in self._books:
            if callback in book.judges:
                return book.judges[callback](values_of(state))
        return {}

    async def work(self, request: Request) -> None:
        """Do it and answer. Raises Failed when the world must be mended first: then it is tried again."""
        try:
            meant = self._read(request)
        except Refused as refusal:
            await self._answer(self._call(request), _sentence(refusal))
            return
        if meant is None:
            return
        try:
            answer = await meant.deed(meant.call)
        except Refused as refusal:
            answer = _sentence(refusal)
        await self._answer(meant.call, answer)

    def _read(self, request: Request) -> Meant | None:
        """None for an event nobody here cares about. Raises Refused."""
        call = self._call(request)
        reading = {
            "command": self._command,
            "action": self._action,
            "form": self._form,
            "shortcut": self._shortcut,
            "event": self._event,
        }
        return reading[request.kind](call, request.body)

    def _call(self, request: Request) -> Call:
        body = request.body
        user = body.get("user_id") or _id(body.get("user")) or body.get("event", {}).get("user", "")
        channel = body.get("channel_id") or _id(body.get("channel")) or ""
        return Call(
            house=self._house,
            actor=self._house.people.actor(user, request.key),
            user=user,
            received_at=request.received_at,
            channel=channel,
            channel_name=body.get("channel_name", ""),
            trigger_id=body.get("trigger_id", ""),
            response_url=body.get("response_url", ""),
            message=body.get("message") or {},
        )

    def _command(self, call: Call, body: Mapping[str, Any]) -> Meant:
        typed = body["command"].lstrip("/")
        book = self._commands.get(self._renamed.get(typed, typed))
        if book is None:
            raise Refused(f"I do not know the command `/{typed}`.")
        text = (body.get("text") or "").strip()
        if text.lower() == "help":
            return Meant(partial(_help, book), call)
        deed, rest = book.meant(text)
        return Meant(deed, call.with_text(rest))

    def _action(self, call: Call, body: Mapping[str, Any]) -> Meant | None:
        action = body["actions"][0]
        value = action.get("value") or (action.get("selected_option") or {}).get("value") or ""
        value = value or action.get("selected_user") or action.get("selected_channel") or ""
        name = action["action_id"].partition("#")[0]
        deed = next((book.buttons[name] for book in self._books if name in book.buttons), None)
        if deed is None:
            # A link button is pressed for its link.
            if action.get("url") or body.get("view"):
                return None
            raise Refused("This button is from an older version of Tocsin. Type the command instead: `/incident help`.")
        return Meant(deed, replace(call, value=value))

    def _form(self, call: Call, body: Mapping[str, Any]) -> Meant | None:
        view = body["view"]
        deed = next(
            (book.forms[view["callback_id"]] for book in self._books if view["callback_id"] in book.forms), None
        )
        if deed is None:
            return None
        return Meant(deed, replace(call, values=values_of(view["state"]["values"]), private=view["private_metadata"]))

    def _shortcut(self, call: Call, body: Mapping[str, Any]) -> Meant | None:
        name = body["callback_id"]
        deed = next((book.shortcuts[name] for book in self._books if name in book.shortcuts), None)
        return Meant(deed, call) if deed else None

    def _event(self, call: Call, body: Mapping[str, Any]) -> Meant | None:
        event = body["event"]
        deed = next((book.events[event["type"]] for book in self._books if event["type"] in book.events), None)
        return Meant(deed, replace(call, message=event, channel=_id(event.get("channel")) or "")) if deed else None

    async def _answer(self, call: Call, answer: Answer) -> None:
        """An answer that cannot be given is logged: the deed is done, and must not be done again for it."""
        try:
            if isinstance(answer, Reply):
                await self._reply(call, answer)
            elif isinstance(answer, Form):
                await self._house.gateway.open_view(call.trigger_id, answer.view)
            elif isinstance(answer, Home):
                await self._house.gateway.publish_home(call.user, answer.view)
        except Failed as error:
            log.warning("request=%s the answer could not be given: %s", call.actor.request, error)

    async def _reply(self, call: Call, reply: Reply) -> None:
        if call.response_url:
            await self._house.gateway.respond(call.response_url, reply.message, replace=reply.replace)
        elif call.user:
            await self._whisper(call, reply)

    async def _whisper(self, call: Call, reply: Reply) -> None:
        """Forms have no response URL: the answer goes to where the form was opened, else to the person."""
        if call.channel:
            await self._house.gateway.whisper(call.channel, call.user, reply.message)
        else:
            await self._house.gateway.post(call.user, reply.message)


async def _help(book: Command, call: Call) -> Answer:
    return call.say("help", name=book.name, summary=book.summary, verbs=book.verbs)


def _sentence(refusal: Refused) -> Reply:
    """A refusal quotes what people typed."""
    return Reply(message(escape_mrkdwn(str(refusal))))


def _id(value: Any) -> str:
    """Slack gives a user or channel as an id or as an object with one."""
    return str(value.get("id", "")) if isinstance(value, Mapping) else str(value or "")
