"""Webhooks: JSON posted to the organisation's own addresses, signed so that receivers know it is ours."""

import base64
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import aiohttp

from bot.clock import Clock
from bot.wire.answers import Answer, refusal, shown
from bot.wire.http_client import TIMEOUT_S, USER_AGENT, ask

# Signed according to the Standard Webhooks specification, for which receivers find libraries.
MOST_SIGNATURES = 10
SECRET_PREFIX = "whsec_"  # noqa: S105 - not a secret: the prefix of all such secrets

# The keys that sign everything posted to this address: two for a while after a rotation.
KeysOf = Callable[[str], Awaitable[Sequence[bytes]]]


class Hooks:
    """Posts to webhooks. Never retries by itself."""

    def __init__(
        self, session: aiohttp.ClientSession, clock: Clock, keys_of: KeysOf, *, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._session = session
        self._clock = clock
        self._keys_of = keys_of
        self._timeout_s = timeout_s

    async def post(self, url: str, body: Mapping[str, Any], *, key: str, whose: str) -> str:
        """Returns the receiver's reference. `key` is the same for every attempt, so that a duplicate is recognised.

        `whose` names the webhook in errors, because its address is a secret. Raises Rejected, Unreachable or
        Unanswered.
        """
        raw = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        at = str(int(self._clock.now().timestamp()))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": USER_AGENT,
            "Idempotency-Key": key,
            "Webhook-Id": key,
            "Webhook-Timestamp": at,
            "Webhook-Signature": " ".join(signature(one, key, at, raw) for one in await self._keys_of(url)),
        }
        answer = await ask(
            self._session, "POST", url, whose=whose, timeout_s=self._timeout_s, data=raw, headers=headers
        )
        if answer.is_yes and not answer.is_web_page:
            return _reference(answer)
        raise refusal(answer, whose=whose, now=self._clock.now(), is_theirs=_is_refused(answer))


def signature(key: bytes, name: str, at: str, body: bytes) -> str:
    """Covers the name, the time and every byte of the body."""
    signed = b".".join([name.encode("utf-8", "replace"), at.encode("utf-8", "replace"), body])
    return f"v1,{base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()}"


def is_signed(headers: Mapping[str, str], keys: Sequence[bytes], body: bytes) -> bool:
    """Did `Hooks` sign this with one of these keys? Regardless of its age."""
    name, at, given = (headers.get(f"Webhook-{part}", "") for part in ("Id", "Timestamp", "Signature"))
    sent = [one.encode("utf-8", "replace") for one in given.split()[:MOST_SIGNATURES]]
    right = [signature(key, name, at, body).encode() for key in keys]
    return any(hmac.compare_digest(one, other) for one in sent for other in right)


def key_for(root: bytes, url: str) -> bytes:
    """Each address has its own key, so that a receiver can't forge posts to another."""
    return hmac.digest(root, url.encode(), hashlib.sha256)


def written(key: bytes) -> str:
    """The key in the form that receivers are given."""
    return SECRET_PREFIX + base64.b64encode(key).decode()


def _is_refused(answer: Answer) -> bool:
    """As `docs/webhooks.md` asks: proxies in front of a receiver answer 4xx too, but with HTML."""
    return answer.status == 410 or answer.is_object


def _reference(answer: Answer) -> str:
    given = answer.json.get("id") or answer.headers.get("X-Request-Id")
    return f"HTTP {answer.status}" + (f" {shown(str(given))}" if isinstance(given, str | int) else "")
