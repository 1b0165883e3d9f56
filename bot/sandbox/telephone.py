"""A simulated Twilio: takes texts and calls as strictly as the real one, and speaks back with signed requests."""

import asyncio
import base64
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from typing import Any, Literal

import aiohttp
from aiohttp import web
from multidict import MultiDict, MultiDictProxy
from twilio.request_validator import RequestValidator
from yarl import URL

from bot.clock import Clock
from bot.sandbox.mailbox import Mailbox

Kind = Literal["sms", "voice"]
Fields = MultiDictProxy[Any]

FOLDER = "/2010-04-01/Accounts"
NUMBER = re.compile(r"\+[1-9]\d{6,14}")
LONGEST_TEXT = 1600
FIELDS: Mapping[Kind, frozenset[str]] = {
    "sms": frozenset({"To", "From", "Body", "StatusCallback"}),
    "voice": frozenset({"To", "From", "Url", "Twiml", "Timeout", "StatusCallback", "StatusCallbackEvent"}),
}
STOP_WORDS = ("STOP", "CANCEL", "END", "QUIT", "UNSUBSCRIBE", "STOPALL")
START_WORDS = ("START", "YES", "UNSTOP")


@dataclass
class Item:
    """A text or a call that was taken. `body` is the text; of a call it is what is said, once it is known."""

    sid: str
    kind: Kind
    to: str
    sender: str
    fields: MultiDict[str]
    made_at: datetime
    body: str
    status: str = "queued"


@dataclass
class Fault:
    """What happens to the next requests instead of a yes; `times` None: until it is taken away."""

    kind: Literal["refuse", "hang", "drop", "limit"]
    of: Callable[[str], bool]
    times: int | None
    status: int = 400
    code: int = 0
    wait: str = ""


class Refusal(Exception):
    """A no of the real one, by its number."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


@dataclass
class TelephoneCompany:
    """One account with one number. `origin` is its address between `start` and `stop`, on a free port.

    What it sends goes to the public address it was given; `really_at` is where that is found on this machine.
    """

    clock: Clock
    mailbox: Mailbox
    number: str = "+447700900999"
    really_at: Callable[[], str] | None = None
    account: str = field(default_factory=lambda: f"AC{secrets.token_hex(16)}")
    token: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)
    delivers: bool = False  # whether every text is reported as delivered by itself, and what a call says is read
    origin: str = ""
    items: list[Item] = field(default_factory=list)
    stopped: set[str] = field(default_factory=set)
    hides: bool = False  # whether its lists are not to be had
    complaints: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._runner: web.AppRunner | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._released = asyncio.Event()

    @property
    def environ(self) -> dict[str, str]:
        """What the bot is told of it."""
        return {
            "TWILIO_ACCOUNT_SID": self.account,
            "TWILIO_AUTH_TOKEN": self.token,
            "TWILIO_FROM": self.number,
            "TWILIO_API_URL": self.origin,
        }

    def texts(self, to: str | None = None) -> list[Item]:
        return [one for one in self.items if one.kind == "sms" and to in (None, one.to)]

    def calls(self, to: str | None = None) -> list[Item]:
        return [one for one in self.items if one.kind == "voice" and to in (None, one.to)]

    # What goes wrong

    def refuse(self, code: int, *, status: int = 400, to: str | None = None, times: int | None = None) -> None:
        self.faults.append(Fault("refuse", _to(to), times, status=status, code=code))

    def hang(self, *, to: str | None = None, times: int | None = None) -> None:
        """Says nothing until `release`, and takes nothing."""
        self.faults.append(Fault("hang", _to(to), times))

    def drop(self, *, to: str | None = None, times: int | None = 1) -> None:
        """Takes it, and ends the connection without an answer."""
        self.faults.append(Fault("drop", _to(to), times))

    def limit(self, retry_after: int, *, to: str | None = None, times: int | None = 1) -> None:
        self.faults.append(Fault("limit", _to(to), times, status=429, code=20429, wait=str(retry_after)))

    def release(self) -> None:
        self.faults.clear()
        self._released.set()

    # What people and telephones do

    async def reports(self, item: Item, status: str, *, code: str = "") -> int:
        """Tell the bot what became of it; the status of the bot's answer."""
        item.status = status
        names = ("MessageSid", "MessageStatus") if item.kind == "sms" else ("CallSid", "CallStatus")
        told = dict(zip(names, (item.sid, status), strict=True)) | ({"ErrorCode": code} if code else {})
        return (await self.tells(item.fields["StatusCallback"], told, item.to))[0]

    async def texted(self, phone: str, text: str, *, public_url: str) -> str:
        """Somebody sends a text to our number; what is answered to them."""
        word = text.strip().upper()
        if word in STOP_WORDS:
            self.stopped.add(phone)
        elif word in START_WORDS:
            self.stopped.discard(phone)
        told = {"MessageSid": f"SM{secrets.token_hex(16)}", "From": phone, "To": self.number, "Body": text}
        _, answer = await self.tells(f"{public_url}/twilio/sms", told, self.number)
        return _between("Message", answer)

    async def picked_up(self, call: Item) -> str:
        """Somebody picks up; the TwiML that they hear."""
        if "Twiml" in call.fields:
            return str(call.fields["Twiml"])
        _, heard = await self.tells(call.fields["Url"], {"CallSid": call.sid, "CallStatus": "in-progress"}, call.to)
        return heard

    async def pressed(self, call: Item, key: str) -> str:
        """Somebody who has picked up presses a key; the TwiML that they hear then."""
        action = re.search(r'action="([^"]*)"', await self.picked_up(call))
        if action is None:
            raise LookupError("there is no key to press")
        return (await self.tells(action[1], {"CallSid": call.sid, "Digits": key}, call.to))[1]

    # Its own door

    async def start(self, host: str = "127.0.0.1") -> None:
        application = web.Application()
        application.router.add_get(f"{FOLDER}/{{account}}.json", self._show_account)
        for name, kind in (("Messages", "sms"), ("Calls", "voice")):
            application.router.add_post(f"{FOLDER}/{{account}}/{name}.json", self._door(self._make, kind))
            application.router.add_get(f"{FOLDER}/{{account}}/{name}.json", self._door(self._list, kind))
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, 0).start()
        self.origin = f"http://{host}:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        self.release()
        for task in self._tasks:
            task.cancel()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def _door(self, serve: Callable[[web.Request, Kind], Any], kind: str) -> Any:
        async def served(request: web.Request) -> web.Response:
            try:
                self._must_be_ours(request)
                return await serve(request, "sms" if kind == "sms" else "voice")  # type: ignore[no-any-return]
            except Refusal as refusal:
                return _no(refusal)

        return served

    async def _show_account(self, request: web.Request) -> web.Response:
        try:
            self._must_be_ours(request)
        except Refusal as refusal:
            return _no(refusal)
        return web.json_response({"sid": self.account, "status": "active", "friendly_name": "Sandbox"})

    async def _make(self, request: web.Request, kind: Kind) -> web.Response:
        fields = await request.post()
        to = str(fields.get("To", ""))
        self.asked.append(to)
        fault = self._fault(to)
        if fault and fault.kind == "hang":
            await self._released.wait()
        if fault and fault.kind in ("refuse", "limit"):
            headers = {"Retry-After": fault.wait} if fault.wait else {}
            return _no(Refusal(fault.status, fault.code, "as the test wants it"), headers)
        item = self._taken(kind, fields)
        if fault and fault.kind == "drop" and request.transport is not None:
            request.transport.abort()
        return web.json_response(_shown(item), status=201)

    async def _list(self, request: web.Request, kind: Kind) -> web.Response:
        to = request.query.get("To", "")
        if self.hides:
            return _no(Refusal(500, 20500, "as the test wants it"))
        found = [_shown(one) for one in reversed(self.items) if one.kind == kind and to in ("", one.to)]
        name = "messages" if kind == "sms" else "calls"
        return web.json_response({name: found[: int(request.query.get("PageSize", "50"))]})

    def _must_be_ours(self, request: web.Request) -> None:
        whole = base64.b64encode(f"{self.account}:{self.token}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {whole}":
            raise Refusal(401, 20003, "Authenticate")
        if request.match_info["account"] != self.account:
            raise Refusal(404, 20404, "The requested resource was not found")

    def _fault(self, to: str) -> Fault | None:
        fault = next((one for one in self.faults if one.of(to)), None)
        if fault and fault.times is not None:
            fault.times -= 1
            if not fault.times:
                self.faults.remove(fault)
        return fault

    def _taken(self, kind: Kind, fields: Fields) -> Item:
        self._must_be_right(kind, fields)
        sid = f"{'SM' if kind == 'sms' else 'CA'}{secrets.token_hex(16)}"
        kept: MultiDict[str] = MultiDict((name, str(value)) for name, value in fields.items())
        item = Item(sid, kind, kept["To"], kept["From"], kept, self.clock.now(), kept.get("Body", ""))
        self.items.append(item)
        if kind == "sms":
            self.mailbox.add("sms", item.to, "", item.body)
        if self.delivers:
            self._in_background(self._deliver(item))
        return item

    def _must_be_right(self, kind: Kind, fields: Fields) -> None:
        if unknown := set(fields) - FIELDS[kind]:
            self.complaints.append(f"{kind}: no such fields: {', '.join(sorted(unknown))}")
        to = str(fields.get("To", ""))
        checks = [
            (NUMBER.fullmatch(to) is not None, 21211, "The 'To' number is not a valid phone number"),
            (fields.get("From") == self.number, 21606, "The 'From' number is not yours"),
            (to != self.number, 21266, "'To' and 'From' number cannot be the same"),
        ]
        if kind == "sms":
            body = str(fields.get("Body", ""))
            checks += [
                (bool(body), 21602, "Message body is required"),
                (len(body) <= LONGEST_TEXT, 21617, "The message body exceeds the 1600 character limit"),
                (to not in self.stopped, 21610, "Attempt to send to unsubscribed recipient"),
            ]
        else:
            checks.append((("Url" in fields) != ("Twiml" in fields), 21205, "Url or Twiml is needed, and not both"))
        for is_right, code, message in checks:
            if not is_right:
                raise Refusal(400, code, message)

    async def _deliver(self, item: Item) -> None:
        """As an ordinary telephone would: a text arrives. A call rings, and what would be said is shown."""
        if item.kind == "voice":
            item.body = _between("Say", await self.picked_up(item))
            self.mailbox.add("voice", item.to, "", item.body)
        for status in ("sent", "delivered") if item.kind == "sms" else ("initiated", "ringing"):
            if "StatusCallback" in item.fields:
                await self.reports(item, status)

    async def tells(self, address: str, told: Mapping[str, str], to: str) -> tuple[int, str]:
        """A signed request to the bot: what it answered."""
        form = {"AccountSid": self.account, "ApiVersion": "2010-04-01", "To": to, "From": self.number, **told}
        headers = {"X-Twilio-Signature": RequestValidator(self.token).compute_signature(address, form)}
        url = URL(address, encoded=True)
        if self.really_at is not None:
            here = URL(self.really_at())
            url = URL(f"{here.scheme}://{here.authority}{url.raw_path_qs}", encoded=True)
        async with aiohttp.ClientSession() as session, session.post(url, data=form, headers=headers) as answer:
            return answer.status, await answer.text()

    def _in_background(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _to(number: str | None) -> Callable[[str], bool]:
    return lambda to: number in (None, to)


def _no(refusal: Refusal, headers: Mapping[str, str] | None = None) -> web.Response:
    body = {"code": refusal.code, "message": str(refusal), "status": refusal.status, "more_info": ""}
    return web.json_response(body, status=refusal.status, headers=headers)


def _shown(item: Item) -> dict[str, Any]:
    row = {
        "sid": item.sid, "to": item.to, "from": item.sender, "status": item.status,
        "date_created": format_datetime(item.made_at),
    }  # fmt: skip
    return row | ({"body": item.body} if item.kind == "sms" else {})


def _between(tag: str, twiml: str) -> str:
    """The first such element's text, as a person sees or hears it."""
    found = re.search(rf"<{tag}>(.*?)</{tag}>", twiml, re.DOTALL)
    words = found[1] if found else ""
    for written, sign in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&#39;", "'"), ("&amp;", "&")):
        words = words.replace(written, sign)
    return words.strip()
