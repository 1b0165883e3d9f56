"""PostgreSQL servers of every supported version, as far as this machine has them.

Version 18 comes with the bot, some may be system packages, and `.ci/postgresql-servers` installs the rest; tests of a
missing version are skipped.
"""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from bot.store.embedded.server import binaries
from bot.store.embedded.throwaway import quickest_place

SUPPORTED = (14, 15, 16, 17, 18)
BROUGHT = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tocsin-tools" / "postgresql"
SETTINGS = {"fsync": "off", "listen_addresses": "", "max_connections": "40", "wal_level": "logical"}


def programs_of(major: int) -> Path:
    """The folder of this version's server programs; skips the test if there is none."""
    brought = [server.parent for server in (BROUGHT / str(major)).rglob("bin/postgres")]
    for folder in (Path(f"/usr/lib/postgresql/{major}/bin"), *brought, binaries()):
        if folder and (folder / "postgres").exists() and _major(folder) == major:
            return folder
    pytest.skip(f"no PostgreSQL {major} server is on this machine: .ci/postgresql-servers brings those it can")


@contextmanager
def server_of(major: int) -> Iterator[str]:
    """The administrator's address of a fresh server of this version, while the block runs."""
    programs = programs_of(major)
    home = quickest_place() / f"tocsin-server-{major}-{uuid4().hex[:8]}"
    home.mkdir(mode=0o755)
    try:
        bin_ = _within_reach(programs, home)
        data, socket = home / "data", home / "s"
        for folder in (data, socket):
            folder.mkdir()
            if os.geteuid() == 0:
                shutil.chown(folder, "nobody", pwd.getpwnam("nobody").pw_gid)
        _run(bin_ / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        settings = "".join(f"{name} = '{value}'\n" for name, value in SETTINGS.items())
        with (data / "postgresql.conf").open("a") as file:
            file.write(f"{settings}unix_socket_directories = '{socket}'\n")
        _run(bin_ / "pg_ctl", "-D", data, "-w", "-l", data / "log", "start")
        try:
            yield f"postgresql://postgres@/postgres?host={socket}"
        finally:
            _run(bin_ / "pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(home)


def _major(programs: Path) -> int:
    said = subprocess.run(
        [programs / "postgres", "--version"], env=_environment(programs), capture_output=True, check=False, text=True
    )
    words = said.stdout.split()
    return int(words[2].partition(".")[0]) if len(words) > 2 else 0


def _within_reach(programs: Path, home: Path) -> Path:
    """PostgreSQL doesn't run as root, and its account can't see files in root's home, so copy them."""
    if os.geteuid() != 0 or not programs.is_relative_to(BROUGHT):
        return programs
    package = BROUGHT / programs.relative_to(BROUGHT).parts[0]
    shutil.copytree(package, home / "programs", symlinks=True)
    return home / "programs" / programs.relative_to(package)


def _run(program: Path, *arguments: str | Path) -> None:
    """Run as an account other than root."""
    nobody = {"user": "nobody", "group": pwd.getpwnam("nobody").pw_gid, "extra_groups": []}
    account = nobody if os.geteuid() == 0 else {}
    subprocess.run(  # type: ignore[call-overload]
        [program, *arguments], check=True, cwd="/", env=_environment(program.parent), stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **account,
    )  # fmt: skip


def _environment(programs: Path) -> dict[str, str]:
    """The packages from npm look for their libraries only in system folders, so add their own."""
    return {"PATH": os.defpath, "LC_ALL": "C", "LD_LIBRARY_PATH": str(programs.parent / "lib")}
