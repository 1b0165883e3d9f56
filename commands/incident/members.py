"""Who may see a private incident: members, added and removed."""

from bot.domain.errors import Refused
from bot.domain.incidents.incident import Incident
from commands.desk.call import Answer, Call
from commands.desk.which_incident import about_an_incident
from commands.incident.book import COMMAND


@COMMAND.verb("add", "invite", usage="add @user", help="bring somebody in; of a private incident they become a member")
@about_an_incident("incident add")
async def add(call: Call, incident: Incident) -> Answer:
    who = _whom(call, "add")
    await call.house.memberships.add(call.actor, incident.id, who)
    return call.say("member_changed", what="added", who=who, incident=incident)


@COMMAND.verb("remove", "kick", "uninvite", usage="remove @user", help="take somebody out of a private incident")
@about_an_incident("incident remove")
async def remove(call: Call, incident: Incident) -> Answer:
    who = _whom(call, "remove")
    await call.house.memberships.remove(call.actor, incident.id, who)
    return call.say("member_changed", what="removed", who=who, incident=incident)


@COMMAND.verb("members", usage="members", help="who can see a private incident")
@about_an_incident("incident members")
async def members(call: Call, incident: Incident) -> Answer:
    found = await call.house.members.now(incident)
    return call.say("members", incident=incident, members=found.members, removed=found.removed)


def _whom(call: Call, verb: str) -> str:
    if not call.text:
        raise Refused(f"Type whom: `/incident {verb} @user`.")
    return str(call.whom()[0])
