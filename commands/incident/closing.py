"""Channels that are archived, unarchived, deleted, or that the bot is put out of or invited to."""

from bot.domain.errors import Rejected
from commands.desk.call import Answer, Call
from commands.incident.book import COMMAND


@COMMAND.event("channel_archive")
@COMMAND.event("group_archive")
async def archived(call: Call) -> Answer:
    await call.house.closures.closed(call.channel, "archived", certain=True)
    return None


@COMMAND.event("channel_left")
@COMMAND.event("group_left")
async def left(call: Call) -> Answer:
    await call.house.closures.closed(call.channel, "left")
    return None


@COMMAND.event("channel_deleted")
@COMMAND.event("group_deleted")
async def deleted(call: Call) -> Answer:
    await call.house.closures.closed(call.channel, "deleted", certain=True)
    return None


@COMMAND.event("channel_unarchive")
@COMMAND.event("group_unarchive")
async def unarchived(call: Call) -> Answer:
    """Archiving has put the bot out: it goes back into one of its own, and waits to be invited to a private one."""
    closures = call.house.closures
    if not await closures.is_closed(call.channel):
        await closures.within_reach(call.channel, is_invited=False)
        return None
    try:
        await call.house.gateway.join(call.channel)
    except Rejected:
        await closures.closed(call.channel, "left", certain=True)
    else:
        await closures.opened(call.channel)
    return None


@COMMAND.event("member_joined_channel")
async def joined(call: Call) -> Answer:
    await call.house.closures.within_reach(call.channel, is_invited="inviter" in call.message)
    return None
