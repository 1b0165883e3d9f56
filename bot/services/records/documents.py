"""A whole incident as a document: Markdown for people, CSV for spreadsheets."""

import csv
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from io import StringIO
from typing import Any

from bot.domain.incidents.milestones import MILESTONES
from bot.domain.incidents.phases import by_phase
from bot.domain.text import no_formula
from bot.rendering import Rendering
from bot.services.records.gathering import IncidentRecord
from bot.services.records.tables import Row, rows
from bot.store.incidents.entries import KeptEntry
from bot.store.incidents.incidents import Entry

COLUMNS = tuple(one.name for one in fields(Row))


class Documents:
    """Deterministic: the same record gives the same bytes."""

    def __init__(self, rendering: Rendering) -> None:
        self._rendering = rendering

    def markdown(self, record: IncidentRecord) -> str:
        return self._rendering.say("markdown/incident", **facts(record)) + "\n"

    def table(self, record: IncidentRecord) -> str:
        """CSV, one row per item, grouped by section; times are RFC 3339 in UTC."""
        out = StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in rows(record):
            writer.writerow([_cell(getattr(row, name)) for name in COLUMNS])
        return out.getvalue()


def facts(record: IncidentRecord) -> Mapping[str, Any]:
    milestones = record.incident.milestones
    entries: list[Entry | KeptEntry] = [*record.timeline, *record.hidden]
    return {
        "incident": record.incident,
        "milestones": milestones,
        "names": MILESTONES,
        "phases": by_phase(record.timeline, milestones),
        "record": record,
        "entries": {entry.id: entry for entry in entries},
    }


def _cell(value: str | datetime | None) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return no_formula(value or "")
