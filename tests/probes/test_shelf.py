"""The shelf of probes: every module fulfils the same contract, and a kind without a module is refused."""

import inspect
from typing import get_args

import pytest

from bot.probes import shelf
from bot.runbook.health import CheckKind


@pytest.mark.parametrize("kind", sorted(shelf()))
def test_every_probe_has_a_kind_a_runbook_can_name_and_never_blocks(kind: str) -> None:
    probe = shelf()[kind]

    assert kind == probe.KIND
    assert kind in get_args(CheckKind)
    assert inspect.iscoroutinefunction(probe.probe)
    assert callable(probe.expects)


def test_every_kind_a_runbook_can_name_has_a_probe() -> None:
    assert set(shelf()) == set(get_args(CheckKind))
