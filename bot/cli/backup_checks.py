"""The doctor's checks of backups: can each database be dumped from here, and stored where it should be?"""

import asyncio
from pathlib import Path

from bot.cli.findings import Finding
from bot.domain.errors import Failed
from bot.dumpers import Content, dumpers, is_of_one_machine, kind_of_place, local, places, program_folders, restorers
from bot.runbook import Runbook
from bot.runbook.backups import Backup
from bot.services.wiring.recovery import backups_folder
from bot.settings import Settings
from bot.store.embedded.place import binaries

# A file written to test the place, and removed again.
PROBE_FILE = "tocsin-doctor"


async def backups_tried(settings: Settings, runbook: Runbook) -> list[Finding]:
    """Runs all checks concurrently, so that a hanging one delays no other."""
    tried = [(_database(backup), _restore(backup), _place(settings, backup)) for backup in runbook.backups.values()]
    return list(await asyncio.gather(*(one for each in tried for one in each)))


async def _database(backup: Backup) -> Finding:
    try:
        dumper = dumpers()[backup.kind]
        equipment = await dumper.equip(backup, program_folders(binaries()))
        foreseen = await dumper.foreseen(backup)
    except Failed as error:
        fix = f"Until then {backup.key} is not backed up."
        return Finding(f"backup {backup.key}: {backup.shown}: {error}", fix)
    if foreseen:
        return Finding(f"backup {backup.key}: {'; '.join(foreseen)}", f"Until then {backup.key} is not backed up.")
    return Finding(f"backup {backup.key}: {equipment.server} answers, and {equipment.tool} dumps it")


async def _restore(backup: Backup) -> Finding:
    """Check what a drill or restore would otherwise discover only when it's needed."""
    try:
        equipment = await restorers()[backup.kind].ready(backup, program_folders(binaries()))
        foreseen = await restorers()[backup.kind].foreseen(backup)
    except Failed as error:
        return Finding(
            f"backup {backup.key}: cannot be restored: {error}", "Until then it is neither drilled nor restored."
        )
    if foreseen:
        return Finding(
            f"backup {backup.key}: cannot be restored: {'; '.join(foreseen)}; then back it up again",
            "Until then it is neither drilled nor restored.",
        )
    if backup.drill_on is None:
        where = await _room(backup) if backup.drill else ""
        return Finding(f"backup {backup.key}: {equipment.tool} restores it, and its account has the rights{where}")
    try:
        # The drill's server doesn't have the database, so the requirements come from the original.
        source = (await dumpers()[backup.kind].equip(backup, program_folders(binaries()))).source
        await restorers()[backup.kind].ready(backup.where_drilled, program_folders(binaries()), source)
    except Failed as error:
        where = backup.drill_on.shown
        return Finding(f"backup {backup.key}: cannot be drilled on {where}: {error}", "Until then it is not drilled.")
    return Finding(
        f"backup {backup.key}: {equipment.tool} restores it, its account has the rights, and so it has on "
        f"{backup.drill_on.shown}, where it is drilled"
    )


async def _room(backup: Backup) -> str:
    """What to know about disk space for a drill beside its database: a PostgreSQL whose disk is full stops."""
    takes = "; a drill takes as much room on its server again"
    try:
        unseen = await restorers()[backup.kind].unseen(backup)
    except Failed as error:
        unseen = str(error)
    if not unseen:
        return takes
    return (
        f"{takes}, and nothing keeps it from filling up, for how much is free cannot be seen: {unseen}; or set drill_on"
    )


async def _place(settings: Settings, backup: Backup) -> Finding:
    to = backup.to or str(backups_folder(settings))
    if is_of_one_machine(to) and not await asyncio.to_thread(Path(to).exists):
        return _not_there(backup, to)
    place = places(settings)[kind_of_place(to)]
    try:
        await place.write(to, PROBE_FILE, _nothing(), lambda size: None)
        await place.discard(to, PROBE_FILE)
    except Failed as error:
        return Finding(f"backup {backup.key}: {error}", f"Until then {backup.key} is not backed up.")
    if is_of_one_machine(to) and not await asyncio.to_thread(local.is_marked, to):
        return _unmarked(backup, to)
    return Finding(f"backup {backup.key}: can be kept in {to}")


def _unmarked(backup: Backup, to: str) -> Finding:
    """Without the bot's database we can't tell an empty mount point from a new folder."""
    return Finding(
        f"backup {backup.key}: {to} can be written to, and no backup has been kept in it (it has no {local.MARK}). "
        "If there should be some, its disk is not mounted: mount it before the next backup"
    )


def _not_there(backup: Backup, to: str) -> Finding:
    """Not created here: if a disk isn't mounted, a new folder would hide that."""
    if backup.to is None:
        return Finding(f"backup {backup.key}: {to} is not there yet: the first backup makes it")
    return Finding(
        f"backup {backup.key}: {to}: there is no such folder, or its disk is not mounted",
        f"Mount it, or `mkdir -p {to}` where no backup has been kept yet.",
    )


async def _nothing() -> Content:
    yield b"tocsin doctor"
