"""Reads an incident's alerts: the procedures they name, and values to fill into commands."""

from collections.abc import Mapping, Sequence

from bot.domain.alerts.alert import GroupStanding
from bot.domain.incidents.incident import Incident
from bot.domain.procedures.fitting import Sign
from bot.store.alerts import alerts
from bot.store.pipelined import Connection

# An incident with more alert cards is about everything; reading more of them would help nobody.
MOST_GROUPS = 20


async def signs_of(conn: Connection, incident: Incident) -> list[Sign]:
    """One sign per alert of the incident, oldest card first."""
    found = []
    for group_id in (await alerts.groups_of_incident(conn, incident.id))[:MOST_GROUPS]:
        if standing := await alerts.standing(conn, group_id):
            found += signs_in(standing)
    return found


def signs_in(standing: GroupStanding) -> list[Sign]:
    return [Sign(one.title, one.labels, one.procedure, one.runbook_url) for one in standing.alerts]


def known_of(incident: Incident, signs: Sequence[Sign]) -> Mapping[str, str]:
    """Values for commands, by name. A label is left out if the alerts disagree on it."""
    values: dict[str, set[str]] = {}
    for sign in signs:
        for name, value in sign.labels.items():
            values.setdefault(name, set()).add(value)
    agreed = {name: next(iter(found)) for name, found in values.items() if len(found) == 1}
    return {"incident": incident.ref, "severity": incident.severity, **agreed}
