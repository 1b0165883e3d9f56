"""The shelf of health checks: each module is one kind of check, found by itself.

A probe looks once and says what it found; how long it may take is its caller's business, and so is what follows. It
raises nothing for a sick target: that is a Finding.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from typing import Any, Protocol, cast

from bot.domain.checks.check import ProbeResult


class Probe(Protocol):
    """What a module of this shelf offers."""

    KIND: str
    # What a chart of its findings shows: the `measured` of a finding, else how long the answer took.
    MEASURES: str

    async def probe(self, check: Any) -> ProbeResult:
        """Look once at what this check of the runbook names."""

    def expects(self, check: Any) -> str:
        """What the finding is measured against, in a few words: `200 within 2s`."""


def shelf() -> Mapping[str, Probe]:
    """Every probe there is, by its kind."""
    names = [entry.name for entry in pkgutil.iter_modules(__path__) if not entry.name.startswith("_")]
    modules = [cast(Probe, importlib.import_module(f"{__name__}.{name}")) for name in names]
    return {module.KIND: module for module in modules}
