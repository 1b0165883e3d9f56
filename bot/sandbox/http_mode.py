"""HTTP mode: sends signed requests to the app's one URL, as Slack does for apps without Socket Mode."""

import hashlib
import hmac
import json
import secrets
from time import perf_counter
from typing import Any
from urllib.parse import urlencode

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, TCPConnector

from bot.clock import Clock
from bot.sandbox.delivery import Acknowledgement, AppRequest, milliseconds_since
from bot.sandbox.timing import Timing


class HttpMode:
    """Sends to `url`; must be created inside a running event loop, and closed."""

    def __init__(self, url: str, signing_secret: str, clock: Clock, timing: Timing) -> None:
        self.url, self._secret, self._clock, self._timing = url, signing_secret, clock, timing
        self._session = ClientSession(trust_env=False, connector=TCPConnector(limit=0))

    @property
    def connected(self) -> bool:
        return True

    async def deliver(self, delivery: AppRequest) -> Acknowledgement:
        started = perf_counter()
        body, headers = self.signed(delivery)
        try:
            timeout = ClientTimeout(total=self._timing.ack_seconds)
            async with self._session.post(
                self.url, data=body, headers=headers, timeout=timeout, allow_redirects=False
            ) as response:
                return await _read(response, started)
        except TimeoutError:
            return Acknowledgement("timeout", milliseconds_since(started), reason="http_timeout")
        except ValueError:
            return Acknowledgement("failed", milliseconds_since(started), reason="invalid_response")
        except ClientError:
            return Acknowledgement("failed", milliseconds_since(started), reason="connection_failed")

    async def verify(self) -> bool:
        """Does the app echo the challenge that Slack sends when the URL is configured?"""
        challenge = secrets.token_hex(16)
        payload = {"token": "verification-token", "challenge": challenge, "type": "url_verification"}
        body, headers = self.signed(AppRequest("events_api", payload))
        async with self._session.post(self.url, data=body, headers=headers) as response:
            return response.status == 200 and challenge in await response.text()

    async def close(self) -> None:
        await self._session.close()

    def signed(self, delivery: AppRequest) -> tuple[bytes, dict[str, str]]:
        """The body and headers of this request. The signature uses real time, like the app that checks it."""
        content_type, body = _encoded(delivery)
        timestamp = str(int(self._clock.machine_now().timestamp()))
        base = b"v0:" + timestamp.encode() + b":" + body
        signature = "v0=" + hmac.new(self._secret.encode(), base, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": content_type,
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": signature,
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
        }
        if delivery.retry_attempt:
            headers |= {
                "X-Slack-Retry-Num": str(delivery.retry_attempt),
                "X-Slack-Retry-Reason": delivery.retry_reason,
            }
        return body, headers


def _encoded(delivery: AppRequest) -> tuple[str, bytes]:
    if delivery.envelope == "events_api":
        return "application/json", json.dumps(delivery.payload).encode()
    if delivery.envelope == "interactive":
        fields: dict[str, Any] = {"payload": json.dumps(delivery.payload)}
    else:
        fields = {
            key: str(value).lower() if isinstance(value, bool) else value for key, value in delivery.payload.items()
        }
    return "application/x-www-form-urlencoded", urlencode(fields).encode()


async def _read(response: ClientResponse, started: float) -> Acknowledgement:
    raw = await response.read()
    if response.status // 100 != 2:
        no_retry = response.headers.get("X-Slack-No-Retry") == "1"
        return Acknowledgement("failed", milliseconds_since(started), raw, reason="http_error", wants_no_retry=no_retry)
    return Acknowledgement("acknowledged", milliseconds_since(started), _decoded(response.content_type, raw))


def _decoded(content_type: str, raw: bytes) -> Any:
    if not raw:
        return None
    if content_type == "application/json":
        return json.loads(raw)
    return {"text": raw.decode()}
