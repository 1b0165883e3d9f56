"""Facts about an incident shared by several commands."""

from datetime import datetime

from bot.domain.incidents.incident import Incident
from commands.desk.call import Call


def pages_from(call: Call, incident: Incident) -> datetime | None:
    """When paging begins, if the severity waits for working hours; None: at once."""
    severity = call.house.runbook.severity_as_declared(incident.severity)
    return call.house.runbook.pages_from(severity, call.house.clock.now())
