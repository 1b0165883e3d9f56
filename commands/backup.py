"""`/backup`: how old the backups are, and taking, listing and proving them."""

from bot.slack.blocks import Button
from commands.call import Answer, Call
from commands.command import Command

COMMAND = Command("backup", summary="How old the backups are; take one, list them, prove them.")


@COMMAND.alone
async def status(call: Call) -> Answer:
    """Every database: its last good backup, its age against the objective, its next run."""
    standings, now = await call.house.backups.standings(), call.house.clock.now()
    drills = await call.house.backup_drills.last_of_each()
    late = sum(standing.is_late(now) for standing in standings)
    buttons = _buttons("Back up", "backup.run", [standing.name for standing in standings if not standing.unsupported])
    return call.say("backup", buttons=buttons, standings=standings, drills=drills, late=late, now=now)


@COMMAND.verb("status", usage="status", help="every database: last good backup, age against RPO, next run")
async def status_asked(call: Call) -> Answer:
    return await status(call)


@COMMAND.verb("run", "take", "create", "now", usage="run [name]", help="take a backup now")
async def run(call: Call) -> Answer:
    """The only database there is needs no name; of several one has to be chosen."""
    wanted = call.text or _only(list(call.house.runbook.backups))
    if not wanted and call.house.runbook.backups:
        return call.say("backup_which", buttons=_buttons("Back up", "backup.run", list(call.house.runbook.backups)))
    backup = await call.house.backups.run(call.actor, wanted)
    return call.say("backup_begun", backup=backup, channel=call.house.runbook.channels.alerts)


@COMMAND.button("backup.run")
async def run_pressed(call: Call) -> Answer:
    return await run(call.with_text(call.value))


@COMMAND.verb("list", "ls", usage="list [name]", help="the latest runs")
async def list_(call: Call) -> Answer:
    return call.say("backup_list", name=call.text, backups=await call.house.backups.newest(call.text))


@COMMAND.verb("verify", "check", usage="verify [id|name|latest]", help="read a backup back: valid, or damaged and why")
async def verify(call: Call) -> Answer:
    verdict = await call.house.backup_verdicts.verify(call.actor, call.text)
    kind = call.house.runbook.backups[verdict.backup.name].kind
    return call.say("backup_verified", backup=verdict.backup, verdict=verdict, kind=kind)


@COMMAND.verb("drill", "rehearse", usage="drill [name]", help="restore a backup beside its database to prove it")
async def drill(call: Call) -> Answer:
    """The only database there is needs no name; of several one has to be chosen. A number names one backup."""
    names = list(call.house.runbook.backups)
    wanted = call.text or _only(names)
    if not wanted and names:
        return call.say("drill_which", buttons=_buttons("Drill", "backup.drill", names))
    begun = await call.house.backup_drills.drill(call.actor, wanted)
    return call.say("drill_begun", drill=begun, channel=call.house.runbook.channels.alerts)


@COMMAND.button("backup.drill")
async def drill_pressed(call: Call) -> Answer:
    return await drill(call.with_text(call.value))


@COMMAND.verb("restore", usage="restore <id>", help="restore a database (not there yet)")
async def restore(call: Call) -> Answer:
    return call.say("backup_later")


def _only(names: list[str]) -> str:
    return names[0] if len(names) == 1 else ""


def _buttons(label: str, action: str, names: list[str]) -> tuple[Button, ...]:
    """The action carries the name too: Slack wants every action of a message to differ."""
    return tuple(Button(f"{label} {name}", f"{action}#{name}", name) for name in names)
