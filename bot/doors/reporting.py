"""The door for people without Slack: a page with one form. Pressing twice still makes one report."""

import logging
from urllib.parse import parse_qsl

from aiohttp import web

from bot.domain.alerts.report import LINE_LENGTH, WHAT_LENGTH, Report
from bot.domain.errors import Failed, NotFound, Unanswered
from bot.doors.rates import Rate, TooOften
from bot.doors.request_bodies import Garbled, TooLarge, TooSlow, read_body
from bot.doors.web_pages import WebPages
from bot.metrics import Metrics
from bot.services import Services
from bot.services.alerts.problem_reports import Followed
from bot.services.alerts.report_link import PATH
from bot.services.upkeep.schema import Outdated
from bot.store.errors import plain_reason
from bot.wire.timeouts import TimeLimit

log = logging.getLogger(__name__)

LARGEST_BODY = 64 * 1024
MOST_FIELDS = 20
# Counted by each process. Behind a proxy all clients share its address, so this lets one office report together.
PER_MINUTE = 10
IN_ALL_PER_MINUTE = 30
# For the link, whoever has it by now: enough for an outage, and no more than a team can read.
IN_ALL_PER_HOUR = 200
TIMEOUT_S = 3.0
STORED_WITHIN_S = 8.0
AWAY, OUTDATED, UNKNOWN = "database", "version", "unknown"


def routes(services: Services, metrics: Metrics) -> list[web.RouteDef]:
    """Exists even while the runbook has no form: people who kept the link are told so."""
    door = Reporting(services, metrics)
    path = f"{PATH}{{token:.*}}"
    return [web.get(path, door.show), web.post(path, door.send)]


class Reporting:
    """No login: whoever has the link may report. What they typed is never logged, and always shown to them again."""

    def __init__(self, services: Services, metrics: Metrics) -> None:
        self._services = services
        self._metrics = metrics
        self._pages = WebPages(services)
        self._per_client = Rate(PER_MINUTE, services.clock.now)
        self._in_all = Rate(IN_ALL_PER_MINUTE, services.clock.now)
        self._in_an_hour = Rate(IN_ALL_PER_HOUR, services.clock.now, span="hour")
        self._look = TimeLimit(TIMEOUT_S)
        self._work = TimeLimit(STORED_WITHIN_S)

    async def show(self, request: web.Request) -> web.Response:
        """`GET`: an empty form."""
        try:
            await self._look.wait_for(self._must_be_ours(request))
        except NotFound:
            return self._pages.page(404, "report_unknown")
        except Failed as error:
            return self._held(error)
        return self._form(200, Report.read({}))

    async def send(self, request: web.Request) -> web.Response:
        """`POST`: checks the link before reading the body; when that fails, the body is only read to be shown again."""
        away: Failed | None = None
        try:
            await self._look.wait_for(self._must_be_ours(request))
        except NotFound:
            return self._pages.page(404, "report_unknown")
        except Failed as error:
            away = error
        try:
            report = Report.read(await _fields_of(request))
        except (TooLarge, TooSlow, Garbled) as error:
            return self._pages.page(_status(error), "report_unread", reason=str(error))
        return self._not_stored(away, report) if away else await self._answer(report, request.remote or "")

    async def _must_be_ours(self, request: web.Request) -> None:
        self._services.schema.must_be_known()
        self._services.sessions.must_be_own()
        await self._services.report_link.must_be_ours(request.match_info["token"])

    async def _answer(self, report: Report, client: str) -> web.Response:
        if report.is_spam:
            # Looks as if accepted, so that the spammer's program learns nothing, without saying anything untrue.
            self._metrics.reported("spam")
            return self._taken(report, Followed("received"))
        if report.mistakes:
            return self._form(422, report)
        try:
            self._per_client.take(client)
            self._in_all.take("")
            self._in_an_hour.take("")
            await self._work.wait_for(self._services.problem_reports.take(report))
        except TooOften as error:
            self._metrics.reported("too many")
            return self._form(429, report, {"Retry-After": str(error.wait_s)}, wait_s=error.wait_s)
        except Failed as error:
            return self._not_stored(error, report)
        self._metrics.reported("taken")
        return self._taken(report, await self._followed(report))

    async def _followed(self, report: Report) -> Followed:
        """The report is stored: knowing what followed is worth a moment, but not an error."""
        try:
            return await self._look.wait_for(self._services.problem_reports.followed(report))
        except Failed as error:
            log.warning("report: what followed is not known: %s", error)
            return Followed("received")

    def _taken(self, report: Report, followed: Followed) -> web.Response:
        return self._pages.page(200, "report_taken", followed=followed, report=report)

    def _not_stored(self, error: Failed, report: Report) -> web.Response:
        self._metrics.reported("unknown" if isinstance(error, Unanswered) else "not stored")
        return self._held(error, report)

    def _held(self, error: Failed, report: Report | None = None) -> web.Response:
        """`report` None: the form was only viewed, so there is nothing to send again."""
        log.warning("report: %s", error)
        if report is None:
            return self._pages.page(503, "report_held", {"Retry-After": "5"}, why=_why(error))
        return self._form(503, report, {"Retry-After": "5"}, why=_why(error))

    def _form(
        self, status: int, report: Report, headers: dict[str, str] | None = None, *, why: str = "", wait_s: int = 0
    ) -> web.Response:
        """`why` nothing was stored, and `wait_s` until it may be sent again; "" and 0 for none."""
        facts = {"why": why, "wait_s": wait_s, "what_length": WHAT_LENGTH, "line_length": LINE_LENGTH}
        mistakes = report.mistakes if status == 422 else {}
        return self._pages.page(status, "report", headers, report=report, mistakes=mistakes, **facts)


async def _fields_of(request: web.Request) -> dict[str, str]:
    """The first value of each field. Raises TooLarge, TooSlow or Garbled; what is not a form has no fields."""
    body = (await read_body(request, LARGEST_BODY)).decode("utf-8", "replace")
    try:
        pairs = parse_qsl(body, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise Garbled(f"more than {MOST_FIELDS} fields") from error
    return dict(reversed(pairs))


def _why(error: Failed) -> str:
    if isinstance(error, Unanswered):
        return UNKNOWN
    return OUTDATED if isinstance(error, Outdated) else plain_reason(error) or AWAY


def _status(error: Exception) -> int:
    if isinstance(error, TooLarge):
        return 413
    return 408 if isinstance(error, TooSlow) else 400
