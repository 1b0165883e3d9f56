"""Helpers shared by the stories about backups."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from bot.domain.backups.backup import Backup
from bot.dumpers.local import MARK
from bot.sandbox.model import Message
from tests.world import RUNBOOK, World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]
ALERTS = "#infrastructure-alerts"


def keep(address: str, folder: Path, *more: str, facts: str = "") -> str:
    entries = [f'orders: {{postgresql: "{address}", at: "02:00", to: {folder}{facts}}}', *more]
    lines = "\n".join(f"  {entry}" for entry in entries)
    return f"{RUNBOOK}backups:\n{lines}\n"


def cards(world: World) -> list[Message]:
    return [one for one in world.workspace.messages(ALERTS) if one.by_bot]


def last_answer(world: World) -> Message:
    """The newest ephemeral message to Eve."""
    return [one for one in world.eve.sees("#general") if one.ephemeral_for][-1]


async def answered(world: World, command: str) -> str:
    """The bot's answer when Eve types this."""
    answer = await world.eve.types(command, "#general")
    assert answer.error is None
    await world.settled()
    return words_of(last_answer(world))


async def runs(world: World) -> list[Backup]:
    return list(await world.house.backups.newest("orders"))


def dumps(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*") if path.name != MARK) if folder.exists() else []


def dump_files(folder: Path, pattern: str = "*.dump") -> set[Path]:
    return set(folder.glob(pattern))


def only_dump(folder: Path) -> Path:
    (file,) = dump_files(folder)
    return file


async def until_over(world: World) -> None:
    """Wait until no backup is running, including those that another process has begun."""
    while any(run.state == "running" for run in await runs(world)):
        await world.settled()
    await world.settled()
