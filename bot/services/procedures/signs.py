"""What the alerts of an incident say: which procedure they name, and the values that commands can be filled with."""

from collections.abc import Mapping, Sequence

from bot.domain.alerts.alert import GroupStanding
from bot.domain.incidents.incident import Incident
from bot.domain.procedures.fitting import Sign
from bot.store.alerts import alerts
from bot.store.pipelined import Connection

# An incident with more cards than this is about everything.
MOST_GROUPS = 20


async def signs_of(conn: Connection, incident: Incident) -> list[Sign]:
    """One for each of its alerts, the oldest first."""
    found = []
    for group_id in (await alerts.groups_of_incident(conn, incident.id))[:MOST_GROUPS]:
        if standing := await alerts.standing(conn, group_id):
            found += signs_in(standing)
    return found


def signs_in(standing: GroupStanding) -> list[Sign]:
    return [Sign(one.title, one.labels, one.procedure, one.runbook_url) for one in standing.alerts]


def known_of(incident: Incident, signs: Sequence[Sign]) -> Mapping[str, str]:
    """Values by name. A label on which its alerts do not agree is not known."""
    values: dict[str, set[str]] = {}
    for sign in signs:
        for name, value in sign.labels.items():
            values.setdefault(name, set()).add(value)
    agreed = {name: next(iter(found)) for name, found in values.items() if len(found) == 1}
    return {"incident": incident.ref, "severity": incident.severity, **agreed}
