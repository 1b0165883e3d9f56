"""Checks that something listens at a host and port."""

import asyncio
from contextlib import suppress

from bot.domain.checks.check import ProbeResult, no_answer, paced
from bot.probes._look import Stopwatch, reason_of, within
from bot.runbook.health import TcpCheck

KIND = "tcp"
MEASURES = "ms until it was open"


async def probe(check: TcpCheck) -> ProbeResult:
    watch = Stopwatch()
    try:
        _, writer = await asyncio.open_connection(check.target.name, check.target.port)
    except (OSError, UnicodeError) as error:
        return no_answer(reason_of(error), watch.elapsed)
    finding = ProbeResult("healthy", "open", watch.elapsed)
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return paced(finding, check.slow)


def expects(check: TcpCheck) -> str:
    return f"open {within(check.slow)}".strip()
