"""A chart is a picture, drawn by a program of its own."""

from pathlib import Path

import pytest

from bot.charts import Chart, Drawing, Stretch
from bot.domain.errors import Rejected

NOON = 1_786_190_400.0


def a_chart(zone: str = "Europe/London") -> Chart:
    points = [(NOON + 60 * n, None if n == 3 else 80.0 + n) for n in range(10)]
    stretches = [Stretch(NOON + 180, NOON + 240, "down"), Stretch(NOON + 300, NOON + 360, "degraded")]
    return Chart("website, last 24 h", "ms", zone, NOON, NOON + 600, points, stretches, limit=100)


async def test_a_chart_is_a_picture(tmp_path: Path) -> None:
    picture = await Drawing(tmp_path / "fonts").draw(a_chart())

    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(picture) < 500_000


async def test_what_cannot_be_drawn_is_said_and_stops_nobody(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="the chart could not be drawn: exit 1"):
        await Drawing(tmp_path).draw(a_chart(zone="Nowhere/Land"))
