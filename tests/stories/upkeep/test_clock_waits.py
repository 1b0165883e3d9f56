"""A clock that was an hour ahead is put back: snoozes and reminders keep their waits, promises their times."""

from datetime import UTC, datetime

from psycopg import AsyncConnection

from tests.world import World

# As a clock that is an hour ahead leaves them at 14:00: the values before, and after it was put back.
REMINDERS = {
    "snoozed by it": (("13:50", "14:20", "due", "15:15", "15:00"), ("13:50", "14:20", "due", "14:15")),
    "told and reminded by it": (("14:50", "15:20", "near", "15:15", "15:00"), ("13:50", "14:20", "near", "14:15")),
    "promised before": (("13:50", "16:00", "due", "16:00", "15:00"), ("13:50", "16:00", "due", "16:00")),
    "asked again by it": (("13:30", "13:40", "again", "15:10", "15:00"), ("13:30", "13:40", "again", "14:10")),
    "none of its": (("13:50", "14:20", "near", "14:15", "13:50"), ("13:50", "14:20", "near", "14:15")),
}
TASKS = {
    "given by it": (("15:30", "15:30", "15:00"), ("14:30", "14:30")),
    "asked about by it": (("14:30", "15:15", "15:00"), ("14:30", "14:15")),
    "none of its": (("14:30", "14:30", "13:50"), ("14:30", "14:30")),
}
LOOKS = {"second_look": "14:10", "page_look": "14:10", "later": "14:01"}


async def test_snoozes_reminders_and_tasks_keep_their_waits_and_promises_their_times(
    world: World, database: str
) -> None:
    """And so does what has to be looked at again in some minutes."""
    await world.eve.types("/incident declare P1 Payments failing")
    await world.settled()
    async with await AsyncConnection.connect(database) as conn:
        for audience, (before, _) in REMINDERS.items():
            told, promised, stage, due, set_at = before
            values = (audience, clock(told), clock(promised), stage, clock(due), clock(set_at))
            await conn.execute(
                """INSERT INTO update_reminders (incident_id, audience, told_at, promised_at, stage, due_at, set_at)
                VALUES (1, %s, %s, %s, %s, %s, %s)""",
                values,
            )
        for what, (given, _) in TASKS.items():
            await conn.execute(
                """INSERT INTO tasks (incident_id, what, owner, asked_by, asked_at, due_at, ask_at, set_at)
                VALUES (1, %s, 'ada', 'eve', %s, %s, %s, %s)""",
                (what, world.clock.now(), *map(clock, given)),
            )
        for kind in LOOKS:
            for due in ("14:10", "15:10"):
                await conn.execute(
                    "INSERT INTO outbox (kind, payload, priority, due_at, created_at) VALUES (%s, '{}', 5, %s, %s)",
                    (kind, clock(due), clock(due)),
                )
    for _ in range(2):
        await world.house.timekeeping.put_right()
        async with await AsyncConnection.connect(database) as conn:
            rows = await (
                await conn.execute(
                    "SELECT audience, told_at, promised_at, stage, due_at FROM update_reminders WHERE audience <> ''"
                )
            ).fetchall()
            assert {row[0]: tuple(map(shown, row[1:])) for row in rows} == {
                key: one[1] for key, one in REMINDERS.items()
            }
            rows = await (await conn.execute("SELECT what, due_at, ask_at FROM tasks")).fetchall()
            assert {row[0]: tuple(map(shown, row[1:])) for row in rows} == {key: one[1] for key, one in TASKS.items()}
            rows = await (
                await conn.execute(
                    "SELECT kind, due_at FROM outbox WHERE kind = ANY(%s) AND state = 'waiting'", ([*LOOKS],)
                )
            ).fetchall()
            assert {(row[0], shown(row[1])) for row in rows} == {*LOOKS.items()}


def clock(time: str) -> datetime:
    return datetime.fromisoformat(f"2026-08-06T{time}:00Z")


def shown(value: object) -> object:
    return f"{value.astimezone(UTC):%H:%M}" if isinstance(value, datetime) else value
