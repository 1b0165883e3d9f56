"""What of a page at statuspage.io is ours: each incident of ours there says so in its metadata."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.domain.updates.update import Update
from bot.publishers import Publication

# What we write into the metadata of an incident, and find there.
OURS = "tocsin"
NAME_LENGTH = 255


@dataclass(frozen=True)
class Known:
    """An incident there that is ours: its id, and the update that was written last."""

    id: str
    update: str | None = None


def ours_in(incident: Mapping[str, Any]) -> Mapping[str, Any]:
    """What we have written into its metadata; empty when it is somebody else's."""
    metadata = incident.get("metadata")
    ours = metadata.get(OURS) if isinstance(metadata, dict) else None
    return ours if isinstance(ours, dict) else {}


def known_in(incidents: Sequence[Mapping[str, Any]], publication: Publication) -> Known | None:
    """The newest that this is about, which stands first."""
    found = (one for one in incidents if ours_in(one).get("reference") == publication.thread)
    return next((Known(str(one["id"]), ours_in(one).get("update")) for one in found), None)


def besides(incidents: Sequence[Mapping[str, Any]], known: Known | None) -> list[Mapping[str, Any]]:
    return [one for one in incidents if not known or one.get("id") != known.id]


def written(publication: Publication, components: Mapping[str, str]) -> dict[str, Any]:
    """Metadata by which it is found again. `components`: what it makes of each while it goes on."""
    update = {"reference": publication.thread, "update": key_of_update(publication.update)}
    return {OURS: {**update, "components": dict(components)}}


def key_of_update(update: Update) -> str:
    return f"{update.id}.{update.created_at.timestamp():.0f}"
