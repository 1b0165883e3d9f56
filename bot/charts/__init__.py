"""Draws charts in a short-lived process, so that the bot's own memory stays small."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from bot.domain.errors import Rejected
from bot.shipped import program

DRAWN_WITHIN_S = 30.0
# If a whole team asks at once during an incident, drawing must not take the CPU from paging.
AT_ONCE = 2


@dataclass(frozen=True)
class Stretch:
    """A time span in which something was failing: Unix seconds, and the state."""

    begin: float
    end: float
    state: str


@dataclass(frozen=True)
class Chart:
    """A line over time. `points`: Unix seconds and values; None: no measurement, so the line has a gap.

    `begin` and `end`: the displayed range; `zone`: the IANA name of the time zone shown. `limit`: a line drawn across,
    None: there is none.
    """

    title: str
    unit: str
    zone: str
    begin: float
    end: float
    points: Sequence[tuple[float, float | None]]
    stretches: Sequence[Stretch]
    limit: float | None = None


@dataclass(frozen=True)
class Series:
    """`values`: one per label; None: unknown."""

    name: str
    values: Sequence[float | None]


@dataclass(frozen=True)
class BarChart:
    """Per label, one bar for each series; two series at most."""

    title: str
    unit: str
    labels: Sequence[str]
    series: Sequence[Series]


class Drawing:
    def __init__(self) -> None:
        self._places = asyncio.Semaphore(AT_ONCE)

    async def draw(self, chart: Chart | BarChart) -> bytes:
        """The chart as a PNG. Raises Rejected if it can't be drawn."""
        async with self._places:
            return await self._drawn(json.dumps(asdict(chart)).encode())

    async def _drawn(self, facts: bytes) -> bytes:
        process = await _begun()
        try:
            async with asyncio.timeout(DRAWN_WITHIN_S):
                picture, _ = await process.communicate(facts)
        except TimeoutError as error:
            raise Rejected(f"the chart was not drawn within {DRAWN_WITHIN_S:.0f} s") from error
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0 or not picture:
            raise Rejected(f"the chart could not be drawn: exit {process.returncode}")
        return picture


async def _begun() -> asyncio.subprocess.Process:
    try:
        command, environment = program("bot.charts")
        return await asyncio.create_subprocess_exec(
            *command, env=environment,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
    except OSError as error:
        raise Rejected(f"the chart could not be drawn: {error}") from error
