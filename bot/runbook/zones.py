"""Time zones, by their names in the IANA database."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from bot.domain.errors import Refused
from bot.runbook.mistakes import nearest


def zone_of(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        close = nearest(name, available_timezones())
        hint = f"did you mean {close}?" if close else "say one such as Europe/London or UTC"
        raise Refused(f"“{name}” is not a time zone: {hint}") from error
