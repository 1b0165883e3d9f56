"""`/backup`: the state of backups; take, list, prove and restore them."""

from collections.abc import Mapping
from typing import Any

from bot.domain.backups.target import Target
from bot.domain.errors import Refused
from bot.slack.blocks import Button, Input, form
from commands.desk.book import Command
from commands.desk.call import Answer, Call, Form
from commands.desk.typed import first_word
from commands.desk.which_incident import must_be_for_everybody

# Accepted spellings.
GLASS = ("break-glass", "breakglass", "break_glass")

COMMAND = Command("backup", summary="How old the backups are; take, prove and restore them.")


@COMMAND.alone
async def status(call: Call) -> Answer:
    """Every database: last good backup, age against the objective, next run."""
    standings, now = await call.house.backups.standings(), call.house.clock.now()
    drills = await call.house.backup_drills.last_of_each()
    recoveries = await call.house.backup_restores.recoveries()
    late = sum(standing.is_late(now) for standing in standings)
    buttons = _buttons("Back up", "backup.run", [standing.name for standing in standings if not standing.unsupported])
    return call.say(
        "backup", buttons=buttons, standings=standings, drills=drills, recoveries=recoveries, late=late, now=now
    )


@COMMAND.verb("status", usage="status", help="every database: last good backup, age against RPO, next run")
async def status_asked(call: Call) -> Answer:
    return await status(call)


@COMMAND.verb("run", "take", "create", "now", usage="run [name]", help="take a backup now", needs="backup.run")
async def run(call: Call) -> Answer:
    """Without a name: the only database, else ask which; if there is none, say so."""
    if not call.text and not call.house.runbook.backups:
        return await status(call)
    wanted = call.text or _only(list(call.house.runbook.backups))
    if not wanted and call.house.runbook.backups:
        return call.say("backup_which", buttons=_buttons("Back up", "backup.run", list(call.house.runbook.backups)))
    backup = await call.house.backups.run(call.actor, wanted)
    return call.say("backup_begun", backup=backup, **await _alerts_channel(call))


@COMMAND.button("backup.run")
async def run_pressed(call: Call) -> Answer:
    return await run(call.with_text(call.value))


@COMMAND.verb("list", "ls", usage="list [name]", help="the latest runs")
async def list_(call: Call) -> Answer:
    newest, wanted = await call.house.backups.newest(call.text), call.house.runbook.backups
    return call.say("backup_list", name=call.text, backups=newest, wanted=wanted)


@COMMAND.verb(
    "verify",
    "check",
    usage="verify [id|name|latest]",
    help="read a backup back: valid, or damaged and why",
    needs="backup.verify",
)
async def verify(call: Call) -> Answer:
    verdict = await call.house.backup_verifications.verify(call.actor, call.text)
    kind = call.house.runbook.backups[verdict.backup.name].kind
    return call.say("backup_verified", backup=verdict.backup, verdict=verdict, kind=kind)


@COMMAND.verb(
    "drill",
    "rehearse",
    usage="drill [name]",
    help="restore a backup beside its database to prove it",
    needs="backup.drill",
)
async def drill(call: Call) -> Answer:
    """Without a name: the only database, else ask which. A number means one backup."""
    names = list(call.house.runbook.backups)
    wanted = call.text or _only(names)
    if not wanted and names:
        return call.say("drill_which", buttons=_buttons("Drill", "backup.drill", names))
    begun = await call.house.backup_drills.drill(call.actor, wanted)
    return call.say("drill_begun", drill=begun, **await _alerts_channel(call))


@COMMAND.button("backup.drill")
async def drill_pressed(call: Call) -> Answer:
    return await drill(call.with_text(call.value))


@COMMAND.verb(
    "restore", needs="backup.restore", usage="restore <id> [into <database>] [break-glass <why>]",
    help="put a database back; somebody else approves",
)  # fmt: skip
async def restore(call: Call) -> Answer:
    """Typed in an incident's room, it belongs to that incident."""
    backup_id, into, reason = _what_to_restore(call)
    incident = await call.house.incidents.of_room(call.channel) if call.channel else None
    about = incident if incident and incident.is_open else None
    restores = call.house.backup_restores
    if reason:
        await must_be_for_everybody(call, "Not asked", "the reason")
        asked = await restores.break_glass(call.actor, backup_id, about, reason, into)
    else:
        asked = await restores.ask(call.actor, backup_id, about, into)
    return call.say("restore_asked", restore=asked, **await _alerts_channel(call))


@COMMAND.button("backup.approve")
async def approve(call: Call) -> Answer:
    """Approve at once; if the backup is of another database, ask for the target's name first."""
    if target := await call.house.backup_restore_decisions.to_be_typed(call.actor, call.number):
        return _approval(call, target)
    await call.house.backup_restore_decisions.approve(call.actor, call.number)
    return None


@COMMAND.button("backup.overrule")
async def overrule(call: Call) -> Answer:
    return _approval(
        call, await call.house.backup_restore_decisions.to_be_typed(call.actor, call.number), with_reason=True
    )


def judge_approval(values: Mapping[str, str]) -> Mapping[str, str]:
    missing = {"target": "Type the name of what is replaced.", "reason": "Say why."}
    return {name: why for name, why in missing.items() if name in values and not values[name].strip()}


@COMMAND.form("backup.approve", judge_approval)
async def approve_typed(call: Call) -> Answer:
    typed, why = call.values.get("target", ""), call.values.get("reason", "")
    await call.house.backup_restore_decisions.approve(
        call.actor, call.number, typed=typed.strip(), overruled=why.strip()
    )
    return None


def _approval(call: Call, target: Target | None, *, with_reason: bool = False) -> Form:
    words = call.house.rendering.say("slack/restore_approval", target=target, with_reason=with_reason)
    inputs = [Input("target", "What is replaced")] if target else []
    if with_reason:
        inputs.append(Input("reason", "Why it is restored whatever the invariants say", multiline=True))
    view = form("backup.approve", "Approve the restore", inputs, submit="Approve", words=words, private=call.value)
    return Form(view)


@COMMAND.button("backup.reject")
async def reject(call: Call) -> Answer:
    await call.house.backup_restore_decisions.reject(call.actor, call.number)
    return None


def _what_to_restore(call: Call) -> tuple[int, str, str]:
    """The backup, the target if typed, and the reason for breaking the glass; '' = somebody else approves.

    Raises Refused.
    """
    first, rest = first_word(call.text)
    number = first.lstrip("#")
    if not number.isdecimal() or len(number) >= 18:
        said = f"; “{first}” is no number" if first else ""
        raise Refused(f"Say which backup, by its number: `/backup restore <id>`. `/backup list` shows them{said}.")
    into = ""
    word, why = first_word(rest)
    if word.lower() == "into":
        into, rest = _before_glass(why)
        if not into:
            raise Refused(f"Say what is replaced, by its name: `/backup restore {number} into <database>`.")
        word, why = first_word(rest)
    if not word:
        return int(number), into, ""
    if word.lower() not in GLASS:
        raise Refused(
            f"I do not know “{word}”. `/backup restore {number}` asks somebody else to approve; when nobody can, "
            f"`/backup restore {number} break-glass <why>`."
        )
    if not why.strip():
        raise Refused(f"Say why nobody else can approve it: `/backup restore {number} break-glass <why>`.")
    return int(number), into, why.strip()


def _before_glass(text: str) -> tuple[str, str]:
    """The database's name, which may contain spaces, and the rest from `break-glass` on."""
    words = text.split(" ")
    glass = next((at for at, word in enumerate(words) if word.lower() in GLASS), len(words))
    return " ".join(words[:glass]).strip(), " ".join(words[glass:])


def _only(names: list[str]) -> str:
    return names[0] if len(names) == 1 else ""


def _buttons(label: str, action: str, names: list[str]) -> tuple[Button, ...]:
    """The action includes the name, because Slack requires unique actions within a message."""
    return tuple(Button(f"{label} {name}", f"{action}#{name}", name) for name in names)


async def _alerts_channel(call: Call) -> dict[str, Any]:
    """Its name, and its id, if known, for a link."""
    name = call.house.runbook.channels.alerts
    return {"channel": name, "channel_id": await call.house.channels.found(name)}
