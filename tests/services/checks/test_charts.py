"""A chart's line connects probes, and breaks where there were none."""

from datetime import UTC, datetime, timedelta

from bot.domain.checks.uptime import Sample
from bot.services.checks.charts import line_of

NOON = datetime(2026, 8, 8, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def a_look(minutes: int) -> Sample:
    return Sample(NOON + minutes * MINUTE, "healthy", timedelta(milliseconds=80), None)


def test_the_line_has_a_gap_where_there_were_no_probes() -> None:
    line = line_of([a_look(0), a_look(5), a_look(200)], longest=15 * MINUTE)
    hole = (NOON + 20 * MINUTE).timestamp()
    assert [value for _, value in line] == [80, 80, None, 80]
    assert line[2][0] == hole


def test_a_late_probe_makes_no_gap() -> None:
    assert [value for _, value in line_of([a_look(0), a_look(15)], longest=15 * MINUTE)] == [80, 80]
