"""Calendar files: RFC 5545."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from icalendar import Calendar, Event, vCalAddress, vText

MADE_BY = "-//Tocsin//Tocsin//EN"


@dataclass(frozen=True)
class Meeting:
    """`uid` stays the same when it is moved, and `edition` increases. `attendees`: (name, address)."""

    uid: str
    edition: int
    title: str
    text: str
    starts: datetime
    lasts: timedelta
    said_at: datetime
    url: str | None = None
    attendees: Sequence[tuple[str, str]] = ()


def invitation(meeting: Meeting) -> str:
    """A calendar file with this one meeting. A calendar that has an earlier edition moves it."""
    event = Event()
    event.add("uid", meeting.uid)
    event.add("sequence", meeting.edition)
    event.add("dtstamp", meeting.said_at)
    event.add("dtstart", meeting.starts)
    event.add("dtend", meeting.starts + meeting.lasts)
    event.add("summary", meeting.title)
    event.add("description", meeting.text)
    if meeting.url:
        event.add("url", meeting.url)
    for name, address in meeting.attendees:
        attendee = vCalAddress(f"mailto:{address}")
        attendee.params["cn"] = vText(name)
        attendee.params["rsvp"] = vText("TRUE")
        event.add("attendee", attendee, encode=False)
    calendar = Calendar()
    calendar.add("prodid", MADE_BY)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add_component(event)
    return str(calendar.to_ical().decode("utf-8"))
