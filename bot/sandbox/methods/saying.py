"""What a message may contain: text, blocks, attachments and metadata, checked as Slack does."""

from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.call import MethodCall
from bot.sandbox.errors import SlackError
from bot.sandbox.limits import limit
from bot.sandbox.model import Json
from bot.sandbox.numbering import with_ids
from bot.sandbox.strict.messages import check_attachments, check_message_blocks, check_metadata

PICTURES = ("image/png", "image/jpeg", "image/gif")


@dataclass(frozen=True)
class Content:
    text: str
    blocks: list[Json] | None = None
    attachments: list[Json] = field(default_factory=list)
    metadata: Json | None = None
    parses_names: bool = False


def content_of(call: MethodCall) -> Content:
    """The message in the call's arguments; refused if it is empty or invalid."""
    blocks = _blocks(call.parsed("blocks", "invalid_blocks_format"))
    _must_have_files(call, blocks or [])
    attachments = _numbered(check_attachments(call.parsed("attachments", "invalid_attachments") or []))
    markdown = call.text("markdown_text")
    if markdown and (call.text("text") or blocks):
        raise SlackError("markdown_text_conflict")
    if len(markdown) > limit("message", "markdown_text_max"):
        raise SlackError("msg_too_long")
    if markdown:
        blocks = [{"type": "markdown", "text": markdown}]
    text = _cut(call, call.text("text") or markdown)
    if not text.strip() and not blocks and not attachments:
        raise SlackError("no_text")
    metadata = check_metadata(call.parsed("metadata", "invalid_metadata_format"))
    parses = call.flag("link_names") or call.text("parse") == "full"
    return Content(text, blocks, attachments, metadata, parses)


def _blocks(given: Any) -> list[Json] | None:
    if given is None or given == []:
        return None
    checked: list[Json] = check_message_blocks(given)
    return checked


def _must_have_files(call: MethodCall, blocks: list[Json]) -> None:
    """An image has to be an uploaded file, completed, and of a displayable type."""
    for number, block in enumerate(blocks):
        wanted = block.get("slack_file", {}).get("id")
        file = call.state.files.get(wanted) if wanted else None
        if wanted and (file is None or not file.completed or file.mimetype not in PICTURES):
            raise _invalid_file(number)
        if wanted and call.state.faults.keeps_file_back():
            raise _invalid_file(number, is_slacks_own=True)


def _invalid_file(block: int, *, is_slacks_own: bool = False) -> SlackError:
    finding = f"invalid slack file [json-pointer:/blocks/{block}/slack_file]"
    more = {"errors": [finding], "response_metadata": {"messages": [f"[ERROR] {finding}"]}}
    return SlackError("invalid_blocks", is_slacks_own=is_slacks_own, **more)


def _cut(call: MethodCall, text: str) -> str:
    longest = limit("message", "text_truncate")
    if len(text) > longest:
        call.warn("message_truncated")
    return text[:longest]


def _numbered(attachments: list[Json]) -> list[Json]:
    """Number their blocks too, so that their buttons can be pressed."""
    return [
        part | {"blocks": with_ids(part["blocks"], f"attached{number}b")} if part.get("blocks") else part
        for number, part in enumerate(attachments)
    ]
