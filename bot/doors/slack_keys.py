"""By what a request of Slack's is known: the same on a second delivery, another for every press."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

LONGEST = 200


def key_of(kind: str, body: Mapping[str, Any]) -> str:
    """Slack's own id of it. What bears none that could be kept is known by all that it says: so it is not taken for
    another one of that kind, and lost."""
    own = _own_id(kind, body)
    return f"{kind} {own}" if _can_be_kept(own) else f"{kind} {_digest(body)}"


def _own_id(kind: str, body: Mapping[str, Any]) -> str:
    """'' when it has none."""
    if kind == "event":
        return _text(body.get("event_id"))
    trigger = _text(body.get("trigger_id")) or _text(body.get("action_ts"))
    if kind == "form" and trigger:
        view = body["view"]
        return f"{view['id']} {view.get('hash', '')} {trigger}"
    return trigger


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _can_be_kept(own: str) -> bool:
    return bool(own) and len(own) <= LONGEST and own.isascii() and own.isprintable()


def _digest(body: Mapping[str, Any]) -> str:
    said = json.dumps(body, sort_keys=True, default=str)
    return hashlib.sha256(said.encode()).hexdigest()
