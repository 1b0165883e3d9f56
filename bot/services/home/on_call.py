"""Who is on call now and next; the viewer's own schedules and tiers first."""

from datetime import datetime

from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.services.home.parts import Line, Section, Viewer, limited
from bot.services.people.people import People

MOST = 8


class OnCallPart:
    def __init__(self, runbook: Runbook, people: People, rendering: Rendering) -> None:
        self._runbook = runbook
        self._people = people
        self._rendering = rendering

    async def shown(self, viewer: Viewer, now: datetime) -> Section | None:
        lines = [*self._shifts(viewer, now), *self._tiers(viewer, now)]
        mine = [one for one in lines if one[0]]
        words = [Line(said) for _, said in [*mine, *(one for one in lines if not one[0])]]
        return limited(self._rendering.say("slack/home_on_call", what="headline"), words, MOST)

    def _shifts(self, viewer: Viewer, now: datetime) -> list[tuple[bool, str]]:
        found = []
        for key in self._runbook.schedules:
            shift, following = self._people.shift(key, now), self._people.next_shift(key, now)
            mine = viewer.names and (shift.person in viewer.names or following.person in viewer.names)
            facts = {"schedule": key, "shift": {"now": shift}, "following": following, "is_mine": mine}
            found.append((bool(mine), self._rendering.say("slack/home_on_call", what="shift", **facts)))
        return found

    def _tiers(self, viewer: Viewer, now: datetime) -> list[tuple[bool, str]]:
        found = []
        for tier in self._runbook.tiers.values():
            people = self._people.in_tier(tier, now)
            mine = any(who in viewer.names for who in people)
            facts = {"tier": tier, "people": people, "is_mine": mine}
            found.append((mine, self._rendering.say("slack/home_on_call", what="tier", **facts)))
        return found
