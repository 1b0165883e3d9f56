"""The base classes of all parts of the runbook."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

from bot.runbook.values import Key


class Part(BaseModel):
    """Frozen; rejects unknown keys; dumps to what could have been written in the file."""

    model_config = ConfigDict(frozen=True, extra="forbid", serialize_by_alias=True, defer_build=True)


class Keyed(Part):
    """An entry of a group; it also knows its own key."""

    key: Key


def key_of(seen: Mapping[str, Any]) -> str:
    """The default for a name: the key, if it is valid."""
    return str(seen.get("key", "?"))


def _with_keys(group: object) -> object:
    if not isinstance(group, Mapping):
        return group
    return {key: {"key": key, **entry} if isinstance(entry, Mapping) else entry for key, entry in group.items()}


with_keys = BeforeValidator(_with_keys)
