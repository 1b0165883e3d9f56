"""Carries out stored requests: finds the verb, button or form meant, does it, and answers."""

import importlib
import logging
import pkgutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import commands
from bot.domain.errors import Failed, NotPermitted, Refused, Rejected, Unanswered
from bot.services import Services
from bot.slack.blocks import message, values_of
from bot.store.deadlocks import again_after_deadlock
from bot.store.requests import DoneBefore, Request
from commands.desk.answers import Answers, pressed, submitted
from commands.desk.book import Command, Deed
from commands.desk.call import Answer, Call, Reply
from commands.desk.carried import outdated
from commands.desk.typed import mentioned
from commands.desk.which_incident import CHOICE

log = logging.getLogger(__name__)

# Told of requests that were not done: the Slack account, and the answer it got.
OnUndone = Callable[[str, str], None]
# Limit for typed text, the same as for any Slack message; longer text is not processed at all.
LONGEST = 40_000


def books() -> list[Command]:
    """Every command: each module of `commands/` with a COMMAND; a package's modules share one."""
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
    """Carries out a request and answers it."""

    def __init__(self, house: Services, on_undone: OnUndone) -> None:
        self._house = house
        self._on_undone = on_undone
        self._answers = Answers(house)
        self._books = books()
        self._commands = {book.name: book for book in self._books}
        self._renamed = {slack.lstrip("/"): own for own, slack in house.runbook.slash_commands.model_dump().items()}
        self._readers = {
            "command": self._command,
            "action": self._action,
            "form": self._form,
            "shortcut": self._shortcut,
            "event": self._event,
        }

    def judge(self, callback: str, state: Mapping[str, Any]) -> Mapping[str, str]:
        """What is wrong with a form's inputs, by input; pure, because Slack is waiting."""
        for book in self._books:
            if callback in book.judges:
                # Missing inputs are reported once the form is processed.
                with suppress(Refused):
                    return book.judges[callback](values_of(state))
        return {}

    @property
    def events(self) -> frozenset[str]:
        """Slack events that any command handles."""
        return frozenset(name for book in self._books for name in book.events)

    async def work(self, request: Request) -> None:
        """Do it and answer, however late. Raises Failed when it has to be retried later."""
        call = self._call(request)
        is_late = request.attempts > 0 and request.kind != "event"
        try:
            meant = await self._meant(call, request)
            if meant is None:
                return
            call = meant.call
            answer = await self._do(meant)
        except DoneBefore:
            answer, is_late = call.say("done_before", at=request.received_at), False
        except Refused as refused:
            answer = self._undone(call, await self._answers.refusal(call, refused), refused.plain)
        except Rejected as error:
            answer = self._undone(call, call.say("cannot", reason=str(error)), str(error))
        except Failed as error:
            if not request.attempts:
                is_unknown = isinstance(error, Unanswered)
                await self._answers.give(call, call.say("not_yet", reason=str(error), is_unknown=is_unknown))
            raise
        except Exception:
            await self._answers.give(call, call.say("fault", request=request.key))
            raise
        if is_late:
            await self._answers.give(call, call.say("done_late", at=request.received_at))
        await self._answers.give(call, answer)
        # Cache the actor's name, which others will be shown later.
        await self._house.people.names_of([call.user] if call.user else [])

    async def _do(self, meant: Meant) -> Answer:
        answer = await again_after_deadlock(partial(meant.deed, meant.call))
        if isinstance(answer, Reply) and answer.is_undone:
            self._undone(meant.call, answer, answer.message.text)
        return answer

    def _undone(self, call: Call, answer: Answer, why: str) -> Answer:
        self._on_undone(call.user, why)
        return answer

    async def say(self, request: Request, words: str) -> None:
        await self._answers.give(self._where(request), Reply(message(words)))

    async def found_out(self, request: Request, *, recorded: bool) -> None:
        call = self._where(request)
        await self._answers.give(call, call.say("found_out", recorded=recorded, at=request.received_at))

    async def set_aside(self, request: Request, *, was_done: bool) -> None:
        call = self._where(request)
        said = call.say("set_aside", was_done=was_done, at=request.received_at, request=request.key)
        await self._answers.give(call, said)

    def _where(self, request: Request) -> Call:
        """Where the request was made; for a form, it carries that."""
        call = self._call(request)
        if request.kind != "form":
            return call
        try:
            return replace(submitted(call, request.body["view"]), values={})
        except Refused:
            return call

    def _call(self, request: Request) -> Call:
        body = request.body
        user = body.get("user_id") or _id(body.get("user")) or _id(body.get("event", {}).get("user"))
        return Call(
            house=self._house,
            actor=self._house.people.actor(user, request.key, request.received_at),
            user=user,
            received_at=request.received_at,
            channel=body.get("channel_id") or _id(body.get("channel")),
            trigger_id=body.get("trigger_id", ""),
            response_url=body.get("response_url", ""),
            view=body.get("view") or {},
            message=body.get("message") or {},
        )

    async def _meant(self, call: Call, request: Request) -> Meant | None:
        """What the request means; None: nobody here handles it, or it is an event of somebody from another
        organisation."""
        try:
            await self._house.belonging.must_be_given(call.user, _team(request.body))
        except NotPermitted:
            if request.kind == "event":
                return None
            raise
        return await self._readers[request.kind](call, request.body)

    async def _command(self, call: Call, body: Mapping[str, Any]) -> Meant:
        typed = body["command"].lstrip("/")
        book = self._commands.get(self._renamed.get(typed, typed))
        if book is None:
            raise Refused(f"Unknown command `/{typed}`.")
        text = body.get("text") or ""
        if len(text) > LONGEST:
            raise Refused(
                f"That is {len(text):,} characters, and I read {LONGEST:,} at most. Put the rest into a file."
            )
        names = await self._house.people.names_of(mentioned(text))
        deed, rest = book.meant(text)
        return Meant(deed, replace(call, typed=rest, names=names))

    async def _action(self, call: Call, body: Mapping[str, Any]) -> Meant | None:
        action = body["actions"][0]
        name = action["action_id"].partition("#")[0]
        if name == CHOICE:
            return await self._chosen(call, _value(action))
        deed = next((book.buttons[name] for book in self._books if name in book.buttons), None)
        if deed:
            return Meant(deed, replace(pressed(call), value=_value(action)))
        if action.get("url"):
            # A link button only opens its link.
            return None
        raise outdated("button")

    async def _chosen(self, call: Call, value: str) -> Meant:
        """The answer to which incident was meant: do what was typed; the result replaces the question."""
        number, _, key = value.partition(" ")
        asked = await self._house.reception.stored(key)
        if asked.kind != "command":
            raise outdated("button")
        meant = await self._command(replace(call, about=number), asked.body)

        async def deed(call: Call) -> Answer:
            answer = await meant.deed(call)
            return replace(answer, replace=True) if isinstance(answer, Reply) else answer

        return Meant(deed, meant.call)

    async def _form(self, call: Call, body: Mapping[str, Any]) -> Meant:
        name = body["view"]["callback_id"]
        deed = next((book.forms[name] for book in self._books if name in book.forms), None)
        if deed is None:
            raise outdated("form")
        return Meant(deed, submitted(call, body["view"]))

    async def _shortcut(self, call: Call, body: Mapping[str, Any]) -> Meant:
        name = body["callback_id"]
        deed = next((book.shortcuts[name] for book in self._books if name in book.shortcuts), None)
        if deed is None:
            raise outdated("shortcut")
        return Meant(deed, call)

    async def _event(self, call: Call, body: Mapping[str, Any]) -> Meant | None:
        """What the event means; None: nobody handles it."""
        event = body["event"]
        deed = next((book.events[event["type"]] for book in self._books if event["type"] in book.events), None)
        channel = _id(event.get("channel")) or _id(event.get("item", {}).get("channel"))
        return Meant(deed, replace(call, message=event, channel=channel)) if deed else None


def _team(body: Mapping[str, Any]) -> str:
    """The workspace the request came from; '' for an event that does not say."""
    user, event = body.get("user"), body.get("event")
    if isinstance(event, Mapping):
        told = event.get("user_team") or event.get("team")
        told = told if told or body.get("is_ext_shared_channel") else body.get("team_id")
    else:
        told = user.get("team_id") if isinstance(user, Mapping) else body.get("team_id")
    return str(told or "")


def _value(action: Mapping[str, Any]) -> str:
    """The value of a button or menu; for a checkbox its subject and state."""
    if action.get("type") == "checkboxes":
        return f"{action['action_id'].partition('#')[2]} {'on' if action.get('selected_options') else 'off'}"
    option = action.get("selected_option") or {}
    return str(
        action.get("value")
        or option.get("value")
        or action.get("selected_user")
        or action.get("selected_channel")
        or ""
    )


def _id(value: Any) -> str:
    """Slack gives users and channels as an id or as an object with one."""
    return str(value.get("id", "")) if isinstance(value, Mapping) else str(value or "")
