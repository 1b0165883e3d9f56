"""Delivers an answer to the person who asked, where they asked, for as long as Slack allows."""

import asyncio
import json
import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.domain.errors import Failed, Refused, Rejected
from bot.rendering import escape_mrkdwn
from bot.services import Services
from bot.slack.blocks import message, notice, refilled, values_of
from bot.slack.messages import UNREADABLE
from commands.desk.call import Answer, Call, Form, Home, Reply

log = logging.getLogger(__name__)

# Waits before each retry while an uploaded file is not ready.
FILE_READY_AFTER_S = (0.5, 1.0, 2.0)
# Slack's codes for a response URL that is used up or older than half an hour.
USED_UP = ("404", "410")
OUTDATED = "This form is from an older version of Tocsin. Open it again."


class Answers:
    """An answer that cannot be delivered is only logged: the deed is done, and must not be repeated for it."""

    def __init__(self, house: Services) -> None:
        self._house = house

    async def give(self, call: Call, answer: Answer) -> None:
        if call.is_at_home:
            self._house.homes.pressed(call.user)
        try:
            if isinstance(answer, Reply):
                await self._say_all(call, answer)
            elif isinstance(answer, Form):
                await self._open(call, answer)
            elif isinstance(answer, Home):
                await self._house.gateway.publish_home(call.user, answer.view)
        except Failed as error:
            log.warning("request=%s the answer could not be given: %s", call.actor.request, error)

    async def refusal(self, call: Call, refused: Refused) -> Answer:
        """The refusal, quoting what people typed without mentioning anybody. A form is reopened as filled in, with the
        reason above."""
        names = await self._house.people.names_of(dict.fromkeys(refused.accounts))
        words = self._house.rendering.as_renamed(escape_mrkdwn(refused.naming(names)))
        reply = Reply(message(words))
        return Form(refilled(call.view, words, call.private), instead=reply) if call.values else reply

    async def _say_all(self, call: Call, reply: Reply) -> None:
        await self._say_patiently(call, reply)
        if reply.then and (later := await reply.then()):
            await self._say_all(call, replace(later, replace=reply.replace))

    async def _say_patiently(self, call: Call, reply: Reply) -> None:
        """Slack refuses a message until a file it has accepted is ready to be shown, which takes a moment."""
        for wait_s in FILE_READY_AFTER_S:
            try:
                return await self._say(call, reply)
            except Rejected as error:
                if error.code != UNREADABLE or not reply.has_file:
                    raise
            await asyncio.sleep(wait_s)
        return await self._say(call, reply)

    async def _say(self, call: Call, reply: Reply) -> None:
        if call.response_url:
            try:
                await self._house.gateway.respond(call.response_url, reply.message, replace=reply.replace)
                return
            except Rejected as error:
                if error.code not in USED_UP:
                    raise
        if call.is_at_home:
            await self._house.gateway.open_view(call.trigger_id, notice("Tocsin", reply.message))
        elif call.user:
            await self._whisper(call, reply)

    async def _whisper(self, call: Call, reply: Reply) -> None:
        """Ephemeral in the channel; by direct message if the bot or the person is not in it."""
        if call.channel:
            try:
                await self._house.gateway.whisper(call.channel, call.user, reply.message)
                return
            except Rejected as error:
                log.info("request=%s no whisper: %s", call.actor.request, error)
        await self._house.gateway.post(call.user, reply.message)

    async def _open(self, call: Call, form: Form) -> None:
        """Slack does not say where a submitted form was opened, so the form carries that."""
        private = form.view.get("private_metadata", "")
        back = {"channel": call.channel, "response_url": call.response_url, "private": private}
        view = {**form.view, "private_metadata": json.dumps(back, ensure_ascii=False)}
        try:
            if form.in_place:
                await self._house.gateway.replace_view(call.view["id"], view)
            else:
                await self._house.gateway.open_view(call.trigger_id, view)
        except Failed as error:
            log.warning("request=%s the form could not be opened: %s", call.actor.request, error)
            await self._say(call, form.instead or call.say("no_form", reason=str(error)))


def pressed(call: Call) -> Call:
    """Add where the form with this button was opened; a modal that only shows something carries nothing."""
    return _where_opened(call, call.view) if call.view.get("private_metadata") else call


def submitted(call: Call, view: Mapping[str, Any]) -> Call:
    """Add the inputs and what the form carried. Raises Refused for a form from an older version."""
    try:
        values = values_of(view["state"]["values"])
    except (TypeError, KeyError) as error:
        raise Refused(OUTDATED) from error
    return replace(_where_opened(call, view), view=view, values=values)


def _where_opened(call: Call, view: Mapping[str, Any]) -> Call:
    """Slack does not say where a form was opened, so the form carries that."""
    try:
        back = json.loads(view["private_metadata"])
        channel, response_url, private = (_text(back[name]) for name in ("channel", "response_url", "private"))
        return replace(call, channel=channel, response_url=response_url, private=private)
    except (ValueError, TypeError, KeyError) as error:
        raise Refused(OUTDATED) from error


def _text(carried: object) -> str:
    """The text carried. Raises TypeError for anything else, which cannot be ours."""
    if not isinstance(carried, str):
        raise TypeError("no text")
    return carried
