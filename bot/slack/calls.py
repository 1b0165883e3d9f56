"""Calls to Slack's API, with every unsuccessful answer translated into one of our errors."""

import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.clock import Clock
from bot.domain.errors import Failed, Held, RateLimited, Rejected, Unanswered, Unreachable
from bot.metrics import LimitedWay, Metrics
from bot.wire.answers import Answer, date_of, retry_after
from bot.wire.http_client import USER_AGENT, ask

CALL_TIMEOUT_S = 10
WHOSE = "Slack"
# Two hundred messages with all their blocks fit: one page of a conversation's history.
LARGEST_ANSWER = 16 * 1024 * 1024
# If Slack doesn't say how long to wait.
USUAL_RETRY_AFTER = timedelta(seconds=1)
# Slack's limits are per minute; a longer wait would block every card, or a whole channel.
LONGEST_RETRY_AFTER = timedelta(minutes=1)
LOOPBACK = ("127.0.0.1", "localhost", "::1")

# The app's installation is at fault, which an operator can fix. Nothing was accepted, so retrying makes sense.
CURABLE = frozenset({
    "invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "missing_scope",
    "no_permission", "accesslimited", "restricted_action", "service_unavailable", "team_access_not_granted",
})  # fmt: skip
# Slack itself failed, and may nevertheless have done the work.
OUTCOME_UNKNOWN = frozenset({"internal_error", "fatal_error", "request_timeout"})
BUSY = frozenset({"ratelimited", "rate_limited"})


class AppRefused(Unreachable):
    """The token or a scope is at fault. An operator can fix that, so deliveries wait. `code`: Slack's error code."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class SlackAnswer(dict[str, Any]):
    """A successful answer, or an object in it. A missing required part raises Unanswered: it isn't Slack's answer."""

    def __missing__(self, name: str) -> Any:
        raise Unanswered(f"Slack's answer lacks {name}")


class Calls:
    """Never retries by itself: a call that may have been accepted raises Unanswered.

    Uses our own HTTP client instead of Slack's, which follows redirects and mistakes a proxy's answer for a refusal by
    Slack or a bug of the caller.
    """

    def __init__(
        self, session: aiohttp.ClientSession, clock: Clock, *, token: str, base_url: str, metrics: Metrics | None = None
    ) -> None:
        self._clock = clock
        self._metrics = metrics or Metrics()
        # Until when each place is rate-limited, on the monotonic clock, so that setting back the clock extends nothing.
        self._resting: dict[str, timedelta] = {}
        # Known after the first `whoami`.
        self.workspace_url: str | None = None
        self.team_id: str | None = None
        self.enterprise_id: str | None = None
        self._session = session
        # Slack's clock skew: how many seconds it is ahead of ours, as of its last answer.
        self.ahead_s = 0.0
        # Used by Bolt to ask who we are; it also reads the proxy from the environment.
        self.client = AsyncWebClient(
            token=token, base_url=base_url, session=session, timeout=CALL_TIMEOUT_S, retry_handlers=[]
        )
        # It would use the proxy for every address, even on this machine.
        if urlsplit(base_url).hostname in LOOPBACK:
            self.client.proxy = None

    async def call(self, method: str, *, params: Mapping[str, Any] | None = None, **body: Any) -> SlackAnswer:
        """Call any Web API method: `params` go into the query, the rest as JSON. Raises a kind of Failed.

        After `ratelimited`, the same place isn't called again before its time. Otherwise a hundred messages waiting for
        one channel would all be refused at once, again and again (thundering herd).
        """
        place = _place(method, body)
        self._must_not_rest(place)
        began, outcome = time.perf_counter(), "ok"
        try:
            _, said = await self._ask(method, params, body)
            return said
        except Failed as failure:
            outcome = type(failure).__name__
            if isinstance(failure, RateLimited):
                self._resting[place] = self._clock.passed() + failure.retry_after
            raise
        finally:
            self._metrics.slack_called(method, time.perf_counter() - began, outcome)

    async def _ask(
        self, method: str, params: Mapping[str, Any] | None = None, body: Mapping[str, Any] | None = None
    ) -> tuple[Answer, SlackAnswer]:
        headers, content = {"Authorization": f"Bearer {self.client.token}", "User-Agent": USER_AGENT}, {}
        if body:
            headers["Content-Type"] = "application/json; charset=utf-8"
            content = {"json": _present(body)}
        answer = await ask(
            self._session, "POST", f"{self.client.base_url}{method}", whose=WHOSE, timeout_s=CALL_TIMEOUT_S,
            largest=LARGEST_ANSWER, proxy=self.client.proxy, params=_query(params or {}),
            headers=headers, **content,
        )  # fmt: skip
        said = SlackAnswer(answer.json)
        if answer.status == 200 and said.get("ok") is True:
            if at := date_of(answer):
                self.ahead_s = (at - self._clock.now()).total_seconds()
            return answer, said
        raise self._failure(method, answer)

    def _failure(self, method: str, answer: Answer) -> Failed:
        """The error for an unsuccessful answer. Slack refuses with `ok: false` and an error code. Anything else, such
        as a proxy's page or a redirect, isn't Slack's and doesn't say what became of the call."""
        said = answer.json
        code = said.get("error") if said.get("ok") is False else None
        if answer.status == 429 or code in BUSY:
            asked = retry_after(answer, self._clock.now()) or USUAL_RETRY_AFTER
            wait = min(asked, LONGEST_RETRY_AFTER)
            return RateLimited(f"Slack asks to retry after {wait.total_seconds():.0f} s ({method})", wait)
        if not code or not isinstance(code, str):
            return Unanswered(f"no answer of Slack's own: HTTP {answer.shown} ({method})")
        if answer.status >= 500 or code in OUTCOME_UNKNOWN:
            return Unanswered(f"Slack had an error of its own: {code} ({method})")
        if code in CURABLE:
            needed = f", needs the scope {said['needed']}" if said.get("needed") else ""
            return AppRefused(f"Slack refuses this app: {code}{needed} ({method})", code)
        return Rejected(f"Slack says {code} ({method})", code)

    @property
    def limited(self) -> LimitedWay | None:
        """What Slack currently limits for this process, and until when at the latest; None: nothing."""
        now = self._clock.passed()
        waits = {place: until - now for place, until in self._resting.items() if until > now}
        if not waits:
            return None
        methods = sorted({place.partition(" ")[0] for place in waits})
        return LimitedWay(self._clock.now() + max(waits.values()), f"Slack limits {', '.join(methods)}")

    def _must_not_rest(self, place: str) -> None:
        until = self._resting.get(place)
        if until is None:
            return
        now = self._clock.passed()
        if until > now:
            raise Held(f"rate limited by Slack ({place})", until - now, place)
        del self._resting[place]

    async def whoami(self) -> tuple[str, frozenset[str]]:
        """The bot's own user id, and its token's scopes."""
        try:
            answer, said = await self._ask("auth.test")
        except Unanswered as error:
            raise Unreachable(f"Slack cannot be reached: {error}") from error
        self.workspace_url = str(said.get("url") or "") or None
        self.team_id = str(said.get("team_id") or "") or None
        self.enterprise_id = str(said.get("enterprise_id") or "") or None
        scopes = answer.headers.get("X-OAuth-Scopes", "")
        return str(said["user_id"]), frozenset(part.strip() for part in scopes.split(",") if part.strip())

    def link_to(self, channel: str, ts: str) -> str | None:
        """The link to a message; None until the workspace's URL is known."""
        if self.workspace_url is None:
            return None
        return f"{self.workspace_url.rstrip('/')}/archives/{channel}/p{ts.replace('.', '')}"


def _place(method: str, body: Mapping[str, Any]) -> str:
    """The scope of a rate limit: the channel for posts, the method for everything else."""
    return f"{method} {body['channel']}" if method == "chat.postMessage" else method


def _present(values: Mapping[str, Any]) -> dict[str, Any]:
    """Without None values: Slack rejects many explicit nulls."""
    return {name: value for name, value in values.items() if value is not None}


def _query(values: Mapping[str, Any]) -> dict[str, str]:
    """Slack expects 1 and 0 for booleans in a query."""
    return {
        name: str(int(value)) if isinstance(value, bool) else str(value) for name, value in _present(values).items()
    }
