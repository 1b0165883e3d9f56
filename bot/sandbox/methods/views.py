"""views.*: modals and the Home tab."""

from typing import Any

from bot.sandbox.call import MethodCall
from bot.sandbox.errors import SlackError, invalid_arguments
from bot.sandbox.methods.method import Method
from bot.sandbox.model import Json, View
from bot.sandbox.strict.views import check_view
from bot.sandbox.triggers import Trigger
from bot.sandbox.wire import view_json


def open_view(call: MethodCall) -> Json:
    trigger, content = _trigger(call), _view(call, "modal")
    view = call.state.screens.open(trigger.user, content)
    trigger.used = True
    return _answer(call, view)


def push(call: MethodCall) -> Json:
    trigger, content = _trigger(call), _view(call, "modal")
    if trigger.view is None:
        raise SlackError("not_found")
    view = call.state.screens.push(trigger.user, content)
    trigger.used = True
    return _answer(call, view)


def update(call: MethodCall) -> Json:
    screens = call.state.screens
    view_id, external_id = call.text("view_id"), call.text("external_id")
    if not view_id and not external_id:
        raise invalid_arguments("missing required field: view_id or external_id")
    view = screens.find(view_id) if view_id else screens.with_external_id(external_id)
    if view is None:
        raise SlackError("not_found")
    content = _view(call, view.content["type"])
    _check_hash(call, view)
    return _answer(call, screens.replace(view, content))


def publish(call: MethodCall) -> Json:
    if not call.state.manifest.home_tab:
        raise SlackError("not_enabled")
    user = call.user(call.required("user_id"))
    content = _view(call, "home")
    if home := call.state.screens.home(user.id):
        _check_hash(call, home)
    return _answer(call, call.state.screens.publish(user.id, content))


def _trigger(call: MethodCall) -> Trigger:
    return call.state.triggers.check(call.required("trigger_id"))


def _view(call: MethodCall, kind: str) -> Json:
    view: Any = call.parsed("view")
    if view is None:
        raise invalid_arguments("missing required field: view")
    return check_view(view, kind)


def _check_hash(call: MethodCall, view: View) -> None:
    wanted = call.text("hash")
    if wanted and wanted != view.hash:
        raise SlackError("hash_conflict")


def _answer(call: MethodCall, view: View) -> Json:
    return {"view": view_json(call.state, view)}


METHODS = {
    "views.open": Method(open_view, changes=True),
    "views.push": Method(push, changes=True),
    "views.update": Method(update, changes=True),
    "views.publish": Method(publish, changes=True),
}
