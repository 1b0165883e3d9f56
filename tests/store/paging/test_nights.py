"""Pages by night, against an oracle that looks at a wall clock for each page."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from psycopg import AsyncConnection

from bot.domain.paging.nights import Night
from bot.store.database import Database
from bot.store.paging import nights

DAY = timedelta(days=1)
# Both clock changes and new year in London; the other zones see some of these, at other times of day.
BEGINNINGS = [date(2026, 3, 26), date(2026, 10, 22), date(2026, 12, 29)]
ZONES = [ZoneInfo(key) for key in ("Europe/London", "America/Los_Angeles", "Pacific/Kiritimati", "Asia/Kolkata")]
EVERY = timedelta(minutes=29, seconds=30)


def pages(begins: date) -> Iterator[tuple[int, datetime]]:
    """(step, instant) of pages over six days."""
    at = datetime.combine(begins, time(), UTC)
    for step in range(6 * DAY // EVERY):
        yield step, at + EVERY * step


def by_the_wall(begins: date, zone: ZoneInfo) -> dict[date, int]:
    counted: dict[date, int] = {}
    for _, at in pages(begins):
        wall = at.astimezone(zone)
        if 7 <= wall.hour < 22:
            continue
        evening = wall.date() if wall.hour >= 22 else wall.date() - DAY
        counted[evening] = counted.get(evening, 0) + 1
    return counted


async def test_each_page_belongs_to_the_local_night_it_was_sent_in_and_a_step_counts_once(
    database: str,
) -> None:
    async with await AsyncConnection.connect(database, autocommit=True) as conn, conn.cursor() as cursor:
        await cursor.execute(
            "INSERT INTO incidents (title, severity, status, drill, declared_by, declared_at) "
            "SELECT 'x', 'P1', 'investigating', is_drill, 'ada', now() FROM unnest(ARRAY[false, true]) is_drill"
        )
        await cursor.executemany(
            "INSERT INTO pages (incident_id, run, loop, step, person, via, contact, due_at, accepted_at) "
            "SELECT id, %s, 1, %s, 'ada', unnest(ARRAY['slack', 'sms']), '', %s, %s FROM incidents",
            [(run, step, at, at) for run, begins in enumerate(BEGINNINGS) for step, at in pages(begins)],
        )
    db = Database(database)
    await db.open()
    async with db.statement() as asked:
        for begins in BEGINNINGS:
            for zone in ZONES:
                expected = by_the_wall(begins, zone)
                for last in (begins + DAY * n for n in (2, 3, 4)):
                    first = last - 2 * DAY
                    found = await nights.between(asked, first, last, zone)
                    assert found == [
                        Night("ada", day, n) for day, n in sorted(expected.items()) if first <= day <= last
                    ]
    await db.close()
