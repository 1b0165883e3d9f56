"""Outgoing texts and calls: Twilio's REST API."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import aiohttp

from bot.clock import Clock
from bot.domain.errors import Failed, Rejected, Unanswered, Unreachable
from bot.settings import Twilio
from bot.wire.answers import Answer, date_of, date_read, refusal
from bot.wire.http_client import TIMEOUT_S, ask

Kind = Literal["Messages", "Calls"]
Fields = Sequence[tuple[str, str]]

WHOSE = "Twilio"
API = "2010-04-01"
# How many of the latest are searched.
LISTED = 200
# Twilio's error code for a recipient who replied STOP.
STOPPED = 21610
# Its code for a wrong account or token.
BAD_LOGIN = 20003
CALL_EVENTS = ("initiated", "ringing", "answered", "completed")
# How long to ring, in seconds: not long enough for most voicemail to answer.
RING_FOR_S = 25

# GSM 03.38: the characters of a text of 160; the second set counts twice. Any other limits it to 70.
GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_TWICE = frozenset("^{}\\[~]|€")


@dataclass(frozen=True)
class TwilioRecord:
    """A text or call in Twilio's list; `body` is '' for a call. A call doesn't show which page it was made for."""

    sid: str
    sender: str
    body: str
    made_at: datetime | None


class Telephone:
    """One account. Never retries by itself; the reference of what was accepted is Twilio's `sid`."""

    def __init__(
        self,
        account: Twilio,
        session: aiohttp.ClientSession,
        clock: Clock,
        *,
        public_url: str | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        """`public_url`: where Twilio can reach us; None: no reports or replies arrive."""
        self._account = account
        self._session = session
        self._clock = clock
        self._public_url = public_url
        self._timeout_s = timeout_s
        self._headers = {"Authorization": basic(account.account_sid, account.auth_token.get_secret_value())}

    @property
    def sender(self) -> str:
        return self._account.sender

    @property
    def can_call(self) -> bool:
        return self._account.can_call

    @property
    def hears(self) -> bool:
        """Can replies and digits reach us?"""
        return self._public_url is not None

    async def text(self, to: str, body: str, *, about: str) -> str:
        """`about`: the page's key, which reports contain. Raises a kind of Failed."""
        own = ("MessagingServiceSid", self.sender) if self.sender.startswith("MG") else ("From", self.sender)
        return await self._make("Messages", [("To", to), own, ("Body", body), *self._reports(about)])

    async def call(self, to: str, twiml: str, *, about: str, repeat: bool = False) -> str:
        """Twilio asks us for the words when somebody picks up; without a public URL, it says `twiml`.

        `repeat`: ask for words that say it may be a repeat.
        """
        url = f"{self._public_url}/twilio/voice/{about}" + ("?repeat=yes" if repeat else "")
        said = [("Url", url)] if self._public_url else [("Twiml", twiml)]
        events = [("StatusCallbackEvent", event) for event in CALL_EVENTS] if self._public_url else []
        ring = ("Timeout", str(RING_FOR_S))
        return await self._make(
            "Calls", [("To", to), ("From", self.sender), *said, ring, *self._reports(about), *events]
        )

    async def made(self, kind: Kind, to: str, since: datetime) -> list[TwilioRecord]:
        """The latest texts or calls to this number since then, newest first. Raises a kind of Failed.

        `since` is by our clock and their times are by Twilio's: the response's date tells how far apart the two are.
        """
        answer = await self._ask("GET", f"{kind}.json", params={"To": to, "PageSize": str(LISTED)})
        rows = answer.json.get(kind.lower())
        if not isinstance(rows, list):
            # An answer that is not a list doesn't prove that nothing was made.
            raise Unanswered(f"{WHOSE} gave no list: it says {answer.shown}")
        listed = [_listed(row) for row in rows if isinstance(row, dict)]
        now = self._clock.now()
        oldest = since + ((date_of(answer) or now) - now)
        return [one for one in listed if one.made_at is None or one.made_at >= oldest]

    async def check(self) -> str:
        """The account's name; sends nothing. Raises a kind of Failed that says what is wrong."""
        answer = await self._ask("GET", "")
        account = answer.json
        if "status" not in account:
            raise Unanswered(f"{WHOSE} does not show the account: it says {answer.shown}")
        if account["status"] != "active":
            raise Rejected(f"{WHOSE}: the account is {account['status']}")
        return str(account.get("friendly_name") or self._account.account_sid)

    def _reports(self, about: str) -> list[tuple[str, str]]:
        return [("StatusCallback", f"{self._public_url}/twilio/status?page={about}")] if self._public_url else []

    async def _make(self, kind: Kind, fields: Fields) -> str:
        answer = await self._ask("POST", f"{kind}.json", data=list(fields))
        sid = answer.json.get("sid")
        if not isinstance(sid, str) or not sid:
            raise Unanswered(f"{WHOSE} gave no reference for what it took")
        return sid

    async def _ask(self, method: str, path: str, **options: Any) -> Answer:
        account = f"{self._account.api_url}/{API}/Accounts/{self._account.account_sid}"
        url = f"{account}/{path}" if path else f"{account}.json"
        answer = await ask(
            self._session, method, url, whose=WHOSE, timeout_s=self._timeout_s, headers=self._headers, **options
        )
        if answer.is_yes:
            return answer
        raise self._failure(answer)

    def _failure(self, answer: Answer) -> Failed:
        said = answer.json
        is_theirs = isinstance(said.get("code"), int) and said.get("status") == answer.status
        if is_theirs and (answer.status == 401 or said["code"] == BAD_LOGIN):
            # Unreachable, because an operator can fix it: deliveries are kept.
            return Unreachable(f"{WHOSE} refuses TWILIO_ACCOUNT_SID or TWILIO_AUTH_TOKEN")
        if is_theirs and said["code"] == STOPPED:
            return Rejected("this number has asked for no more texts (STOP)", str(STOPPED))
        why = f"{said.get('code', '')} {said.get('message', '')}".strip()
        return refusal(answer, whose=WHOSE, now=self._clock.now(), is_theirs=is_theirs, why=why)


def must_be_all(listed: Sequence[TwilioRecord]) -> None:
    """Verify that the list is complete: what it lacks was not made. Raises Unanswered when there may be more."""
    if len(listed) >= LISTED:
        raise Unanswered(f"{WHOSE} lists more to this number than can be looked through")


def basic(user: str, password: str) -> str:
    """The header of RFC 7617."""
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


def segments(text: str) -> int:
    """Into how many texts it is split and billed."""
    if all(sign in GSM or sign in GSM_TWICE for sign in text):
        length, whole, part = len(text) + sum(sign in GSM_TWICE for sign in text), 160, 153
    else:
        length, whole, part = len(text.encode("utf-16-le")) // 2, 70, 67
    return 1 if length <= whole else -(-length // part)


def _listed(row: dict[str, Any]) -> TwilioRecord:
    sid, sender, body = (str(row.get(name) or "") for name in ("sid", "from", "body"))
    return TwilioRecord(sid, sender, body, date_read(str(row.get("date_created"))))
