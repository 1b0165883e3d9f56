"""Checks a server's certificate: is it valid, and for how much longer?"""

import asyncio
import ssl
from contextlib import suppress
from datetime import timedelta

from bot.clock import Clock
from bot.domain.checks.check import ProbeResult, no_answer, paced, worsened
from bot.probes._look import Stopwatch, reason_of, within
from bot.runbook import duration_read
from bot.runbook.health import TlsCheck
from bot.wire.certificates import tls_reason

KIND = "tls"
MEASURES = "days left"
DAY = timedelta(days=1)


async def probe(check: TlsCheck) -> ProbeResult:
    watch = Stopwatch()
    try:
        left = await _time_left(check)
    except ssl.SSLError as error:
        value = "no trust" if isinstance(error, ssl.SSLCertVerificationError) else "no TLS"
        why = await tls_reason(error, check.target.name, check.target.port)
        return no_answer(why, watch.elapsed, value=value)
    except (OSError, UnicodeError) as error:
        return no_answer(reason_of(error), watch.elapsed)
    finding = ProbeResult("healthy", f"{_days(left)} left", watch.elapsed, measured=left / DAY)
    if left <= check.expires_within:
        finding = worsened(finding, f"the certificate expires in {_days(left)}, wanted more than {_limit(check)}")
    return paced(finding, check.slow)


def expects(check: TlsCheck) -> str:
    return f"more than {_limit(check)} left {within(check.slow)}".strip()


async def _time_left(check: TlsCheck) -> timedelta:
    """The time until the certificate expires. Raises SSLError if it isn't valid."""
    # By the machine's clock, as the handshake judges it, even if a rehearsal has moved ours.
    host, port = check.target.name, check.target.port
    _, writer = await asyncio.open_connection(host, port, ssl=ssl.create_default_context(), server_hostname=host)
    try:
        certificate = writer.get_extra_info("peercert")
    finally:
        # Abort without close_notify: we'd wait for a server that doesn't answer it.
        writer.transport.abort()
        with suppress(OSError):
            await writer.wait_closed()
    expires_at = ssl.cert_time_to_seconds(certificate["notAfter"])
    return timedelta(seconds=expires_at - Clock().machine_now().timestamp())


def _limit(check: TlsCheck) -> str:
    return duration_read(check.expires_within)


def _days(left: timedelta) -> str:
    """Whole days; hours on the last day."""
    if left < DAY:
        return f"{left // timedelta(hours=1)} h"
    return f"{left // DAY} day{'' if left // DAY == 1 else 's'}"
