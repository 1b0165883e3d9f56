"""The account that the embedded PostgreSQL runs as when the bot is root: nothing else uses it."""

import fcntl
import logging
import os
import pwd
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from bot.domain.errors import Failed

log = logging.getLogger(__name__)

OWN = "tocsin-postgres"
# Shared by many programs: anything running as this account could read the database, signing keys included.
SHARED = "nobody"
LOCK = Path("/run/tocsin-account.lock")
NO_SHELL = "/usr/sbin/nologin"


class ServerAccount(NamedTuple):
    uid: int
    gid: int


def account_for(home: Path) -> ServerAccount | None:
    """PostgreSQL refuses to run as root. Use the owner of the data or of the home, or if that is root, our own account.

    None: run as ourselves, who are not root. Creates our account if necessary; raises Failed when that is impossible.
    """
    if os.geteuid() != 0:
        return None
    data = home / "postgresql" / "data"
    owner = (data if data.exists() else home).stat()
    if owner.st_uid and _is_somebody(owner.st_uid):
        return ServerAccount(owner.st_uid, owner.st_gid)
    return _own() or _made()


def _is_somebody(uid: int) -> bool:
    """initdb refuses a uid without a name, such as the owner of a directory mounted into a container."""
    try:
        return pwd.getpwuid(uid).pw_name != SHARED
    except KeyError:
        return False


def _own() -> ServerAccount | None:
    try:
        found = pwd.getpwnam(OWN)
    except KeyError:
        return None
    return ServerAccount(found.pw_uid, found.pw_gid)


def _made() -> ServerAccount:
    why = "there is no useradd here"
    if useradd := shutil.which("useradd"):
        arguments = ["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent", "--shell", NO_SHELL]
        # Two simultaneous useradds both succeed with different uids, and only one of them stays.
        with LOCK.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if account := _own():
                return account
            ended = subprocess.run([useradd, *arguments, OWN], capture_output=True, text=True, check=False)  # noqa: S603
            account = _own()
        if account:
            log.info("account=%s created for the embedded PostgreSQL", OWN)
            return account
        why = ended.stderr.strip() or f"useradd exited with {ended.returncode}"
    raise Failed(
        f"PostgreSQL does not run as root, and the account {OWN} could not be created ({why}): "
        "create it, run the bot as another user, or set DATABASE_URL"
    )
