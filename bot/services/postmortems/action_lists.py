"""A monthly list of actions still open, posted in the incidents channel."""

from datetime import datetime, time, timedelta

from bot.clock import Clock
from bot.domain.people.schedule import instant_of
from bot.domain.postmortems.action import Action
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.services.rooms.channels import Channels
from bot.services.rooms.posts import Posts
from bot.slack.blocks import message
from bot.store.database import Database
from bot.store.due_rows import DueByRows, DueRows
from bot.store.postmortems import actions

AT = time(9, 0)
# How soon to retry while the bot isn't in that channel.
LOOK_AGAIN_AFTER = timedelta(minutes=5)


class ActionLists(DueByRows):
    """On the first weekday of each month; one process posts it. Posts nothing when nothing is open."""

    def __init__(
        self, db: Database, clock: Clock, runbook: Runbook, channels: Channels, posts: Posts, rendering: Rendering
    ) -> None:
        self._db = db
        self._clock = clock
        self._runbook = runbook
        self._channels = channels
        self._posts = posts
        self._rendering = rendering

    async def watch(self) -> None:
        """At start: plan the first list; does nothing if that was done."""
        now = self._clock.now()
        async with self._db.transaction() as conn:
            await actions.begin_lists(conn, now=now, due_at=self._next(now))

    async def take_due(self) -> int:
        now = self._clock.now()
        async with self._db.transaction() as conn:
            if not await actions.claim_list(conn, now):
                return 0
            left = await actions.left(conn)
            channel = await self._channels.find(conn, self._runbook.channels.incidents)
            is_late = left and channel is None
            await actions.plan_list(conn, now=now, due_at=now + LOOK_AGAIN_AFTER if is_late else self._next(now))
            if left and channel:
                facts = {"owners": _by_owner(left), "count": len(left), "now": now}
                await self._posts.in_channel(conn, channel, message(self._rendering.say("slack/action_list", **facts)))
        return 1

    @property
    def due_rows(self) -> DueRows:
        return actions.due_lists()

    def _next(self, now: datetime) -> datetime:
        """Nine o'clock on the first weekday of next month."""
        zone = self._runbook.timezone
        day = (now.astimezone(zone).date().replace(day=1) + timedelta(days=32)).replace(day=1)
        while day.weekday() >= 5:
            day += timedelta(days=1)
        return instant_of(day, AT, zone)


def _by_owner(left: list[Action]) -> dict[str, list[Action]]:
    found: dict[str, list[Action]] = {}
    for action in left:
        found.setdefault(action.owner, []).append(action)
    return found
