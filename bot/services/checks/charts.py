"""A check's last day as a picture uploaded to Slack, with a description in words for people who can't see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

from bot.charts import Chart, Drawing, Stretch
from bot.clock import Clock
from bot.domain.checks.check import has_pace
from bot.domain.checks.uptime import STANDS_FOR, IllTime, Sample, ill_times
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.runbook.health import Check, DiskCheck, TlsCheck
from bot.services.checks.health import Health
from bot.slack.gateway import Gateway
from bot.store.checks import checks
from bot.store.database import Database

SHOWN = timedelta(hours=24)


@dataclass(frozen=True)
class Picture:
    """`file`: its id in Slack. `alt`: what it shows, in words."""

    file: str
    alt: str


class ChartFiles:
    """Charts as files in Slack."""

    def __init__(self, drawing: Drawing, gateway: Gateway) -> None:
        self._drawing = drawing
        self._gateway = gateway

    async def upload(self, name: str, chart: Chart, *, alt: str) -> str:
        """Draw and upload; returns Slack's id of the file. Raises Failed if either fails."""
        return await self._gateway.upload(name, await self._drawing.draw(chart), alt=alt)


class CheckCharts:
    """Draws on every request; nothing is cached."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        runbook: Runbook,
        health: Health,
        files: ChartFiles,
        rendering: Rendering,
    ) -> None:
        self._db = db
        self._clock = clock
        self._runbook = runbook
        self._health = health
        self._files = files
        self._rendering = rendering

    async def of(self, check: Check) -> Picture | None:
        """Draw and upload its last day; None: too few looks. Raises Failed if either fails."""
        now = self._clock.now()
        async with self._db.transaction() as conn:
            looks = await checks.looks(conn, check.key, since=now - SHOWN, until=now)
        if not looks or looks[0].at == looks[-1].at:
            return None
        ill = ill_times(looks, longest=self._runbook.health.every * STANDS_FOR, now=now)
        chart = self._chart(check, looks, ill, now)
        day, *_ = await self._health.uptimes(check.key)
        facts = {"uptime": day, "ill": ill, "chart": chart, "has_pace": has_pace(check.kind)}
        alt = self._rendering.say("documents/check_chart", **facts)
        return Picture(await self._files.upload(f"{quote(check.key)}.png", chart, alt=alt), alt)

    def _chart(self, check: Check, looks: Sequence[Sample], ill: Sequence[IllTime], now: datetime) -> Chart:
        begin, zone = max(now - SHOWN, looks[0].at), self._runbook.timezone
        return Chart(
            title=f"{check.key}, {begin.astimezone(zone):%a %d %b %H:%M} to {now.astimezone(zone):%a %d %b %H:%M}",
            unit=self._health.measured_in(check),
            zone=str(zone),
            begin=begin.timestamp(),
            end=now.timestamp(),
            points=line_of(looks, longest=self._runbook.health.every * STANDS_FOR),
            stretches=[Stretch(one.begin.timestamp(), one.end.timestamp(), one.state) for one in ill],
            limit=_limit(check),
        )


def line_of(looks: Sequence[Sample], *, longest: timedelta) -> list[tuple[float, float | None]]:
    """The points of the line, as (timestamp, value). A None breaks it where no look was made for over `longest`."""
    points: list[tuple[float, float | None]] = []
    for before, look in zip([None, *looks], looks, strict=False):
        if before and look.at - before.at > longest:
            points.append(((before.at + longest).timestamp(), None))
        points.append((look.at.timestamp(), _value(look)))
    return points


def _value(look: Sample) -> float | None:
    """The measured value, otherwise the latency in ms; None when down: that latency would be the time-out."""
    if look.state == "down":
        return None
    return look.latency / timedelta(milliseconds=1) if look.measured is None else look.measured


def _limit(check: Check) -> float | None:
    """The threshold to degraded, in the unit that the check measures; None: it has none."""
    match check:
        case DiskCheck():
            return check.used_below
        case TlsCheck():
            return check.expires_within / timedelta(days=1)
        case _:
            return check.slow / timedelta(milliseconds=1) if check.slow else None
