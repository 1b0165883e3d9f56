"""Contradictions, from a redundant pair or a queue: late news is ignored, a dispute is settled after a while."""

import logging
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from bot.domain.alerts.alert import CONTRADICTED_FOR
from bot.domain.alerts.rules import Judged
from bot.services.rooms.cards import Cards
from bot.store.alerts import alerts, arrivals, disputes
from bot.store.pipelined import Connection

log = logging.getLogger(__name__)

# A firing alert older than an end reported within this is late news, as a pair or a queue may deliver it. Still
# reported after CONTRADICTED_FOR it is believed: a source that lost sight of an alert for a while reports its old
# start.
LATE_FOR = timedelta(hours=1)


class AlertDisputes:
    """Each method runs inside a larger transaction that has the groups locked, except `claim`, which locks them."""

    def __init__(self, cards: Cards) -> None:
        self._cards = cards

    async def late(self, conn: Connection, source: str, told: Sequence[Judged], now: datetime) -> Collection[str]:
        """Those reported as firing that another of the pair, or a later message, has ended. Their cards say so."""
        late = await alerts.late_news(
            conn, source, [one for one in told if one.times], ended_since=now - LATE_FOR,
            contradicted_since=now - CONTRADICTED_FOR, now=now,
        )  # fmt: skip
        if late:
            log.warning("source=%s late=%s reported as firing again although they are resolved", source, len(late))
            # The other member of the pair may be the only one that sees it, and may not repeat it for hours.
            disputed = [one.alert for one in told if late.get(one.alert.fingerprint)]
            await disputes.open_each(conn, source, disputed, now + CONTRADICTED_FOR)
            await self._show_last(conn, source, late)
        return late

    async def end(
        self,
        conn: Connection,
        source: str,
        told: Sequence[Judged],
        wanted: Sequence[Judged],
        listed: Sequence[str],
    ) -> None:
        """End disputes over alerts that fire, and over those ended by the very sender that said they fire."""
        told_by = next((one.alert.told_by for one in told if one.alert.told_by), None)
        still = [one.alert.fingerprint for one in told if one.times]
        over = [one.alert.fingerprint for one in told if not one.times]
        report = disputes.MemberReport(told_by, still, over, listed)
        firing = [one.alert.fingerprint for one in wanted]
        await self._show_last(conn, source, await disputes.end(conn, source, report, firing))

    async def claim(self, conn: Connection, source: str, told: Sequence[Judged]) -> list[Judged]:
        """Claim due disputes whose alerts fire again; safe in any number of processes."""
        await arrivals.hold(conn, source, told)
        mine = await disputes.claim(conn, source, [one.alert.fingerprint for one in told])
        await self._show_last(conn, source, mine)
        return [one for one in told if one.alert.fingerprint in mine]

    async def _show_last(self, conn: Connection, source: str, fingerprints: Collection[str]) -> None:
        for group_id in await alerts.last_groups(conn, source, fingerprints) if fingerprints else ():
            await self._cards.touch(conn, f"alert:{group_id}")
