"""Whole modals and Home tabs, rejected with the error codes of views.open."""

import json
from functools import cache
from typing import Any

from bot.sandbox.errors import SlackError, invalid_arguments
from bot.sandbox.limits import limit
from bot.sandbox.model import Json
from bot.sandbox.strict.checks import Check, Findings, anything, boolean, found, shape, text
from bot.sandbox.strict.surfaces import judge_blocks
from bot.sandbox.strict.texts import plain


def check_view(view: Any, kind: str) -> Json:
    """The view, if Slack would show it as this kind (`modal` or `home`); otherwise raises `invalid_arguments` with the
    reasons."""
    if not isinstance(view, dict):
        raise invalid_arguments("must provide an object [json-pointer:/view]")
    if len(json.dumps(view, ensure_ascii=False).encode()) > limit("view", "bytes_max"):
        raise SlackError("view_too_large")
    if findings := judge_view(view, kind):
        raise invalid_arguments(*findings)
    return view


def judge_view(view: Json, kind: str) -> Findings:
    """Everything wrong with the view; empty if nothing is."""
    findings: Findings = []
    if view.get("type") != kind:
        found(findings, f"must be of type {kind}", "/view/type")
        return findings
    (_modal() if kind == "modal" else _home())(view, "/view", findings)
    if isinstance(view.get("blocks"), list):
        findings += judge_blocks(view["blocks"], "modal" if kind == "modal" else "home", "/view/blocks")
    if not findings and kind == "modal" and _has_input(view) and "submit" not in view:
        found(findings, "missing required field: submit", "/view")
    return findings


def _has_input(view: Json) -> bool:
    return any(entry["type"] == "input" for entry in view["blocks"])


@cache
def _home() -> Check:
    return shape({"type": text(), "blocks": anything}, _common())


@cache
def _modal() -> Check:
    optional = {
        "submit": plain(limit("view", "submit_max")),
        "close": plain(limit("view", "close_max")),
        "clear_on_close": boolean,
        "notify_on_close": boolean,
        "submit_disabled": boolean,
    }
    required = {"type": text(), "title": plain(limit("view", "title")), "blocks": anything}
    return shape(required, _common() | optional)


def _common() -> dict[str, Check]:
    return {
        "private_metadata": text(0, limit("view", "private_metadata_max")),
        "callback_id": text(0, limit("view", "callback_id_max")),
        "external_id": text(0, limit("view", "external_id_max")),
    }
