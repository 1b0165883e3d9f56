"""A chart is a picture, drawn in a separate process."""

from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image

from bot.charts import Chart, Drawing, Stretch
from bot.domain.errors import Rejected

NOON = 1_786_190_400.0


def a_chart(zone: str = "Europe/London") -> Chart:
    points = [(NOON + 60 * n, None if n == 3 else 80.0 + n) for n in range(10)]
    stretches = [Stretch(NOON + 180, NOON + 240, "down"), Stretch(NOON + 300, NOON + 360, "degraded")]
    return Chart("website, last 24 h", "ms", zone, NOON, NOON + 600, points, stretches, limit=100)


async def test_a_chart_is_a_picture() -> None:
    picture = await Drawing().draw(a_chart())

    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(picture) < 500_000


async def test_a_chart_that_cannot_be_drawn_is_logged_and_blocks_nothing() -> None:
    with pytest.raises(Rejected, match="the chart could not be drawn: exit 1"):
        await Drawing().draw(a_chart(zone="Nowhere/Land"))


async def test_measurements_are_drawn_in_their_place_and_gaps_stay_empty() -> None:
    picture = Image.open(BytesIO(await Drawing().draw(a_chart()))).convert("RGB")

    blue = {at for at, colour in _pixels(picture) if _is_like(colour, (0x1D, 0x63, 0xC4))}
    xs = {x for x, _ in blue}
    left, right = min(xs), max(xs)
    # Nine of ten minutes are measured: the last point is a tenth before the end, and the third minute is missing.
    assert right < picture.width * 0.95
    assert not xs & set(range(left + (right - left) * 5 // 18, left + (right - left) * 6 // 18))
    assert any(_is_like(colour, (0xE8, 0xA3, 0x3D)) for _, colour in _pixels(picture))


async def test_long_names_and_names_in_other_alphabets_are_drawn() -> None:
    for name in ("сайт", "ιστοσελίδα", "w" * 80):
        picture = await Drawing().draw(replace(a_chart(), title=f"{name}, Sat 08 Aug 12:00 to Sat 08 Aug 12:10"))

        margin = Image.open(BytesIO(picture)).convert("L").crop((1170, 0, 1200, 40))
        assert min(margin.tobytes()) > 200


def _pixels(picture: Image.Image) -> Iterator[tuple[tuple[int, int], tuple[int, int, int]]]:
    for n, colour in enumerate(zip(*(picture.getchannel(one).tobytes() for one in "RGB"), strict=True)):
        yield (n % picture.width, n // picture.width), colour


def _is_like(colour: tuple[int, int, int], other: tuple[int, int, int]) -> bool:
    return all(abs(one - two) < 24 for one, two in zip(colour, other, strict=True))
