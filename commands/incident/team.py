"""Who works on an incident: the lead, other roles, and people who join."""

from bot.domain.errors import AlreadyDone, Refused
from bot.domain.incidents.incident import Incident, must_be_open, refusing_about
from bot.slack.blocks import Input, form
from commands.desk.call import Answer, Call, Form
from commands.desk.typed import first_word
from commands.desk.which_incident import about_an_incident, incident_of_button, incident_of_form, titled
from commands.incident.book import COMMAND
from commands.incident.look import panel_again


@COMMAND.verb("lead", "commander", usage="lead [@user]", help="take the lead, or give it")
@about_an_incident("incident lead")
async def lead(call: Call, incident: Incident) -> Answer:
    who = call.whom()[0] if call.text else call.actor.name
    changed = await call.house.responders.set_role(call.actor, incident.id, "lead", who)
    return _unless_in_room(call, changed, "lead", who)


@COMMAND.button("incident.lead")
async def take_lead(call: Call) -> Answer:
    incident = await incident_of_button(call)
    with refusing_about(incident):
        try:
            changed = await call.house.responders.set_role(
                call.actor, incident.id, "lead", call.actor.name, vacant=True
            )
        except AlreadyDone as done:
            lead = (await call.house.incidents.find(incident.ref)).lead
            name = call.house.people.written(lead) if lead else "Somebody else"
            raise AlreadyDone(f"{name} leads {incident.ref} already. To take over, type `/incident lead`.") from done
    return await panel_again(call, changed)


@COMMAND.verb("role", "assign", usage="role [<role> @user]", help="give somebody a role")
@about_an_incident("incident role")
async def role(call: Call, incident: Incident) -> Answer:
    name, whom = first_word(call.typed)
    if not name:
        must_be_open(incident, "give roles")
        return _role_form(call, incident)
    if not whom:
        roles = ", ".join(call.house.runbook.roles)
        raise Refused(f"Type a role and a person: `/incident role <role> @user`. The roles are: {roles}.")
    who, _ = call.with_text(whom).whom()
    changed = await call.house.responders.set_role(call.actor, incident.id, name, who)
    return _unless_in_room(call, changed, name.lower(), who)


@COMMAND.form("incident.role")
async def role_chosen(call: Call) -> Answer:
    """No answer: everybody sees it in the room."""
    who = call.house.people.named(call.values["who"])
    await call.house.responders.set_role(call.actor, (await incident_of_form(call)).id, call.values["role"], who)
    return None


@COMMAND.button("incident.join")
async def join(call: Call) -> Answer:
    incident = await incident_of_button(call)
    await call.house.responders.join(call.actor, incident.id)
    return call.say("joining", incident=incident)


def _unless_in_room(call: Call, incident: Incident, role: str, who: str) -> Answer:
    """No answer in the room, where the bot's message shows it."""
    if call.channel == incident.room_id:
        return None
    return call.say("role_given", role=role, who=who, incident=incident)


def _role_form(call: Call, incident: Incident) -> Form:
    roles = [(role, role) for role in call.house.runbook.roles]
    inputs = [Input("role", "Role", options=roles, value=roles[0][0]), Input("who", "Who", kind="person")]
    return Form(form("incident.role", titled("Role in", incident), inputs, submit="Give", private=str(incident.id)))
