"""The doctor's checks of the channels named in the runbook."""

from collections.abc import AsyncIterator, Mapping

from bot.cli.findings import Finding
from bot.domain.errors import Rejected
from bot.runbook import Runbook
from bot.slack.gateway import Gateway
from bot.store.upkeep.inspection import Inspection

MAKES = "not found, `tocsin run` makes it unless an archived or private one has the name"


async def channel_findings(bot: Gateway, runbook: Runbook, found: Inspection | None) -> AsyncIterator[Finding]:
    """Look up each by name; if there is none, by the id of the channel that had the name. Raises a kind of Failed."""
    standing = await bot.find_channels()
    known = found.channels if found else {}
    missing = found.channels_missing if found else {}
    for name in runbook.channel_names:
        if room := standing.get(name.lstrip("#")):
            joined = "the bot is in it" if room.is_member else "`tocsin run` joins it"
            yield Finding(f"channel {name}: found, {joined}")
        elif slack_id := known.get(name.lstrip("#")):
            # A closed channel is reported with the findings from the database.
            if not (found and name in found.closed):
                yield await _by_id(bot, name, slack_id)
        else:
            yield _not_found(runbook, name, missing)


async def _by_id(bot: Gateway, name: str, slack_id: str) -> Finding:
    """Look up a channel that the bot has used under this name."""
    try:
        room = await bot.room(slack_id)
    except Rejected as error:
        return Finding(
            f"channel {name}: the one in use is gone: {error}",
            "Open one of that name, or invite the bot if it's private.",
        )
    if room.is_archived:
        return Finding(f"channel {name}: #{room.name} is archived", "Unarchive it and invite the bot.")
    return Finding(
        f"channel {name}: it is called #{room.name} now, and used on",
        f"Write #{room.name} into the runbook, or rename it back to {name}.",
    )


def _not_found(runbook: Runbook, name: str, missing: Mapping[str, str]) -> Finding:
    why, _, fix = missing.get(name.lstrip("#"), "").partition(": ")
    if fix:
        return Finding(f"channel {name}: {why}", f"{fix[0].upper()}{fix[1:]}.")
    if name in (runbook.channels.incidents, runbook.channels.alerts):
        return Finding(f"channel {name}: {MAKES}")
    return Finding(f"channel {name}: not found", "Create it, unarchive it, or invite the bot if it's private.")
