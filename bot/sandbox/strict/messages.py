"""Whole messages: blocks, attachments and metadata, rejected with the error codes of chat.postMessage."""

from typing import Any

from bot.sandbox.errors import SlackError
from bot.sandbox.limits import limit
from bot.sandbox.model import Json
from bot.sandbox.strict.surfaces import judge_blocks


def check_message_blocks(blocks: Any) -> list[Json]:
    """The blocks, if Slack would accept them in a message; otherwise raises `invalid_blocks` with the reasons."""
    if not isinstance(blocks, list):
        raise SlackError("invalid_blocks_format")
    if findings := judge_blocks(blocks, "message", "/blocks"):
        messages = [f"[ERROR] {finding}" for finding in findings]
        raise SlackError("invalid_blocks", errors=findings, response_metadata={"messages": messages})
    return blocks


def check_attachments(attachments: Any) -> list[Json]:
    if not isinstance(attachments, list) or not all(isinstance(entry, dict) for entry in attachments):
        raise SlackError("invalid_attachments")
    if len(attachments) > limit("message", "attachments_max"):
        raise SlackError("too_many_attachments")
    for entry in attachments:
        check_message_blocks(entry.get("blocks", []))
        _check_legacy(entry)
    return attachments


def check_metadata(metadata: Any) -> Json | None:
    """Metadata must be an event type and an object, nothing else."""
    if metadata is None or metadata == {}:
        return None
    if not isinstance(metadata, dict) or set(metadata) - {"event_type", "event_payload", "entities"}:
        raise SlackError("invalid_metadata_format")
    kind, payload = metadata.get("event_type"), metadata.get("event_payload")
    if not isinstance(kind, str) or not kind or not isinstance(payload, dict):
        raise SlackError("invalid_metadata_schema")
    return metadata


def _check_legacy(attachment: Json) -> None:
    if len(attachment.get("actions", ())) > limit("attachment", "actions_max"):
        raise SlackError("invalid_attachments")
    if len(attachment.get("footer", "")) > limit("attachment", "footer_max"):
        raise SlackError("invalid_attachments")
