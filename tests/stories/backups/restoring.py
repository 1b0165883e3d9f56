"""Helpers shared by the stories about restores."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from bot.domain.backups.restore import Restore
from bot.sandbox.model import Message
from bot.sandbox.people import Person
from bot.store import audit
from bot.store.backups import restores
from tests.guarded import Guarded
from tests.world import RUNBOOK, World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]
ALERTS = "#infrastructure-alerts"
# Ada and Ben may restore.
PERMITTED = "permissions:\n  backup.restore: [tier/oncall, tier/lead]\n"


def keep(address: str, folder: Path, facts: str = "", permitted: str = PERMITTED) -> str:
    entry = f'orders: {{postgresql: "{address}", at: "02:00", to: {folder / "kept"}{", " if facts else ""}{facts}}}'
    return f"{RUNBOOK}backups:\n  {entry}\n{permitted}"


def asides(guarded: Guarded, like: str = "tocsin%") -> list[str]:
    """The databases on the server that the bot has created."""
    names = guarded.ask(
        f"SELECT coalesce(array_agg(datname::text), '{{}}') FROM pg_database WHERE datname LIKE '{like}'"
    )
    return list(names)


def rows(guarded: Guarded, address: str) -> int:
    return int(guarded.ask("SELECT count(*) FROM orders", address))


def card(world: World, channel: str = ALERTS, number: int = 1) -> Message:
    """The message of a restore."""
    found = [one for one in world.workspace.messages(channel) if one.by_bot and f"*Restore {number}: " in words_of(one)]
    assert len(found) == 1
    return found[0]


def shown(world: World, channel: str = ALERTS, number: int = 1) -> str:
    return words_of(card(world, channel, number))


async def answered(world: World, who: Person, command: str, channel: str = "#general") -> str:
    """The bot's answer when this person types this."""
    answer = await who.types(command, channel)
    assert answer.error is None
    await world.settled()
    return words_of([one for one in who.sees(channel) if one.ephemeral_for][-1])


async def pressed(world: World, who: Person, label: str, number: int = 1, channel: str = ALERTS) -> None:
    await who.presses(label, card(world, channel, number))
    await world.settled()


def refusal(world: World, who: Person, channel: str = ALERTS) -> str:
    return words_of([one for one in who.sees(channel) if one.ephemeral_for][-1])


async def restored(world: World, number: int = 1) -> Restore:
    async with world.house.db.transaction() as conn:
        return await restores.get(conn, number)


async def steps(world: World) -> list[tuple[str, str]]:
    """The (who, step) of restores in the audit log, oldest first."""
    async with world.house.db.transaction() as conn:
        log = await audit.newest(conn)
    return [(row["actor"], row["facts"]["step"]) for row in reversed(log) if row["deed"] == "backup.restore"]


async def harmed(world: World, guarded: Guarded, address: str, *, hours: int = 2) -> None:
    """Take a good backup, and then delete most of the orders."""
    await answered(world, world.ada, "/backup run orders")
    await world.passes(hours=hours)
    guarded.tell("DELETE FROM orders WHERE id > 3; INSERT INTO orders VALUES (1000, 'new')", address)
