"""A short torture run; `make torture` does the same for minutes."""

import asyncio
from pathlib import Path

from tests.torture.checker import judge
from tests.torture.plan import Event
from tests.torture.run import Torturer
from tests.torture.scene import evidence_of, scene

TIMEOUT_S = 300.0

# One of every trouble, so close together that they overlap; it takes only seconds.
SHORT = [
    Event(0.0, "slack", what="drop after", method="page"),
    Event(0.0, "mail", what="dropped after"),
    Event(0.1, "declare", 1, "eve", "P1"),
    Event(0.6, "slack", what="429", method="page", for_s=8),
    Event(0.6, "mail", what="later"),
    Event(0.7, "declare", 2, "finn", "P2"),
    Event(1.3, "slack", what="hang after", method="page", for_s=3),
    Event(1.4, "declare", 3, "eve", "P3"),
    Event(1.8, "kill", 0),
    Event(1.9, "person", 2, "ben", "ack"),
    Event(2.0, "slack", what="500 after", method="page"),
    Event(2.2, "freeze", 1, for_s=2.0),
    Event(2.4, "database", what="crash", for_s=1.0),
    Event(2.6, "slack", what="500", method="conversations.history"),
    Event(3.5, "slow database", what="read-only", for_s=1.5),
    Event(4.0, "slack", what="no", method="page"),
    Event(4.0, "slack", what="not slack after", method="page", for_s=0.1),
    Event(4.1, "alert", 4),
    Event(5.0, "person", 1, "ada", "escalate"),
    Event(5.5, "person", 3, "ben", "resolve"),
    Event(5.8, "clock", what="4.0", for_s=2.0),
    Event(6.0, "person", 1, "ada", "press"),
    Event(6.2, "runbook", 2),
    Event(7.0, "declare", 5, "eve", "P1"),
    Event(7.5, "slack away", 0, for_s=2.0),
    Event(8.0, "slow database", what="locked", for_s=2.1),
    Event(8.5, "slow database", what="commits hang", for_s=2.0),
    Event(8.8, "hang", what="Slack", for_s=2.0),
    Event(8.8, "hang", what="mail", for_s=2.0),
    Event(9.0, "declare", 6, "finn", "P2"),
]


async def test_whatever_breaks_no_page_is_lost_sent_twice_or_falsely_claimed(tmp_path: Path) -> None:
    # A run that hangs shows where it is stuck instead of blocking all other tests.
    async with asyncio.timeout(TIMEOUT_S), scene(tmp_path) as run:
        await run.fleet.start(3)
        await Torturer(run).play(SHORT)
        evidence = await evidence_of(run)
    assert [*run.objections, *judge(evidence)] == []
    assert len(evidence.incidents) >= 3
    assert run.counts["kills"] - 2 == run.counts["short freezes"] == run.counts["database crashed"] == 1
