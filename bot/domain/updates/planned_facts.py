"""Facts about planned work given to templates for audiences, and samples."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.maintenance.window import Window
from bot.domain.updates.update import PLANNED

PREFIX = "maintenance_"


def planned_facts(moment: str, window: Window, organisation: str, now: datetime) -> Mapping[str, object]:
    """`moment` without its prefix, as templates see it."""
    return {"moment": moment.removeprefix(PREFIX), "window": window, "now": now, "organisation": organisation}


def planned_samples(organisation: str, at: datetime) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Every moment with its facts."""
    planned = Window(
        7, "Database upgrade", at, at + timedelta(hours=2), timedelta(hours=48), ["clients"], {"check": "orders"},
        "orders", "ada", None, at - timedelta(days=3), components=["Shop", "Payments by card"],
    )  # fmt: skip
    begun = replace(planned, state="under_way", began_at=at)
    late = at + timedelta(hours=2, minutes=15)
    known = {
        "announced": (planned, at - timedelta(hours=48)), "begun": (begun, at), "overrun": (begun, late),
        "done": (replace(begun, state="done", ended_at=late, ended_by="ada"), late),
        "cancelled": (replace(planned, state="cancelled", ended_at=at, reason="The fix can wait"), at),
        "moved": (replace(planned, reason="The fix can wait"), at - timedelta(hours=1)),
    }  # fmt: skip
    for moment in PLANNED:
        short = moment.removeprefix(PREFIX)
        window, now = known[short]
        yield short, planned_facts(moment, window, organisation, now)
