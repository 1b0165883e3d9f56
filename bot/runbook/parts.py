"""What every part of the runbook has in common."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

from bot.runbook.values import Key


class Part(BaseModel):
    """Frozen; a key it does not know is a mistake; dumps to what could have been written in the file."""

    model_config = ConfigDict(frozen=True, extra="forbid", serialize_by_alias=True, defer_build=True)


class Keyed(Part):
    """An entry of a group: it also knows the key it stands under."""

    key: Key


def key_of(seen: Mapping[str, Any]) -> str:
    """The default of a name: the key, as long as the key itself is in order."""
    return str(seen.get("key", "?"))


def _with_keys(group: object) -> object:
    if not isinstance(group, Mapping):
        return group
    return {key: {"key": key, **entry} if isinstance(entry, Mapping) else entry for key, entry in group.items()}


with_keys = BeforeValidator(_with_keys)
