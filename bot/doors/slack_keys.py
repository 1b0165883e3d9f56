"""The key of a request from Slack: the same when it is delivered again, different for every press."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

LONGEST = 200


def key_of(kind: str, body: Mapping[str, Any]) -> str:
    """Slack's own id. Without one that can be stored, a digest of the whole body, so that two such requests don't share
    a key, which would lose the second."""
    own = _own_id(kind, body)
    return f"{kind} {own}" if _can_be_kept(own) else f"{kind} {_digest(body)}"


def _own_id(kind: str, body: Mapping[str, Any]) -> str:
    """Slack's own id; '' if there is none."""
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
