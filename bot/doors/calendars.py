"""The door for calendar feeds: RFC 5545, in UTC, so that daylight saving time moves no shift."""

from datetime import UTC, datetime, timedelta

from aiohttp import web
from icalendar import Calendar, Event

from bot.domain.people.upcoming import Upcoming
from bot.services import Services
from bot.services.paging.calendars import PATH
from bot.wire.timeouts import TimeLimit

TIMEOUT_S = 5.0
# How often calendars should refresh.
REFRESH = timedelta(hours=1)


def routes(services: Services) -> list[web.RouteDef]:
    """Works without PUBLIC_URL too: links given out before it was removed stay valid."""
    return [web.get(f"{PATH}{{token}}.ics", CalendarDoor(services).show)]


class CalendarDoor:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._time_limit = TimeLimit(TIMEOUT_S)

    async def show(self, request: web.Request) -> web.Response:
        """404 for links we have not signed, 503 while the database is away."""
        token = request.match_info["token"]
        name, shifts = await self._time_limit.wait_for(self._services.calendars.shifts(token))
        return web.Response(body=self._as_ical(name, shifts), content_type="text/calendar", charset="utf-8")

    def _as_ical(self, name: str, shifts: list[Upcoming]) -> bytes:
        calendar = Calendar()
        calendar.add("prodid", "-//Tocsin//On call//EN")
        calendar.add("version", "2.0")
        calendar.add("method", "PUBLISH")
        calendar.add("x-wr-calname", name)
        calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
        calendar.add("x-published-ttl", "PT1H")
        now = self._services.clock.now()
        for one in shifts:
            calendar.add_component(self._event(one, now))
        return bytes(calendar.to_ical())

    def _event(self, one: Upcoming, now: datetime) -> Event:
        event = Event()
        event.add("uid", one.uid)
        event.add("dtstamp", now.astimezone(UTC).replace(microsecond=0))
        event.add("dtstart", one.shift.begins.astimezone(UTC))
        event.add("dtend", one.shift.ends.astimezone(UTC))
        event.add("summary", self._services.rendering.say("documents/calendar_shift", one=one))
        # Being on call doesn't make somebody busy.
        event.add("transp", "TRANSPARENT")
        return event
