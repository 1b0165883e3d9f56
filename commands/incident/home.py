"""The App Home: what is open, who is on call, and where to begin."""

from bot.domain.incidents.incident import by_urgency
from bot.slack.blocks import Button, home, message
from commands.desk.book import HELP
from commands.desk.call import Answer, Call, Home
from commands.desk.which_incident import lets_in
from commands.escalate.rota import on_call_words
from commands.incident.book import COMMAND
from commands.incident.look import panel_buttons

SHOWN = 10


@COMMAND.event("app_home_opened")
async def opened(call: Call) -> Answer:
    if call.message.get("tab") != "home":
        return None
    say = call.house.rendering.say
    found = by_urgency(await call.house.incidents.newest(open_only=True), call.house.runbook.severity_ids)
    shown = found[:SHOWN]
    seen = [one for one in shown if await lets_in(call, one)]
    facts = {"which": "open", "incidents": shown, "let_in": [one.id for one in seen], "skipped": 0, "at_home": True}
    listed = say("slack/list", **facts, more=len(found) - len(shown))
    begin = message(say("slack/panel", count=len(found)), panel_buttons())
    join = [Button(f"Join {one.ref}", f"incident.join#{one.id}", str(one.id)) for one in seen]
    muted = await call.house.silences.in_force()
    quiet = [message(say("slack/silences", silences=muted))] if muted else []
    return Home(home([begin, message(listed, join), *quiet, message(on_call_words(call))]))


@COMMAND.event("app_mention")
async def mentioned(call: Call) -> Answer:
    open_ones = await call.house.incidents.newest(open_only=True)
    return call.say("panel", buttons=panel_buttons(), count=len(open_ones))


@COMMAND.event("message")
async def written_to_us(call: Call) -> Answer:
    """A direct message is no command: whoever answers a page with “ack” must learn that nothing was done."""
    if str(call.message.get("text", "")).strip().lower().rstrip(".!") in HELP:
        return await COMMAND.help(call)
    return call.say("direct", buttons=panel_buttons())
