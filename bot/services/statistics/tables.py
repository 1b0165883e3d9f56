"""A period's statistics as JSON and CSV."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

from bot.domain.statistics.numbers import Counts, Numbers, PagedPerson, Spread

COLUMNS = ("section", "name", "measure", "value")


def as_json(numbers: Numbers) -> dict[str, Any]:
    """As JSON: durations in seconds, times RFC 3339 in UTC, null for unknown."""
    period, left_out = numbers.period, numbers.left_out
    return {
        "period": {"name": period.name, "since": _instant(period.since), "until": _instant(period.until)},
        "incidents": _counts(numbers.counts),
        "times": _spreads(numbers.times),
        "times_by_severity": {severity: _spreads(one) for severity, one in numbers.times_by_severity.items()},
        "promises": {name: asdict(kept) for name, kept in numbers.promises.items()},
        "people": [_person(one) for one in numbers.people],
        "noise": {**asdict(numbers.noise), "alerts_per_incident": numbers.noise.alerts_per_incident},
        "availability": [
            {"check": one.check, "available": one.available, "measured_s": _seconds(one.measured)}
            for one in numbers.availability
        ],
        "recovery": [asdict(one) for one in numbers.recoveries],
        "rpo": {name: {"met": kept.kept, "missed": kept.missed} for name, kept in numbers.rpo.items()},
        "left_out": {
            "drills": left_out.drills,
            "private_without_details": left_out.private,
            "unresolved": left_out.unresolved,
        },
    }


def _counts(counts: Counts) -> dict[str, Any]:
    return {
        "count": counts.all,
        "open": counts.open,
        "reopened": counts.reopened,
        "by_severity": dict(counts.severities),
        "by_source": dict(counts.sources),
        "by_hour": {str(hour): count for hour, count in counts.hours.items()},
    }


def _person(one: PagedPerson) -> dict[str, Any]:
    return {
        "person": one.person,
        "pages": one.pages,
        "at_night": one.at_night,
        "at_weekends": one.at_weekends,
        "answered": one.answered,
        "answer_median_s": _seconds(one.median),
        "answer_p90_s": _seconds(one.p90),
    }


def as_csv(numbers: Numbers) -> str:
    """As CSV, one row per number: section, name, measure, value."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_rows(as_json(numbers)))
    return out.getvalue()


def _rows(found: Mapping[str, Any]) -> Iterator[tuple[str, str, str, Any]]:
    for section, value in found.items():
        if isinstance(value, list):
            for one in value:
                name = str(one.get("person") or one.get("check") or f"{one['what']} {one['name']}")
                measures = {measure: number for measure, number in one.items() if not isinstance(number, str)}
                yield from ((section, name, measure, _shown(number)) for measure, number in measures.items())
        else:
            for name, inner in value.items():
                yield from _of_mapping(section, str(name), inner)


def _of_mapping(section: str, name: str, value: Any) -> Iterator[tuple[str, str, str, Any]]:
    if not isinstance(value, Mapping):
        yield section, name, "", _shown(value)
        return
    for measure, inner in value.items():
        if isinstance(inner, Mapping):
            yield from ((section, f"{name} {measure}", part, _shown(number)) for part, number in inner.items())
        else:
            yield section, name, str(measure), _shown(inner)


def _shown(value: Any) -> Any:
    return "" if value is None else value


def _spreads(spreads: Mapping[str, Spread]) -> dict[str, dict[str, Any]]:
    return {
        name: {
            "n": one.n, "median_s": _seconds(one.median), "mean_s": _seconds(one.mean), "p90_s": _seconds(one.p90),
        }
        for name, one in spreads.items()
    }  # fmt: skip


def _seconds(span: timedelta | None) -> float | None:
    return None if span is None else round(span.total_seconds(), 3)


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
