"""auth.test and team.info: where the app is installed."""

from bot.sandbox.call import MethodCall
from bot.sandbox.methods.method import Method, anywhere
from bot.sandbox.model import Json


def auth_test(call: MethodCall) -> Json:
    state = call.state
    return {
        "url": f"https://{state.domain}.slack.com/",
        "team": state.team_name,
        "user": state.bot.name,
        "team_id": state.team_id,
        "user_id": state.bot.id,
        "bot_id": state.bot_id,
        "is_enterprise_install": False,
    }


def info(call: MethodCall) -> Json:
    state = call.state
    return {"team": {"id": state.team_id, "name": state.team_name, "domain": state.domain, "email_domain": ""}}


METHODS = {
    "auth.test": Method(auth_test),
    "team.info": Method(info, anywhere("team:read")),
}
