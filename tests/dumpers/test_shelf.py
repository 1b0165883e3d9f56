"""The shelf of backups: what can be dumped, and where dumps can be stored."""

from inspect import isasyncgenfunction, iscoroutinefunction
from typing import get_args

import pytest

from bot.dumpers import dumpers, kind_of_place, places, restorers
from bot.runbook.backups import BackupKind
from bot.settings import Settings


@pytest.mark.parametrize("kind", sorted(dumpers()))
def test_every_dumper_has_a_kind_a_runbook_can_name(kind: str) -> None:
    dumper = dumpers()[kind]

    assert kind in get_args(BackupKind)
    assert dumper.SUFFIX.startswith(".")
    assert iscoroutinefunction(dumper.equip)
    assert isasyncgenfunction(dumper.dump)
    assert iscoroutinefunction(dumper.inspect)
    assert iscoroutinefunction(dumper.count)


PLACES = places(Settings.from_environment({}))


@pytest.mark.parametrize("kind", sorted(PLACES))
def test_every_storage_can_be_written_read_and_cleared(kind: str) -> None:
    place = PLACES[kind]

    assert all(
        iscoroutinefunction(deed) for deed in (place.write, place.settle, place.discard, place.remove, place.manifest)
    )
    assert callable(place.read)
    assert callable(place.read_draft)


def test_postgresql_can_be_dumped_into_a_folder_and_into_a_bucket() -> None:
    assert "postgresql" in dumpers()
    assert sorted(PLACES) == ["local", "s3"]


def test_the_kind_of_storage_follows_from_its_notation() -> None:
    assert kind_of_place("/var/backups") == "local"
    assert kind_of_place("s3://bucket/prefix") == "s3"


@pytest.mark.parametrize("kind", sorted(restorers()))
def test_every_restorer_restores_what_a_dumper_dumps(kind: str) -> None:
    restorer = restorers()[kind]

    assert kind in dumpers()
    putting = "exchange" if restorer.EXCHANGES else "overwrite"
    deeds = ("ready", "prospect", "is_connected", "fill", "dress", "counts", "ask", "exists", putting, "drop")
    assert [name for name in deeds if not iscoroutinefunction(getattr(restorer, name))] == []
