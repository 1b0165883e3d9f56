"""The shelf of health checks: each module is one kind of check and is discovered automatically.

A probe looks once and returns what it found. The caller sets the time-out and decides what follows. A sick target isn't
an exception: it is part of the result.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from typing import Any, Protocol, cast

from bot.domain.checks.check import ProbeResult


class Probe(Protocol):
    """The interface of a module of this shelf."""

    KIND: str
    # What a chart of its results shows: the result's `measured`, otherwise the latency.
    MEASURES: str

    async def probe(self, check: Any) -> ProbeResult:
        """Look once at the target of this check from the runbook."""

    def expects(self, check: Any) -> str:
        """The expectation in a few words: `200 within 2s`."""


def shelf() -> Mapping[str, Probe]:
    """Every probe, by kind."""
    names = [entry.name for entry in pkgutil.iter_modules(__path__) if not entry.name.startswith("_")]
    modules = [cast(Probe, importlib.import_module(f"{__name__}.{name}")) for name in names]
    return {module.KIND: module for module in modules}
