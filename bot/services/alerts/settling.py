"""What follows from the current state of alerts: incident, upcoming page, outlets, card."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from bot.clock import Clock
from bot.domain.actor import TOCSIN, Actor
from bot.domain.alerts.alert import Group, GroupStanding, look_again_at, newly_told, page_at, rests_until
from bot.domain.alerts.silence import muted, newly_muted
from bot.runbook import Runbook
from bot.services.alerts.history import AlertHistory
from bot.services.alerts.incidents import AlertIncidents
from bot.services.alerts.outlets import AlertOutlets
from bot.services.alerts.pace import Pace, Told
from bot.services.rooms.cards import Cards
from bot.store import audit
from bot.store.alerts import alerts
from bot.store.alerts import silences as stored
from bot.store.pipelined import Connection

# Incidents declared at once per delivery; the rest follow a moment later, a few at a time.
DECLARED_AT_ONCE = 10
NONE_SHOWN: Mapping[int, Group] = MappingProxyType({})
NOTHING_TOLD: Mapping[int, Told] = MappingProxyType({})


class AlertSettling:
    """Every method runs inside a larger transaction that has the groups locked; they are saved at its end."""

    def __init__(
        self,
        clock: Clock,
        runbook: Runbook,
        tied: AlertIncidents,
        outlets: AlertOutlets,
        cards: Cards,
        history: AlertHistory,
    ) -> None:
        self._clock = clock
        self._runbook = runbook
        self._tied = tied
        self._outlets = outlets
        self._cards = cards
        self._history = history
        self._pace = Pace(clock)

    async def settle(self, conn: Connection, standing: GroupStanding) -> None:
        await self.settle_all(conn, [standing])

    async def settle_changed(
        self, conn: Connection, group_ids: Collection[int], *, urgent: Collection[int] = ()
    ) -> None:
        """Settle any number of groups, in slices, so as not to block the event loop.

        Large groups looked at a moment ago are postponed, unless `urgent`: they want an incident.
        """
        left = DECLARED_AT_ONCE
        resting = await alerts.put_off(conn, group_ids, urgent, self._clock.now())
        for some in alerts.sliced(sorted(set(group_ids) - resting)):
            standings = await alerts.lock_all(conn, some)
            shown = {one.group.id: one.group for one in standings}
            left -= await self.settle_all(conn, standings, may_declare=left, shown=shown)
            await asyncio.sleep(0)

    async def settle_all(
        self,
        conn: Connection,
        standings: Sequence[GroupStanding],
        *,
        may_declare: int = DECLARED_AT_ONCE,
        shown: Mapping[int, Group] = NONE_SHOWN,
    ) -> int:
        """Returns the number of incidents declared; groups beyond `may_declare` are due again at once.

        `shown`: groups as their cards show them, by id, for reports of sources, whose display may be delayed.
        """
        now = self._clock.now()
        silences = await stored.in_force(conn, now)
        standings = [muted(one, silences, now) for one in standings]
        for one in standings:
            await alerts.save_muted(conn, newly_muted(one, silences, now))
        earlier = await self._earlier_incidents(conn, standings, now)
        groups: list[Group] = []
        told: dict[int, Told] = {}
        left = may_declare
        for one in standings:
            before = earlier.get(one.group.id, (None, None))
            standing, is_due, has_declared = await self._with_incident(conn, one, before, now, may_declare=left > 0)
            left -= has_declared
            groups.append(await self._settled(conn, standing, now, is_due=is_due))
            if stood := shown.get(one.group.id):
                told[one.group.id] = Told(stood, standing, groups[-1])
        await self._save(conn, groups, told)
        return may_declare - left

    async def _with_incident(
        self,
        conn: Connection,
        standing: GroupStanding,
        before: tuple[int | None, int | None],
        now: datetime,
        *,
        may_declare: bool,
    ) -> tuple[GroupStanding, bool, bool]:
        """Returns the group with its incident, whether it still needs one soon, and whether one was declared.

        `before`: the open incident, and the ended one still watched, that one of its alerts belonged to.
        """
        why = self._why_to_declare(standing, now)
        is_open, ended = before
        if is_open:
            return await self._tied.rejoin(conn, standing, is_open), False, False
        if ended and await self._tied.came_back(conn, standing, ended, reopens=why == "rule"):
            return await self._tied.rejoin(conn, standing, ended), False, False
        if why is None or not may_declare:
            return standing, why is not None, False
        severity = standing.declares if why == "rule" else None
        return await self._tied.declare(conn, standing, TOCSIN, why, severity=severity), False, True

    async def acknowledged_there(
        self, conn: Connection, group_ids: Collection[int], fingerprints: Collection[str]
    ) -> None:
        """Their sender reports an acknowledgement, so they page nobody. Ignored for a card with other unacknowledged
        alerts; an incident can only be acknowledged here."""
        now = self._clock.now()
        for standing in await alerts.lock_all(conn, group_ids):
            waiting = {alert.fingerprint for alert in standing.unacknowledged}
            if waiting and waiting <= set(fingerprints):
                source = standing.group.source
                group = replace(standing.group, acknowledged_by=source, acknowledged_at=now)
                await self.settle(conn, replace(standing, group=group))
                await audit.write(
                    conn, actor=source, deed="alert.acknowledge", subject=f"alert {group.id}", at=now
                )  # fmt: skip

    async def close(self, conn: Connection, standing: GroupStanding, actor: Actor) -> None:
        """A person declares it over, whatever its source says."""
        now = self._clock.now()
        await alerts.end_group(conn, standing.group.id, now)
        closed = await self._closed(conn, standing, now, by=actor)
        await self._save(conn, [closed])

    async def _save(self, conn: Connection, groups: Sequence[Group], told: Mapping[int, Told] = NOTHING_TOLD) -> None:
        """Save and show the groups; with many reports in `told`, cards follow a little later."""
        shown = [group for group in groups if "slack" in group.told]
        news = await alerts.save_groups(conn, groups, news_of=[group.id for group in shown])
        await self._history.note(conn, news)
        for group in shown:
            one = told.get(group.id)
            later = self._pace.wait(one, has_news=group.id in news) if one else None
            await self._cards.touch(conn, f"alert:{group.id}", later=later)

    async def _settled(self, conn: Connection, standing: GroupStanding, now: datetime, *, is_due: bool) -> Group:
        if standing.is_over:
            return await self._closed(conn, standing, now)
        page = page_at(standing, now)
        outlets = newly_told(standing, self._runbook.alerts.levels.outlets(standing.level), now)
        await self._outlets.tell(conn, standing, outlets)
        told = (*standing.group.told, *outlets)
        due_at = now if is_due else look_again_at(standing, page, now)
        rest = rests_until(standing, now)
        return replace(standing.group, told=told, page_at=page, due_at=due_at, rests_until=rest)

    async def _closed(
        self, conn: Connection, standing: GroupStanding, now: datetime, *, by: Actor | None = None
    ) -> Group:
        """Close the group's card; the next firing opens a new one."""
        group = standing.group
        closed_by = by.name if by else None
        group = replace(group, closed_at=now, closed_by=closed_by, page_at=None, due_at=None, rests_until=None)
        await self._tied.tell_over(conn, replace(standing, group=group), by)
        return group

    async def _earlier_incidents(
        self, conn: Connection, standings: Sequence[GroupStanding], now: datetime
    ) -> Mapping[int, tuple[int | None, int | None]]:
        """By group: the open incident and the ended one still watched that its alerts belonged to when they fired
        before."""
        waiting = [one for one in standings if _may_have_incident(one, now)]
        wanted = [alert for one in waiting for alert in one.standing_for]
        found = await alerts.earlier_incidents_of(conn, wanted)
        by_group: dict[int, tuple[int | None, int | None]] = {}
        for alert in wanted:
            is_open, ended = found.get((alert.source, alert.fingerprint), (None, None))
            known_open, known_ended = by_group.get(alert.group_id, (None, None))
            by_group[alert.group_id] = is_open or known_open, ended or known_ended
        return by_group

    def _why_to_declare(self, standing: GroupStanding, now: datetime) -> Literal["rule", "unacknowledged"] | None:
        """A rule wants an incident, or a critical alert is unanswered; None: neither.

        Pages belong to incidents, with their ladder, acknowledgement and trail. So an unanswered alert becomes an
        incident of the default severity, whose first tier is paged at once.
        """
        if not _may_have_incident(standing, now):
            return None
        if standing.declares:
            return "rule"
        page = page_at(standing, now)
        return None if page is None or page > now else "unacknowledged"


def _may_have_incident(standing: GroupStanding, now: datetime) -> bool:
    return not (standing.group.quiet or standing.group.is_silenced(now)) and bool(standing.unanswered)
