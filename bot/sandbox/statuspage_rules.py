"""What statuspage.io rejects for incidents and for scheduled maintenance, which is an incident with other states."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

Json = Mapping[str, Any]

OF_INCIDENTS = ("investigating", "identified", "monitoring", "resolved")
OF_MAINTENANCE = ("scheduled", "in_progress", "verifying", "completed")
COMPONENT_STATES = ("operational", "under_maintenance", "degraded_performance", "partial_outage", "major_outage")
IMPACTS = ("none", "maintenance", "minor", "major", "critical", None)
NAME_LENGTH = 255
PLANNED = ("scheduled_for", "scheduled_until")
FIELDS = frozenset((
    "name", "status", "body", "impact_override", "metadata", "components", "component_ids", "deliver_notifications",
    *PLANNED, "scheduled_remind_prior", "scheduled_auto_in_progress", "scheduled_auto_completed",
    "auto_transition_to_maintenance_state", "auto_transition_to_operational_state",
    "auto_transition_deliver_notifications_at_start", "auto_transition_deliver_notifications_at_end",
))  # fmt: skip
# Tolerance for "in the future", for the time that a request takes.
A_MOMENT = timedelta(minutes=5)


def wrong_in(given: Json, incident: Json | None, now: datetime) -> list[str]:
    """Every reason; `incident` as stored, None: it is being created."""
    merged = {**(incident or {}), **given}
    components, metadata = given.get("components", {}), given.get("metadata", {})
    wrong = {
        "Name can't be blank": not merged.get("name"),
        "Name is too long (maximum is 255 characters)": len(given.get("name", "")) > NAME_LENGTH,
        "Status is not included in the list": "status" in given and given["status"] not in _statuses(incident),
        "Impact override is not included in the list": given.get("impact_override") not in IMPACTS,
        "Metadata must only have objects": not all(isinstance(one, dict) for one in metadata.values()),
        "Component status is not included in the list": not set(components.values()) <= set(COMPONENT_STATES),
        "Components must be among the component ids": not components.keys() <= set(given.get("component_ids", [])),
        **{f"{field} is not permitted": True for field in given.keys() - FIELDS},
    }
    if merged.get("status") in OF_MAINTENANCE:
        wrong |= _wrong_plan(given, merged, incident, now)
    elif given.keys() & {*PLANNED}:
        wrong["Only maintenance is scheduled"] = True
    return [reason for reason, is_so in wrong.items() if is_so]


def _statuses(incident: Json | None) -> tuple[str, ...]:
    """The allowed states: an incident can't become maintenance, nor the reverse."""
    if incident is None:
        return (*OF_INCIDENTS, *OF_MAINTENANCE)
    return OF_MAINTENANCE if incident["status"] in OF_MAINTENANCE else OF_INCIDENTS


def _wrong_plan(given: Json, merged: Json, incident: Json | None, now: datetime) -> dict[str, bool]:
    try:
        begins, ends = (datetime.fromisoformat(merged[field]) for field in PLANNED)
    except (KeyError, TypeError, ValueError):
        return {"Scheduled for and scheduled until must be times": True}
    if not (begins.tzinfo and ends.tzinfo):
        return {"Scheduled for and scheduled until must have a zone": True}
    is_over = incident is not None and incident["status"] == "completed"
    return {
        "Scheduled until must be after scheduled for": ends <= begins,
        "Scheduled for must be in the future": given.get("status") == "scheduled" and begins < now - A_MOMENT,
        "Status cannot be changed from completed": is_over and given.get("status", "completed") != "completed",
    }
