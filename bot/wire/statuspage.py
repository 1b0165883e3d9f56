"""The incidents part of statuspage.io's API."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import aiohttp
from pydantic import SecretStr

from bot.clock import Clock
from bot.domain.errors import Rejected, Throttled, Unanswered, Unreachable
from bot.wire.answers import Answer, refusal, retry_after, shown
from bot.wire.http_client import TIMEOUT_S, USER_AGENT, ask

WHOSE = "statuspage.io"
# One request a second for each token; before 2021 the limit had a status code of its own.
TOO_MANY = (420, 429)
USUAL_WAIT = timedelta(seconds=60)
# How many of the latest incidents are searched.
LISTED = 100

Incident = Mapping[str, Any]


class Statuspage:
    """Requests with one token. Never retries by itself.

    Relies on this, which developer.statuspage.io documents: scheduled maintenance is an incident whose `status` is
    `scheduled`, `in_progress`, `verifying` or `completed`, with `scheduled_for` and `scheduled_until`; `component_ids`
    are the components it concerns, and `components` maps ids to the states that the request sets, in POST and PATCH
    alike; the response is the incident with its `metadata` (an object of objects) and its current `components`;
    `unresolved` leaves out scheduled maintenance, `active_maintenance` and `upcoming` contain nothing else, and of each
    list we read the first page of a hundred; the rate limit is 1 request a second over a minute, else 420 or 429;
    errors are JSON with `error`. Not documented, and handled either way: whether a PATCH reopens a resolved incident;
    if refused, a new one is created.

    Raises Rejected for what it refuses, Throttled, Unreachable when nothing was changed, and Unanswered when that is
    unknown.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        clock: Clock,
        *,
        token: SecretStr,
        base_url: str,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._session = session
        self._clock = clock
        self._headers = {"Authorization": f"OAuth {token.get_secret_value()}", "User-Agent": USER_AGENT}
        self._base_url = base_url
        self._timeout_s = timeout_s

    async def page(self, page: str) -> Mapping[str, Any]:
        found = await self._read(f"pages/{page}")
        return found if isinstance(found, dict) else {}

    async def components(self, page: str) -> Sequence[str]:
        """The ids of the existing components."""
        return [str(one.get("id")) for one in await self._list(f"pages/{page}/components")]

    async def unresolved(self, page: str) -> Sequence[Incident]:
        """Open incidents, without planned work."""
        return await self._list(f"pages/{page}/incidents/unresolved")

    async def upcoming(self, page: str) -> Sequence[Incident]:
        """Planned work that has not begun."""
        return await self._list(f"pages/{page}/incidents/upcoming")

    async def active_maintenance(self, page: str) -> Sequence[Incident]:
        """Planned work in progress or being verified."""
        return await self._list(f"pages/{page}/incidents/active_maintenance")

    async def latest(self, page: str) -> Sequence[Incident]:
        """In any state, including planned work, newest first."""
        return await self._list(f"pages/{page}/incidents", limit=str(LISTED))

    async def incident(self, page: str, id: str) -> Incident | None:
        """None: it no longer exists."""
        try:
            found = await self._read(f"pages/{page}/incidents/{id}")
        except Rejected as error:
            if error.code == "404":
                return None
            raise
        return found if isinstance(found, dict) else None

    async def create(self, page: str, values: Mapping[str, Any]) -> str:
        """Returns its id."""
        return self._id(await self._write("POST", f"pages/{page}/incidents", {"incident": values}))

    async def change(self, page: str, id: str, values: Mapping[str, Any]) -> str:
        """Adds an update if the values have a `body`. Rejected with code 404: it no longer exists."""
        return self._id(await self._write("PATCH", f"pages/{page}/incidents/{id}", {"incident": values}))

    async def publish_postmortem(self, page: str, id: str, text: str) -> None:
        """For a resolved incident; idempotent."""
        where = f"pages/{page}/incidents/{id}/postmortem"
        await self._write("PUT", where, {"postmortem": {"body_draft": text}})
        await self._write("PUT", f"{where}/publish", {"postmortem": {"notify_subscribers": True}})

    async def _list(self, path: str, **query: str) -> Sequence[Incident]:
        found = await self._read(path, **query)
        if not isinstance(found, list):
            # An answer that is not a list doesn't prove that there are none.
            raise Unreachable(f"{WHOSE} gave no list")
        return [one for one in found if isinstance(one, dict)]

    async def _read(self, path: str, **query: str) -> Any:
        """Reading changes nothing, so a lost answer means Unreachable."""
        try:
            return _content(await self._ask("GET", path, params=query))
        except Unanswered as error:
            raise Unreachable(str(error)) from error

    async def _write(self, method: str, path: str, body: Mapping[str, Any]) -> Any:
        return _content(await self._ask(method, path, json=body))

    async def _ask(self, method: str, path: str, **options: Any) -> Answer:
        answer = await ask(
            self._session, method, f"{self._base_url}/{path}", whose=WHOSE, timeout_s=self._timeout_s,
            headers=self._headers, **options,
        )  # fmt: skip
        if answer.is_yes:
            return answer
        now = self._clock.now()
        if answer.status in TOO_MANY:
            raise Throttled(f"{WHOSE} says {answer.status}", retry_after(answer, now) or USUAL_WAIT)
        is_theirs = "error" in answer.json
        raise refusal(answer, whose=WHOSE, now=now, is_theirs=is_theirs, why=_reason(answer))

    def _id(self, incident: Any) -> str:
        if not isinstance(incident, dict) or not incident.get("id"):
            raise Unanswered(f"{WHOSE} says yes, and not to which incident")
        return shown(str(incident["id"]))


def _content(answer: Answer) -> Any:
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError) as error:
        raise Unanswered(f"{WHOSE} says {answer.shown}, and nothing that can be read") from error


def _reason(answer: Answer) -> str:
    why = answer.json.get("error", "")
    return "; ".join(map(str, why)) if isinstance(why, list) else str(why)
