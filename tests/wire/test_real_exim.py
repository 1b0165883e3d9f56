"""A real Exim, as Debian packages it, takes the letters: its session limit, and its log of how sessions end."""

import asyncio
import os
import pwd
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.clock import Clock
from bot.domain.errors import Throttled
from bot.settings import Smtp
from bot.wire.mail import Letter, Mail

PROGRAM = shutil.which("exim4", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
TIMEOUT_S = 30.0
# The account to which Exim drops its root privileges.
OWN_ACCOUNT = "Debian-exim"
# Several bots with their usual number of sessions exceed Exim's limit.
HOUSES, LETTERS, LIMIT = 3, 40, 20

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or (PROGRAM is None and not os.environ.get("CI")),
    reason="needs Exim on this machine, and root to start it; on Debian: apt install exim4-daemon-light",
)

# Exim delays each greeting by a second, so that concurrent sessions really overlap.
CONFIG = """
primary_hostname = mail.test
exim_user = {user}
exim_group = {group}
spool_directory = {folder}/spool
log_file_path = {folder}/log/%s
pid_file_path = {folder}/spool/exim.pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
smtp_accept_max = {limit}
queue_only = true
keep_environment =
host_lookup =
rfc1413_hosts =
tls_advertise_hosts =
log_selector = +smtp_connection +lost_incoming_connection
acl_smtp_connect = acl_slow
acl_smtp_mail = {at_mail}
acl_smtp_rcpt = acl_take
begin acl
acl_any:
  accept
acl_limited:
  defer message = Sender rate overlimit - $sender_rate / $sender_rate_period
        ratelimit = 5 / 1h / strict / $sender_host_address
  accept
acl_slow:
  accept delay = 1s
acl_take:
  accept
"""


class Exim:
    """An Exim that queues whatever it accepts."""

    def __init__(self, folder: Path, port: int) -> None:
        self._folder = folder
        self.port = port

    @property
    def log(self) -> list[str]:
        with suppress(FileNotFoundError):
            return (self._folder / "log" / "main").read_text().splitlines()
        return []

    @property
    def subjects(self) -> list[str]:
        heads = [path.read_text() for path in (self._folder / "spool" / "input").rglob("*-H")]
        return [subject for head in heads for subject in re.findall(r"^\d+ +Subject: (.+)$", head, re.MULTILINE)]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder Exim's account can enter."""
    with tempfile.TemporaryDirectory(prefix="exim-") as name:
        folder, account = Path(name), pwd.getpwnam(OWN_ACCOUNT)
        folder.chmod(0o755)
        for inner in ("spool", "log"):
            (folder / inner).mkdir()
            os.chown(folder / inner, account.pw_uid, account.pw_gid)
        yield folder


@pytest.fixture
async def exim(folder: Path) -> AsyncIterator[Exim]:
    async with running(folder, at_mail="acl_any") as one:
        yield one


@asynccontextmanager
async def running(folder: Path, *, at_mail: str) -> AsyncIterator[Exim]:
    assert PROGRAM is not None
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        one = Exim(folder, int(probe.getsockname()[1]))
    account = pwd.getpwnam(OWN_ACCOUNT)
    ids = {"user": account.pw_uid, "group": account.pw_gid}
    (folder / "exim.conf").write_text(CONFIG.format(folder=folder, port=one.port, limit=LIMIT, at_mail=at_mail, **ids))
    process = await asyncio.create_subprocess_exec(
        PROGRAM, "-C", str(folder / "exim.conf"), "-bdf", stderr=subprocess.DEVNULL
    )
    try:
        await until(lambda: any("daemon started" in line for line in one.log))
        yield one
    finally:
        process.terminate()
        await process.wait()


async def until(true: Callable[[], bool]) -> None:
    """Waits in real time for a real program; fails when it takes too long."""
    async with asyncio.timeout(TIMEOUT_S):
        while True:
            if true():
                return
            await asyncio.sleep(0.02)


def letter(number: int) -> Letter:
    now = datetime.now(UTC)
    return Letter("ada@example.com", f"Page {number}", "Please look.", f"page-{number}", urgent=True, due_at=now)


async def test_letters_beyond_exims_session_limit_all_arrive_once_and_every_session_ends_with_quit(
    exim: Exim,
) -> None:
    url = Smtp.parse(f"smtp://127.0.0.1:{exim.port}")
    houses = [Mail(url, "bell@example.com", Clock(), timeout_s=2 * TIMEOUT_S) for _ in range(HOUSES)]
    await asyncio.gather(*(houses[number % HOUSES].send(letter(number)) for number in range(LETTERS)))
    for house in houses:
        await house.close()

    assert sorted(exim.subjects) == sorted(f"Page {number}" for number in range(LETTERS))
    await until(lambda: len(_about("closed by QUIT", exim)) >= len(_about("TCP/IP connection count", exim)) > 0)
    assert len(_about("refused: too many connections", exim)) >= HOUSES * 8 - LIMIT
    assert not _about("lost", exim) and not _about("unexpected", exim) and not _about("closed by DROP", exim)


async def test_exims_rate_limit_is_taken_to_concern_every_letter(folder: Path) -> None:
    async with running(folder, at_mail="acl_limited") as exim:
        mail = Mail(Smtp.parse(f"smtp://127.0.0.1:{exim.port}"), "bell@example.com", Clock(), timeout_s=TIMEOUT_S)
        with pytest.raises(Throttled, match="overlimit"):
            for number in range(12):
                await mail.send(letter(number))
        await mail.close()


def _about(words: str, exim: Exim) -> list[str]:
    return [line for line in exim.log if words in line]
