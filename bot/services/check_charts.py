"""A check's last day as a picture, in Slack's keeping, with the same in words for who cannot see it."""

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote

from bot.charts import Chart, Drawing, Stretch
from bot.clock import Clock
from bot.domain.uptime import Look, ill_times
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.runbook.health import Check, DiskCheck, TlsCheck
from bot.services.health import STANDS_FOR, Health
from bot.slack.gateway import Gateway
from bot.store import checks
from bot.store.database import Database

SHOWN = timedelta(hours=24)


@dataclass(frozen=True)
class Picture:
    """`alt` is what it shows, in words."""

    file: str
    alt: str


class CheckCharts:
    """Drawn anew for each who asks: nothing is kept here."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        runbook: Runbook,
        health: Health,
        drawing: Drawing,
        gateway: Gateway,
        rendering: Rendering,
    ) -> None:
        self._db = db
        self._clock = clock
        self._runbook = runbook
        self._health = health
        self._drawing = drawing
        self._gateway = gateway
        self._rendering = rendering

    async def of(self, check: Check) -> Picture | None:
        """None when there is too little to draw. Raises Failed when it cannot be drawn, or Slack does not take it."""
        now = self._clock.now()
        async with self._db.transaction() as conn:
            looks = await checks.looks(conn, check.key, since=now - SHOWN, until=now)
        if not looks or looks[0].at == looks[-1].at:
            return None
        ill = ill_times(looks, longest=self._runbook.health.every * STANDS_FOR, now=now)
        chart = Chart(
            title=f"{check.key}, last 24 h",
            unit=self._health.measured_in(check),
            zone=str(self._runbook.timezone),
            begin=(now - SHOWN).timestamp(),
            end=now.timestamp(),
            points=[(look.at.timestamp(), _value(look)) for look in looks],
            stretches=[Stretch(one.begin.timestamp(), one.end.timestamp(), one.state) for one in ill],
            limit=_limit(check),
        )
        uptimes = await self._health.uptimes(check.key)
        day = uptimes[check.key][0] if check.key in uptimes else None
        alt = self._rendering.say("documents/check_chart", check=check, uptime=day, ill=ill, chart=chart)
        picture = await self._drawing.draw(chart)
        return Picture(await self._gateway.upload(f"{quote(check.key)}.png", picture, alt=alt), alt)


def _value(look: Look) -> float | None:
    """What is down has no value: its latency is how long nobody answered."""
    if look.state == "down":
        return None
    return look.latency / timedelta(milliseconds=1) if look.measured is None else look.measured


def _limit(check: Check) -> float | None:
    """From where on it is degraded, in what the check measures."""
    match check:
        case DiskCheck():
            return check.used_below
        case TlsCheck():
            return check.expires_within / timedelta(days=1)
        case _:
            return check.slow / timedelta(milliseconds=1) if check.slow else None
