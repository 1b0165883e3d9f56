"""One call to Slack: every answer that is not a yes becomes one of our errors."""

import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.clock import Clock
from bot.domain.errors import Failed, RateLimited, Rejected, Unanswered, Unreachable
from bot.metrics import Metrics
from bot.outgoing import TooLate

CALL_TIMEOUT_S = 10
LOOPBACK = ("127.0.0.1", "localhost", "::1")

# The app's installation is at fault and an operator can mend it: worth another try, nothing was accepted.
CURABLE = frozenset({
    "invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "missing_scope",
    "no_permission", "accesslimited", "restricted_action", "service_unavailable", "team_access_not_granted",
})  # fmt: skip
# Slack itself failed and may have done the work all the same.
DOUBTFUL = frozenset({"internal_error", "fatal_error", "request_timeout"})


class AppRefused(Unreachable):
    """The token or a scope is at fault: an operator can mend it, so what waits is kept."""


class Calls:
    """Nothing is sent again by itself: a call that may have been accepted raises Unanswered.

    The SDK's own retries would post twice after a dropped connection, so they are switched off.
    """

    def __init__(
        self, session: aiohttp.ClientSession, clock: Clock, *, token: str, base_url: str, metrics: Metrics | None = None
    ) -> None:
        self._clock = clock
        self._metrics = metrics or Metrics()
        self._resting: dict[str, datetime] = {}
        self._session = session
        self.client = AsyncWebClient(
            token=token, base_url=base_url, session=session, timeout=CALL_TIMEOUT_S, retry_handlers=[]
        )
        # The SDK applies a proxy of the environment to every address, also to one on this machine.
        if urlsplit(base_url).hostname in LOOPBACK:
            self.client.proxy = None

    async def call(self, method: str, *, params: Mapping[str, Any] | None = None, **body: Any) -> dict[str, Any]:
        """Any Web API method: `params` go into the query, the rest as JSON. Raises a kind of Failed.

        Where Slack has just asked for patience it is not asked again before its time: a hundred messages that wait for
        one channel would else all be refused at once, again and again.
        """
        place = _place(method, body)
        self._must_not_rest(place)
        began, outcome = time.perf_counter(), "ok"
        try:
            return await self._ask(method, params, body)
        except Failed as failure:
            outcome = type(failure).__name__
            if isinstance(failure, RateLimited):
                self._resting[place] = self._clock.now() + failure.retry_after
            raise
        finally:
            self._metrics.slack_called(method, time.perf_counter() - began, outcome)

    async def _ask(self, method: str, params: Mapping[str, Any] | None, body: Mapping[str, Any]) -> dict[str, Any]:
        try:
            if params is not None:
                answer = await self.client.api_call(method, params=_present(params))
            else:
                answer = await self.client.api_call(method, json=_present(body))
        except SlackApiError as error:
            raise _failure(method, error) from error
        except TooLate:
            raise
        except (aiohttp.ClientConnectorError, aiohttp.ClientConnectorDNSError) as error:
            raise Unreachable(f"Slack cannot be reached ({method})") from error
        except (TimeoutError, aiohttp.ClientError, ConnectionError) as error:
            raise Unanswered(f"Slack did not answer ({method})") from error
        return answer.data if isinstance(answer.data, dict) else {}

    def _must_not_rest(self, place: str) -> None:
        until = self._resting.get(place)
        if until is None:
            return
        left = until - self._clock.now()
        if left > timedelta(0):
            raise RateLimited(f"Slack asks for patience ({place})", left)
        del self._resting[place]

    async def whoami(self) -> tuple[str, frozenset[str]]:
        """The bot's own user id, and the scopes its token has."""
        try:
            answer = await self.client.auth_test()
        except SlackApiError as error:
            raise _failure("auth.test", error) from error
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise Unreachable("Slack cannot be reached (auth.test)") from error
        scopes = {name.lower(): value for name, value in answer.headers.items()}.get("x-oauth-scopes", "")
        return str(answer["user_id"]), frozenset(part.strip() for part in scopes.split(",") if part.strip())


def _place(method: str, body: Mapping[str, Any]) -> str:
    """What shares one of Slack's limits: a channel for posts, the whole method for everything else."""
    return f"{method} {body['channel']}" if method == "chat.postMessage" else method


def _present(values: Mapping[str, Any]) -> dict[str, Any]:
    """Slack rejects many explicit nulls, and wants 1 and 0 in a query."""
    return {name: value for name, value in values.items() if value is not None}


def _failure(method: str, error: SlackApiError) -> Failed:
    answer = error.response
    code = str(answer.get("error") or "") if isinstance(answer.data, dict) else ""
    status = int(answer.status_code or 0)
    if status == 429 or code in ("ratelimited", "rate_limited"):
        seconds = float({name.lower(): value for name, value in answer.headers.items()}.get("retry-after", 1))
        return RateLimited(f"Slack asks for {seconds:.0f} s of patience ({method})", timedelta(seconds=seconds))
    if status >= 500 or code in DOUBTFUL:
        return Unanswered(f"Slack had an error of its own: {code or status} ({method})")
    if code in CURABLE:
        needed = f", needs the scope {answer.get('needed')}" if answer.get("needed") else ""
        return AppRefused(f"Slack refuses this app: {code}{needed} ({method})")
    return Rejected(f"Slack says {code or status} ({method})", code)
