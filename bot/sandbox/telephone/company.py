"""One account at the simulated Twilio: what it accepted, and what people and telephones do."""

import asyncio
import html
import re
import secrets
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from multidict import MultiDict
from yarl import URL

from bot.clock import Clock
from bot.sandbox.mailbox import Mailbox
from bot.sandbox.telephone.door import Door
from bot.sandbox.telephone.items import Fault, Item, Kind
from bot.sandbox.telephone.rules import must_be_right, unknown
from bot.wire.telephone_signature import signature

STOP_WORDS = ("STOP", "STOPALL", "CANCEL", "END", "QUIT", "UNSUBSCRIBE")
START_WORDS = ("START", "YES", "UNSTOP")
PRESSED = "Press "


@dataclass
class TelephoneCompany:
    """`origin` is its URL between `start` and `stop`.

    Its requests go to the bot's public URL; `really_at` returns the bot's real address on this machine.
    """

    clock: Clock
    mailbox: Mailbox
    number: str = "+447700900999"
    really_at: Callable[[], str] | None = None
    account: str = field(default_factory=lambda: f"AC{secrets.token_hex(16)}")
    token: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)
    delivers: bool = False  # report each text as delivered, and each call as ringing?
    hides: bool = False  # do its lists answer with an error?
    origin: str = ""
    items: list[Item] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)  # the number in each request for a text or call
    stopped: set[str] = field(default_factory=set)
    complaints: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._door = Door(self)
        self._tasks: set[asyncio.Task[None]] = set()
        self._released = asyncio.Event()

    async def start(self, host: str = "127.0.0.1") -> None:
        self.origin = await self._door.start(host)

    async def stop(self) -> None:
        self.release()
        for task in self._tasks:
            task.cancel()
        await self._door.stop()

    @property
    def environ(self) -> dict[str, str]:
        """The bot's environment variables for it."""
        return {
            "TWILIO_ACCOUNT_SID": self.account,
            "TWILIO_AUTH_TOKEN": self.token,
            "TWILIO_FROM": self.number,
            "TWILIO_API_URL": self.origin,
        }

    @property
    def is_idle(self) -> bool:
        """Is nothing under way, neither to people nor to the bot?"""
        return not self._tasks

    def texts(self, to: str | None = None) -> list[Item]:
        return [one for one in self.items if one.kind == "sms" and to in (None, one.to)]

    def calls(self, to: str | None = None) -> list[Item]:
        return [one for one in self.items if one.kind == "voice" and to in (None, one.to)]

    # Faults

    def refuse(self, code: int, *, status: int = 400, to: str | None = None) -> None:
        self.faults.append(Fault("refuse", _to(to), None, status=status, code=code))

    def hang(self, *, to: str | None = None, times: int | None = None) -> None:
        """Answers nothing until `release`, and accepts requests only then."""
        self.faults.append(Fault("hang", _to(to), times))

    def hold(self, *, to: str | None = None) -> None:
        """Accepts each request, but answers only after `release`."""
        self.faults.append(Fault("hold", _to(to), None))

    def drop(self, *, to: str | None = None) -> None:
        """Accepts the next request, and closes the connection without an answer."""
        self.faults.append(Fault("drop", _to(to), 1))

    def limit(self, retry_after: int, *, to: str | None = None) -> None:
        """Answers 429 once."""
        self.faults.append(Fault("limit", _to(to), 1, status=429, code=20429, wait=str(retry_after)))

    def release(self) -> None:
        self.faults.clear()
        self._released.set()

    async def until_released(self) -> None:
        await self._released.wait()

    def fault(self, to: str) -> Fault | None:
        """The fault for this request; None if there is none."""
        fault = next((one for one in self.faults if one.of(to)), None)
        if fault and fault.times is not None:
            fault.times -= 1
            if not fault.times:
                self.faults.remove(fault)
        return fault

    # What people and telephones do

    async def reports(self, item: Item, status: str, *, code: str = "") -> int:
        """Report a new status to the bot; returns the HTTP status of its answer."""
        item.status = status
        names = ("MessageSid", "MessageStatus") if item.kind == "sms" else ("CallSid", "CallStatus")
        told = dict(zip(names, (item.sid, status), strict=True)) | ({"ErrorCode": code} if code else {})
        return (await self.tells(item.fields["StatusCallback"], told, item.to))[0]

    async def texted(self, phone: str, text: str, *, public_url: str) -> str:
        """Somebody texts our number; returns the reply."""
        word = text.strip().upper()
        if word in STOP_WORDS:
            self.stopped.add(phone)
        elif word in START_WORDS:
            self.stopped.discard(phone)
        told = {"MessageSid": f"SM{secrets.token_hex(16)}", "From": phone, "To": self.number, "Body": text}
        _, answer = await self.tells(f"{public_url}/twilio/sms", told, self.number)
        return _between("Message", answer)

    async def picked_up(self, call: Item) -> str:
        """Somebody picks up; returns the TwiML they hear."""
        if "Twiml" in call.fields:
            return str(call.fields["Twiml"])
        _, heard = await self.tells(call.fields["Url"], {"CallSid": call.sid, "CallStatus": "in-progress"}, call.to)
        return heard

    async def pressed(self, call: Item, key: str) -> str:
        """Somebody who has picked up presses a key; returns the TwiML they hear then."""
        heard = await self.picked_up(call)
        action = re.search(r'action="([^"]*)"', heard)
        if action is None:
            return heard
        return (await self.tells(html.unescape(action[1]), {"CallSid": call.sid, "Digits": key}, call.to))[1]

    async def tells(self, address: str, told: Mapping[str, str], to: str) -> tuple[int, str]:
        """Send the bot a signed request; returns its answer."""
        form = {"AccountSid": self.account, "ApiVersion": "2010-04-01", "To": to, "From": self.number, **told}
        headers = {"X-Twilio-Signature": signature(self.token, address, MultiDict(form))}
        url = URL(address, encoded=True)
        if self.really_at is not None:
            url = URL(f"{self.really_at()}{url.raw_path_qs}", encoded=True)
        async with aiohttp.ClientSession() as session, session.post(url, data=form, headers=headers) as answer:
            return answer.status, await answer.text()

    def take(self, kind: Kind, fields: MultiDict[str]) -> Item:
        """Accept a request for a text or call. Raises Refusal."""
        if names := unknown(kind, fields):
            self.complaints.append(f"{kind}: no such fields: {', '.join(names)}")
        must_be_right(kind, fields, number=self.number, stopped=self.stopped)
        sid = f"{'SM' if kind == 'sms' else 'CA'}{secrets.token_hex(16)}"
        item = Item(sid, kind, fields["To"], fields["From"], fields, self.clock.now(), fields.get("Body", ""))
        self.items.append(item)
        if kind == "sms":
            self._show(item)
        if self.delivers:
            self._in_background(self._deliver(item))
        return item

    async def _deliver(self, item: Item) -> None:
        """The normal course. A call only rings, but its words can be read in the mailbox."""
        if item.kind == "voice":
            item.body = _between("Say", await self.picked_up(item))
            self._show(item)
        for status in ("sent", "delivered") if item.kind == "sms" else ("initiated", "ringing"):
            if item.public_url:
                await self.reports(item, status)

    def _show(self, item: Item) -> None:
        """Add it to the mailbox, where it can be answered."""
        answers = ("Reply ACK", "Reply STOP") if item.kind == "sms" else (f"{PRESSED}1", f"{PRESSED}2")
        self.mailbox.add(
            item.kind, item.to, "", item.body,
            answers=answers if item.public_url else (), answered=lambda answer: self._answered(item, answer),
        )  # fmt: skip

    async def _answered(self, item: Item, answer: str) -> str:
        """Somebody answers in the mailbox; returns the reply."""
        word = answer.rpartition(" ")[2]
        if item.kind == "sms":
            return await self.texted(item.to, word, public_url=item.public_url or "")
        return _between("Say", await self.pressed(item, word))

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _to(number: str | None) -> Callable[[str], bool]:
    return lambda to: number in (None, to)


def _between(tag: str, twiml: str) -> str:
    """The text of the first such element, as a person sees or hears it."""
    found = re.search(rf"<{tag}>(.*?)</{tag}>", twiml, re.DOTALL)
    return html.unescape(found[1]).strip() if found else ""
