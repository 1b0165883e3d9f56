"""The door for telephones: delivery reports of texts and calls, incoming texts, and keys pressed."""

import logging
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from aiohttp import web
from multidict import MultiDict

from bot.domain.errors import Failed, NotFound, NotPermitted, Refused, Unanswered, Unreachable
from bot.doors.request_bodies import read_body
from bot.services.paging.reports import PageReports
from bot.services.telephone.calls import CallReplies
from bot.services.telephone.texts import TextReplies
from bot.settings import Settings
from bot.store.deadlocks import again_after_deadlock
from bot.wire.telephone_signature import is_signed
from bot.wire.timeouts import TimeLimit

log = logging.getLogger(__name__)

SIGNATURE = "X-Twilio-Signature"
NOT_SIGNED = "this is not signed by the Twilio account of TWILIO_AUTH_TOKEN, for the address in PUBLIC_URL"
NO_ADDRESS = "PUBLIC_URL is not set, so no signature can be checked"
NOTHING_RECORDED, NOT_KNOWN, GONE = "nothing recorded", "not known", "gone"
# Twilio hangs up after fifteen seconds and tells the caller of an application error.
TIMEOUT_S = 5.0
# Far more than Twilio sends: some thirty fields, the longest of which is a text.
LARGEST_BODY = 64 * 1024
MOST_FIELDS = 200

Form = MultiDict[str]
Answer = TypeVar("Answer")


def routes(reports: PageReports, texts: TextReplies, calls: CallReplies, settings: Settings) -> list[web.RouteDef]:
    """No routes without a Twilio account."""
    if settings.twilio is None:
        return []
    switchboard = Switchboard(
        reports, texts, calls, settings.twilio.auth_token.get_secret_value(), public_url=settings.public_url
    )
    return [
        web.post("/twilio/status", switchboard.status),
        web.post("/twilio/sms", switchboard.text),
        web.route("*", "/twilio/voice/{page}", switchboard.answered),
        web.post("/twilio/voice/{page}/key", switchboard.key),
    ]


class Switchboard:
    """Verifies signatures before anything else. Everything is idempotent: Twilio repeats what got no answer."""

    def __init__(
        self, reports: PageReports, texts: TextReplies, calls: CallReplies, token: str, *, public_url: str | None
    ) -> None:
        self._reports = reports
        self._texts = texts
        self._calls = calls
        self._token = token
        self._public_url = public_url
        self._time_limit = TimeLimit(TIMEOUT_S)

    async def status(self, request: web.Request) -> web.Response:
        """`POST /twilio/status?page=`: the outcome of a text or call."""
        form = await self._signed(request)
        reference = _of(form, "MessageSid") or _of(form, "CallSid")
        word = _of(form, "MessageStatus") or _of(form, "CallStatus")
        try:
            page, code = request.query.get("page", ""), _of(form, "ErrorCode")
            told = partial(self._reports.reported, page, reference, word, code)
            await self._time_limit.wait_for(again_after_deadlock(told))
        except NotFound:
            # From a database that no longer exists. A retry would change nothing.
            log.warning("reference=%s status=%s is of no page", reference, word)
        return web.Response(status=204)

    async def text(self, request: web.Request) -> web.Response:
        """`POST /twilio/sms`: somebody has sent a text to our number."""
        form = await self._signed(request)
        try:
            return _twiml(await self._found_out(lambda: self._texts.texted(_of(form, "From"), _of(form, "Body"))))
        except Failed as error:
            log.warning("a text came in, and as far as is known nothing was done: %s", error)
            return _twiml(self._texts.written(_what(error)))

    async def answered(self, request: web.Request) -> web.Response:
        """`GET` or `POST /twilio/voice/{page}`: somebody has picked up."""
        await self._signed(request)
        try:
            return await self._time_limit.wait_for(self._ask(request, repeat="repeat" in request.query))
        except NotFound:
            return _twiml(self._calls.spoken(GONE))
        except Failed as error:
            log.warning("somebody was called, and what to say is not known: %s", error)
            return _twiml(self._calls.spoken(NOTHING_RECORDED))

    async def key(self, request: web.Request) -> web.Response:
        """`POST /twilio/voice/{page}/key?seen=`: a key was pressed."""
        form = await self._signed(request)
        try:
            return await self._found_out(lambda: self._press(request, _of(form, "Digits")))
        except NotFound:
            # From a database that no longer exists: unless words are returned, Twilio speaks of an application error.
            return _twiml(self._calls.spoken(GONE))
        except Failed as error:
            log.warning("a key was pressed, and as far as is known nothing was done: %s", error)
            return _twiml(self._calls.spoken(_what(error)))

    async def _found_out(self, deed: Callable[[], Coroutine[Any, Any, Answer]]) -> Answer:
        """When the outcome is unknown, do it once more: the second answer tells how things stand."""
        try:
            return await self._time_limit.wait_for(again_after_deadlock(deed))
        except Unanswered:
            pass
        try:
            return await self._time_limit.wait_for(again_after_deadlock(deed))
        except Unreachable as error:
            raise Unanswered(str(error)) from error

    async def _press(self, request: web.Request, digits: str) -> web.Response:
        page = await self._reports.page(request.match_info["page"])
        said = await self._calls.pressed(page, digits, seen=request.query.get("seen"))
        return await self._ask(request) if said is None else _twiml(said)

    async def _ask(self, request: web.Request, *, repeat: bool = False) -> web.Response:
        key = request.match_info["page"]
        page = await self._reports.page(key)
        action = f"{self._public_url}/twilio/voice/{key}/key"
        return _twiml(await self._calls.asked(page, action, repeat=repeat))

    async def _signed(self, request: web.Request) -> Form:
        """The form, once its signature is verified. Raises NotPermitted, or Refused when it is not a form.

        Twilio signs the fields and not the bytes, so the (short) form has to be parsed first.
        """
        if self._public_url is None:
            raise NotPermitted(NO_ADDRESS)
        form = read_form(await read_body(request, LARGEST_BODY))
        url, signature = f"{self._public_url}{request.raw_path}", request.headers.get(SIGNATURE, "")
        if not is_signed(self._token, url, form, signature):
            raise NotPermitted(NOT_SIGNED)
        return form


def _what(error: Failed) -> str:
    return NOT_KNOWN if isinstance(error, Unanswered) else NOTHING_RECORDED


def read_form(body: bytes) -> Form:
    try:
        fields = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise Refused(f"a form of more than {MOST_FIELDS} fields") from error
    return MultiDict(fields)


def _of(form: Form, name: str) -> str:
    return form.get(name, "").strip()


def _twiml(words: str) -> web.Response:
    return web.Response(text=words, content_type="text/xml", charset="utf-8")
