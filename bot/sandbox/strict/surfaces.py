"""Rules about all blocks of a message, modal or Home tab together."""

from typing import Any, Literal

from bot.sandbox.limits import limit, limits
from bot.sandbox.model import Json
from bot.sandbox.numbering import elements_of
from bot.sandbox.strict.blocks import block
from bot.sandbox.strict.checks import Findings, array, found

Surface = Literal["message", "modal", "home"]


def judge_blocks(blocks: Any, surface: Surface, pointer: str) -> Findings:
    """Everything wrong with these blocks on this surface, in Slack's words; empty if nothing is."""
    findings: Findings = []
    most = limit("message" if surface == "message" else "view", "blocks_max")
    array(block(), 0, most)(blocks, pointer, findings)
    if findings:
        return findings
    _forbidden(blocks, surface, pointer, findings)
    _unique_ids(blocks, pointer, findings)
    _elements_fit(blocks, surface, pointer, findings)
    if surface == "message":
        _message_totals(blocks, pointer, findings)
    return findings


def _forbidden(blocks: list[Json], surface: Surface, pointer: str, findings: Findings) -> None:
    for index, entry in enumerate(blocks):
        if entry["type"] in limits()["surface_forbidden"][surface]:
            found(findings, f"unsupported block type on this surface: {entry['type']}", f"{pointer}/{index}/type")


def _unique_ids(blocks: list[Json], pointer: str, findings: Findings) -> None:
    seen: set[str] = set()
    for index, entry in enumerate(blocks):
        name = entry.get("block_id")
        if name in seen:
            found(findings, f"`block_id` must be unique: {name}", f"{pointer}/{index}/block_id")
        seen |= {name} if name else set()
        names = [element["action_id"] for element in elements_of(entry) if "action_id" in element]
        for twice in {name for name in names if names.count(name) > 1}:
            found(findings, f"`action_id` must be unique within its block: {twice}", f"{pointer}/{index}")


def _elements_fit(blocks: list[Json], surface: Surface, pointer: str, findings: Findings) -> None:
    focused = 0
    for index, entry in enumerate(blocks):
        for element in elements_of(entry):
            focused += bool(element.get("focus_on_load"))
            if element["type"] == "file_input" and surface != "modal":
                found(findings, "file_input is only allowed in modals", f"{pointer}/{index}/element")
            if element.get("response_url_enabled") and (surface != "modal" or entry["type"] != "input"):
                found(findings, "response_url_enabled is only allowed in a modal's input", f"{pointer}/{index}/element")
    if focused > limit("view", "focus_on_load_max"):
        found(findings, "only one element may have focus_on_load", pointer)


def _message_totals(blocks: list[Json], pointer: str, findings: Findings) -> None:
    markdown = sum(len(entry["text"]) for entry in blocks if entry["type"] == "markdown")
    if markdown > limit("message", "markdown_blocks_total_max"):
        found(findings, "markdown blocks are too long together", pointer)
    for kinds, key in (
        (("table", "data_table"), "tables_max"),
        (("data_visualization",), "data_visualization_max"),
        (("plan",), "plan_max"),
    ):
        if sum(entry["type"] in kinds for entry in blocks) > limit("message", key):
            found(findings, f"no more than {limit('message', key)} of {' or '.join(kinds)} allowed", pointer)
    for kind, key in (("table", "table_chars_total_max"), ("data_table", "data_table_chars_total_max")):
        if sum(_characters(entry["rows"]) for entry in blocks if entry["type"] == kind) > limit("message", key):
            found(findings, f"{kind} has too many characters", pointer)


def _characters(part: Any) -> int:
    """The amount of text in a table's cells."""
    if isinstance(part, list):
        return sum(_characters(entry) for entry in part)
    if isinstance(part, dict):
        own = len(part["text"]) if isinstance(part.get("text"), str) else 0
        return own + _characters(part.get("elements", []))
    return 0
