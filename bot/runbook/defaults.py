"""Defaults that depend on other parts of the file."""

from collections.abc import Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from bot.domain.errors import Refused
from bot.domain.incidents.deadline import NEXT_BUSINESS_DAY
from bot.runbook.durations import parse_duration
from bot.runbook.zones import zone_of

USUAL_ZONE = "UTC"
USUAL_WAIT = "15m"
# The wait between tiers for a severity to be answered on the next business day.
A_WORKING_DAY = "8h"


def filled(runbook: Mapping[str, Any]) -> dict[str, Any]:
    """The file's content with all escalation ladders and time zones filled in.

    Works on content that may still be invalid: anything of an unexpected shape is left alone and reported elsewhere.
    """
    whole = dict(runbook)
    if isinstance(whole.get("severities"), list):
        tiers = whole.get("tiers")
        # Without tiers the runbook is rejected anyway; the placeholder avoids a mistake per severity.
        names = list(tiers) if tiers and isinstance(tiers, Mapping) else ["?"]
        whole["severities"] = [_with_ladder(severity, names) for severity in whole["severities"]]
    if isinstance(whole.get("schedules"), Mapping):
        zone = _known_zone(whole.get("timezone"))
        whole["schedules"] = {key: _with_zone(schedule, zone) for key, schedule in whole["schedules"].items()}
    if "working_hours" in whole:
        whole["working_hours"] = _with_zone(whole["working_hours"], _known_zone(whole.get("timezone")))
    return whole


def _with_ladder(severity: object, tiers: Iterable[str]) -> object:
    """The default ladder: every tier in file order, each with the full time to respond."""
    if not isinstance(severity, Mapping):
        return severity
    ladder = severity.get("escalation", {})
    if not isinstance(ladder, Mapping) or "steps" in ladder:
        return severity
    wait = _known_wait(severity.get("respond_within"))
    steps = [{"page": tier, "wait": wait} for tier in tiers]
    return {**severity, "escalation": {**ladder, "steps": steps}}


def _with_zone(part: object, zone: ZoneInfo) -> object:
    return {"timezone": zone, **part} if isinstance(part, Mapping) else part


def _known_wait(value: object) -> object:
    if value == NEXT_BUSINESS_DAY:
        return A_WORKING_DAY
    try:
        return value if isinstance(value, str) and parse_duration(value) else USUAL_WAIT
    except Refused:
        return USUAL_WAIT


def _known_zone(value: object) -> ZoneInfo:
    if isinstance(value, ZoneInfo):
        return value
    try:
        return zone_of(str(value or USUAL_ZONE))
    except Refused:
        return zone_of(USUAL_ZONE)
