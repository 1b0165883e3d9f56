"""The App Home, and pointers for people who talk to the bot."""

from commands.desk.book import HELP
from commands.desk.call import Answer, Call, Home
from commands.incident.book import COMMAND
from commands.incident.corrections import CHANGED, DELETED, followed
from commands.incident.look import panel_buttons


@COMMAND.event("app_home_opened")
async def opened(call: Call) -> Answer:
    if call.message.get("tab") != "home":
        return None
    return Home(await call.house.homes.opened(call.user))


@COMMAND.event("app_mention")
async def mentioned(call: Call) -> Answer:
    open_ones = await call.house.incidents.newest(open_only=True)
    return call.say("panel", buttons=panel_buttons(), count=len(open_ones))


@COMMAND.event("message")
async def written_to_us(call: Call) -> Answer:
    """Direct messages are no commands: somebody who answers a page with “ack” must learn that nothing was done.

    Also follows edited and deleted messages that are in a timeline.
    """
    if call.message.get("subtype") in (CHANGED, DELETED):
        await followed(call)
        return None
    if str(call.message.get("text", "")).strip().lower().rstrip(".!") in HELP:
        return await COMMAND.help(call)
    return call.say("direct", buttons=panel_buttons())
