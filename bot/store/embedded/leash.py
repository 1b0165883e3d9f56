"""A PostgreSQL program that ends when we do, and the locks that show who is alive."""

import asyncio
import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from bot.store.embedded.place import ServerPlace

# All the program gets of our environment: no missing locale, no PG* variable, no secret.
ENVIRONMENT = {"LC_ALL": "C", "PATH": os.defpath}

# Runs the program in this very process, with a watcher beside it that waits for the end of standard input: a pipe whose
# other end only we hold, so the program is shut down however we end, kill -9 included. The alternative, Linux's
# parent-death signal, follows the thread that started the program instead of the process, is lost with a change of
# account and doesn't exist on macOS. The watcher can never hit a stranger: while it lives, the program's process group
# exists, so its number is not reused. It is a grandchild, because PostgreSQL takes the violent death of any child for a
# crash of its own. Standard output is the lock, passed to the program as descriptor 4 and closed in the watcher.
LEASH = """
exec 3<&0 4>&1 </dev/null >&2
( { trap '' HUP INT TERM; read -r _ <&3; kill -INT $$ 2>/dev/null; } 4>&- & )
exec "$@" 3<&-
"""

STOP_TIMEOUT = timedelta(seconds=30)
POLL_SECONDS = 0.005


class Leashed:
    """Starts the program in its own session: Ctrl-C in our terminal is for the bot alone.

    The open descriptor `lock` stays locked until the program's last process is gone, whatever happens to us.
    """

    def __init__(self, place: ServerPlace, lock: int, command: Sequence[str | Path]) -> None:
        account = place.account
        with place.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 (a program of our own package)
                ["/bin/sh", "-c", LEASH, "postgres", *command],
                stdin=subprocess.PIPE,
                stdout=lock,
                stderr=log,
                env=ENVIRONMENT,
                cwd="/",
                start_new_session=True,
                user=account and account.uid,
                group=account and account.gid,
                extra_groups=[] if account else None,
            )

    @property
    def is_over(self) -> bool:
        return self._process.poll() is not None

    @property
    def succeeded(self) -> bool:
        return self._process.poll() == 0

    async def ended(self, timeout: timedelta) -> bool:
        """Wait for the end; False when it takes longer than `timeout`."""
        deadline = time.monotonic() + timeout.total_seconds()
        while not self.is_over:
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(POLL_SECONDS)
        return True

    async def shut_down(self) -> None:
        """Stop a server: connections are cut, open transactions rolled back."""
        self._process.send_signal(signal.SIGINT)
        if not await self.ended(STOP_TIMEOUT):
            # Skips the last checkpoint: the next start replays the log, nothing is lost.
            self._process.send_signal(signal.SIGQUIT)
            await self.ended(STOP_TIMEOUT)
        self.let_go()

    def let_go(self) -> None:
        """End the watcher, which ends the program if it still runs."""
        assert self._process.stdin is not None, "started with a pipe"
        self._process.stdin.close()


def try_lock(path: Path) -> int | None:
    """An open descriptor with an exclusive lock, or None while another process holds one."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock


def share_lock(path: Path) -> int:
    """A shared lock, because the owner of a dead server may still exist when the next one starts."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_SH)
    return lock


def is_locked(path: Path) -> bool:
    lock = try_lock(path)
    if lock is not None:
        os.close(lock)
    return lock is None
