"""users.* and usergroups.*: the members."""

from bot.sandbox.call import MethodCall
from bot.sandbox.errors import SlackError, invalid_arguments
from bot.sandbox.methods.method import Method, anywhere
from bot.sandbox.methods.paging import page
from bot.sandbox.model import Json
from bot.sandbox.wire import user_json, usergroup_json


def info(call: MethodCall) -> Json:
    return {"user": user_json(call.state, call.user(call.required("user", "user_not_found")))}


def list_all(call: MethodCall) -> Json:
    chosen, metadata = page(call, list(call.state.users.values()))
    return {"members": [user_json(call.state, user) for user in chosen], "response_metadata": metadata}


def look_up_by_email(call: MethodCall) -> Json:
    if "users:read" not in call.state.scopes:
        raise call.missing_scope("users:read")
    email = call.text("email")
    if not email:
        raise invalid_arguments("missing required field: email")
    found = call.state.users_by_email(email)
    if not found:
        raise SlackError("users_not_found")
    return {"user": user_json(call.state, found[0])}


def list_groups(call: MethodCall) -> Json:
    return {"usergroups": [usergroup_json(group) for group in call.state.usergroups.values()]}


def list_group_users(call: MethodCall) -> Json:
    group = call.state.usergroups.get(call.required("usergroup"))
    if group is None:
        raise SlackError("no_such_subteam")
    return {"users": group.users}


METHODS = {
    "users.info": Method(info, anywhere("users:read")),
    "users.list": Method(list_all, anywhere("users:read")),
    "users.lookupByEmail": Method(look_up_by_email, anywhere("users:read.email")),
    "usergroups.list": Method(list_groups, anywhere("usergroups:read")),
    "usergroups.users.list": Method(list_group_users, anywhere("usergroups:read")),
}
