"""The shelf of probes: every module on it keeps the same promise, and what is not on it is not guessed at."""

import inspect
from typing import get_args

import pytest

from bot.probes import shelf
from bot.runbook.health import CheckKind


@pytest.mark.parametrize("kind", sorted(shelf()))
def test_every_probe_is_of_a_kind_that_a_runbook_can_name_and_looks_without_blocking(kind: str) -> None:
    probe = shelf()[kind]

    assert kind == probe.KIND
    assert kind in get_args(CheckKind)
    assert inspect.iscoroutinefunction(probe.probe)
    assert callable(probe.expects)


def test_whatever_a_runbook_can_name_can_be_looked_at() -> None:
    assert set(shelf()) == set(get_args(CheckKind))
