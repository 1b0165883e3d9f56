"""Channels that are archived, unarchived or deleted, or that the bot leaves or enters."""

from dataclasses import replace

from bot.domain.actor import TOCSIN
from bot.domain.errors import Rejected
from bot.domain.incidents.incident import Incident
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
    """Archiving removed the bot: it rejoins a public channel, and waits for an invitation to a private one."""
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
    if call.message.get("channel_type") == "G" and call.user != (await call.house.gateway.whoami())[0]:
        incident = await call.house.incidents.of_room(call.channel)
        if incident and not await call.house.gateway.is_bot(call.user):
            await _came_in(call, incident)
    else:
        await call.house.closures.within_reach(call.channel, is_invited="inviter" in call.message)
    return None


async def _came_in(call: Call, incident: Incident) -> None:
    """Somebody a member invites in Slack becomes a member, too."""
    inviter = str(call.message.get("inviter", ""))
    by_us = not inviter or await call.house.gateway.is_bot(inviter)
    actor = TOCSIN if by_us else call.house.people.actor(inviter)
    await call.house.memberships.came_in(
        replace(actor, request=call.actor.request), incident, call.actor.name, by_us=by_us
    )
