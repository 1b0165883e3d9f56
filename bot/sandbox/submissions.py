"""Applies the app's answer to a submitted form, and rejects an invalid one as Slack does."""

from typing import Any

from bot.sandbox.errors import SlackError
from bot.sandbox.model import Json, View
from bot.sandbox.state import State
from bot.sandbox.strict.views import check_view

TROUBLE = "We had some trouble connecting. Try again?"


class SenselessAnswer(Exception):
    """The acknowledgement of a form isn't one that Slack understands."""


def apply_answer(state: State, view: View, body: Any) -> dict[str, str]:
    """Close, change or push views as the app answered; returns the errors to show in the form, by block_id.

    Raises SenselessAnswer if Slack wouldn't accept the answer; then the form stays as it is.
    """
    if body in (None, {}, ""):
        state.screens.close(view)
        return {}
    action = body.get("response_action") if isinstance(body, dict) else None
    if action == "errors":
        return _errors(view, body.get("errors"))
    if action == "clear":
        state.screens.clear(view.user)
    elif action in ("update", "push"):
        _show(state, view, action, body.get("view"))
    else:
        raise SenselessAnswer(f"unknown response_action {action!r}")
    return {}


def _errors(view: View, errors: Any) -> dict[str, str]:
    inputs = {block["block_id"] for block in view.blocks if block["type"] == "input"}
    if not isinstance(errors, dict) or not errors:
        raise SenselessAnswer("errors must be an object that is not empty")
    if strangers := set(errors) - inputs:
        raise SenselessAnswer(f"errors for what is no input block: {', '.join(sorted(strangers))}")
    return {str(block_id): str(sentence) for block_id, sentence in errors.items()}


def _show(state: State, view: View, action: str, content: Json | None) -> None:
    try:
        checked = check_view(content, "modal")
        if action == "push":
            state.screens.push(view.user, checked)
        else:
            state.screens.replace(view, checked)
    except SlackError as error:
        raise SenselessAnswer(f"{error.code} {error.fields}") from error
