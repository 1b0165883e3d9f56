"""The command line: each command's requirements, output and exit code."""

import asyncio
import json
import os
import re
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import aiohttp
import psycopg
import pytest
from psycopg import AsyncConnection
from ruamel.yaml import YAML

from bot.cli.deeds import readable
from bot.clock import Clock
from bot.runbook import load
from bot.sandbox.changes import Changes
from bot.sandbox.mailbox import Mailbox
from bot.sandbox.server import Server
from bot.sandbox.statuspage import SimulatedStatuspage
from bot.sandbox.telephone import TelephoneCompany
from bot.sandbox.workspace import Workspace
from bot.shipped import shipped_runbooks
from tests import at_hand
from tests.commandline import Ended, line_with, started, tocsin
from tests.mail_server import OWN_ADDRESS, only, post_office
from tests.world import RUNBOOK, manifest

# What follows a wait that ends on another day, because these tests run at any time of day.
OTHER_DAY = r"(?: \(\w{3} \d\d:\d\d \w+\))?"
BROKEN = RUNBOOK.replace("who: [ada]", "who: [adda]").replace("wait: 15m", "wait: soon")


@pytest.fixture
def here() -> Iterator[Path]:
    """An empty working folder that the embedded server's account can enter, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="tocsin-cli-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
async def workspace() -> AsyncIterator[Workspace]:
    """A simulated Slack for a bot that runs as a process."""
    workspace = Workspace(Clock(), manifest())
    server = Server(workspace)
    await server.start()
    yield workspace
    await server.stop()


def slack_of(workspace: Workspace) -> dict[str, str]:
    return {
        "SLACK_BOT_TOKEN": workspace.bot_token,
        "SLACK_APP_TOKEN": workspace.app_token,
        "SLACK_API_URL": f"{workspace.base_url}/api/",
    }


def write_runbook(folder: Path, text: str = RUNBOOK) -> None:
    (folder / "runbook.yml").write_text(text)


def is_one_sentence(ended: Ended) -> bool:
    return "Traceback" not in ended.err and ended.err.count("\n") == 1


# run: a lost secret must never yield a healthy-looking but silent pager


async def test_run_without_configuration_names_everything_missing_and_the_sandbox(here: Path) -> None:
    ended = await tocsin("run", at=here)

    assert ended.code == 2
    for word in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "runbook.yml", "tocsin sandbox"):
        assert word in ended.err
    assert is_one_sentence(ended)


@pytest.mark.parametrize(
    ("environ", "missing"),
    [
        ({"SLACK_APP_TOKEN": "xapp-1"}, "SLACK_BOT_TOKEN"),
        ({"SLACK_BOT_TOKEN": "xoxb-1"}, "SLACK_APP_TOKEN or SLACK_SIGNING_SECRET"),
        ({"SLACK_BOT_TOKEN": "", "SLACK_SIGNING_SECRET": "s"}, "SLACK_BOT_TOKEN"),
    ],
)
async def test_run_without_one_slack_variable_names_it(here: Path, environ: dict[str, str], missing: str) -> None:
    write_runbook(here)

    ended = await tocsin("run", at=here, **environ)

    assert ended.code == 2
    assert missing in ended.err
    assert "tocsin sandbox" in ended.err


async def test_run_without_a_runbook_names_where_it_looked(here: Path) -> None:
    ended = await tocsin(
        "run", at=here, SLACK_BOT_TOKEN="xoxb-1", SLACK_APP_TOKEN="xapp-1", TOCSIN_RUNBOOK="/nowhere/book.yml"
    )

    assert ended.code == 2
    assert "/nowhere/book.yml" in ended.err
    assert "SLACK" not in ended.err


async def test_run_with_a_broken_runbook_lists_every_mistake_and_does_not_start(here: Path) -> None:
    write_runbook(here, BROKEN)

    ended = await tocsin("run", at=here, SLACK_BOT_TOKEN="xoxb-1", SLACK_APP_TOKEN="xapp-1")

    assert ended.code == 2
    assert "adda" in ended.err
    assert "soon" in ended.err


async def test_an_invalid_variable_is_explained_without_quoting_a_secret(here: Path) -> None:
    ended = await tocsin("run", at=here, DATABASE_URL="mysql://root:hunter2@db/x", PORT="70000")

    assert ended.code == 2
    assert "DATABASE_URL" in ended.err
    assert "PORT" in ended.err
    assert "hunter2" not in ended.err + ended.out


async def test_an_unreachable_database_is_explained_in_a_sentence(here: Path) -> None:
    write_runbook(here)

    ended = await tocsin("status", at=here, DATABASE_URL="postgresql://me:hunter2@127.0.0.1:1/x")

    assert ended.code == 1
    assert "database" in ended.err
    assert is_one_sentence(ended)
    assert "hunter2" not in ended.err


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_run_becomes_ready_and_shuts_down_cleanly_when_told(
    here: Path, workspace: Workspace, database: str, told: signal.Signals
) -> None:
    write_runbook(here)

    async with started("run", at=here, PORT="0", DATABASE_URL=database, **slack_of(workspace)) as process:
        where = (await line_with("http=", process.stderr)).rpartition("http=")[2].strip()
        await line_with("slack=connected", process.stderr)
        async with aiohttp.ClientSession() as session, session.get(f"http://{where}/readyz") as answer:
            assert answer.status == 200
        process.send_signal(told)
        await asyncio.wait_for(process.communicate(), 30)

    assert process.returncode == 0


async def test_run_with_a_refused_token_exits_with_a_sentence(here: Path, workspace: Workspace, database: str) -> None:
    write_runbook(here)
    environ = slack_of(workspace) | {"SLACK_APP_TOKEN": "xapp-of-somebody-else"}

    ended = await tocsin("run", at=here, PORT="0", DATABASE_URL=database, LOG_LEVEL="ERROR", **environ)

    assert ended.code == 1
    assert "invalid_auth" in ended.err
    assert "Traceback" not in ended.err
    assert "somebody-else" not in ended.err


async def test_a_port_in_use_is_explained_with_what_to_set(here: Path, workspace: Workspace, database: str) -> None:
    write_runbook(here)
    taken = workspace.base_url.rpartition(":")[2]

    ended = await tocsin("run", at=here, PORT=taken, DATABASE_URL=database, LOG_LEVEL="ERROR", **slack_of(workspace))

    assert ended.code == 1
    assert f"Port {taken}" in ended.err
    assert "set PORT" in ended.err
    assert "Traceback" not in ended.err


# check and init


async def test_check_lists_every_mistake_with_its_path_and_line(here: Path) -> None:
    write_runbook(here, BROKEN)

    ended = await tocsin("check", at=here)

    assert ended.code == 1
    who, wait = (next(n for n, line in enumerate(BROKEN.splitlines(), 1) if word in line) for word in ("adda", "soon"))
    assert f"runbook.yml:{who}: tiers.oncall.who[0]: " in ended.out
    assert f"runbook.yml:{wait}: severities[0].escalation.steps[0].wait: " in ended.out


async def test_check_of_a_good_runbook_finds_nothing_to_fix(here: Path) -> None:
    (here / "other.yml").write_text(RUNBOOK)

    ended = await tocsin("check", "other.yml", at=here)

    assert (ended.code, ended.err) == (0, "")
    assert "other.yml is in order" in ended.out


async def test_check_without_a_file_says_how_to_get_one(here: Path) -> None:
    ended = await tocsin("check", at=here)

    assert ended.code == 1
    assert "tocsin init" in ended.out


async def test_simulate_lists_empty_tiers_missing_contacts_and_missing_credentials(here: Path) -> None:
    text = RUNBOOK.replace("who: [ben]}", "who: [ben], via: [email]}").replace("who: [cleo]}", "who: []}")
    write_runbook(here, text.replace("ben: {name: Ben Moss, email: ben@example.com,", "ben: {name: Ben Moss,"))

    ended = await tocsin("check", "--simulate", at=here, SLACK_BOT_TOKEN="xoxb-1")

    assert ended.code == 1
    assert "2 gaps of the runbook" in ended.out
    assert ended.out.index("tier ceo (CEO): nobody is in it") < ended.out.index("And only missing here:")
    assert "tier lead (Engineering Lead): no page by email; that needs SMTP_URL" in ended.out
    assert "tier lead (Engineering Lead): Ben Moss cannot be paged by email; add email under people.ben" in ended.out
    assert "tier ceo (CEO): nobody is in it" in ended.out


@pytest.mark.parametrize(
    ("find", "instead", "code"),
    [
        ("who: [ada]}", "who: []}", 1),
        (', phone: "+447700900001"', "", 1),
        ("who: [ada]}", "who: [ada], via: [sms, pagerduty]}", 0),
    ],
    ids=["nobody", "no contact", "not set up here"],
)
async def test_simulate_fails_for_a_gap_in_the_runbook_but_not_for_credentials_missing_here(
    here: Path, find: str, instead: str, code: int
) -> None:
    by_text = RUNBOOK.replace("who: [ada]}", "who: [ada], via: [sms]}") if "phone" in find else RUNBOOK
    write_runbook(here, by_text.replace(find, instead))

    ended = await tocsin("check", "--simulate", at=here)

    assert (ended.code, ended.err) == (code, "")
    assert "tier oncall" in ended.out
    assert (await tocsin("check", at=here)).code == 0, "by itself the file is right"


async def test_every_shipped_runbook_passes_simulate_with_an_empty_environment(here: Path) -> None:
    for name, path in shipped_runbooks().items():
        ended = await tocsin("check", str(path), "--simulate", at=here)
        assert (name, ended.code, ended.err) == (name, 0, "")
        assert "Everybody who should be paged can be" in ended.out


async def test_simulate_names_unreachable_audiences_without_failing(here: Path) -> None:
    more = "audiences: {page: {statuspage: {page: abc123}}, board: {email: [a@example.com], slack: ['#board']}}\n"
    write_runbook(here, f"{RUNBOOK}{more}")

    ended = await tocsin("check", "--simulate", at=here, SLACK_BOT_TOKEN="xoxb-1")
    assert ended.code == 0
    assert "audience page: nothing by statuspage.io; that needs STATUSPAGE_TOKEN" in ended.out
    assert "audience board: nothing by email; that needs SMTP_URL" in ended.out
    assert "by Slack" not in ended.out

    set_up = {"STATUSPAGE_TOKEN": "t", "SMTP_URL": "smtp://mail.example.com"}
    assert "audience " not in (await tocsin("check", "--simulate", at=here, **set_up)).out


async def test_simulate_without_gaps_says_so(here: Path) -> None:
    write_runbook(here)

    ended = await tocsin("check", "--simulate", at=here, SLACK_BOT_TOKEN="xoxb-1")

    assert "Everybody who should be paged can be." in ended.out
    assert (
        "P1 Critical, declared now, and nobody acknowledges:\n  at once  On-call Engineer: Ada Obi by slack\n"
        in ended.out
    )
    assert re.search(rf"  after 15 min{OTHER_DAY}  Engineering Lead: Ben Moss by slack\n", ended.out)
    assert re.search(rf"  after 1 h 15 min{OTHER_DAY}  nobody left to page", ended.out)


async def test_simulate_distinguishes_steps_seconds_apart_and_names_another_day(here: Path) -> None:
    slowly = RUNBOOK.replace("wait: 15m", "wait: 1h0m10s").replace("{page: lead, wait: 30m}", "{page: lead, wait: 20s}")
    write_runbook(here, slowly.replace("{page: ceo, wait: 30m}", "{page: ceo, wait: 30h}"))

    ended = await tocsin("check", "--simulate", at=here, SLACK_BOT_TOKEN="xoxb-1")

    assert re.search(rf"  after 1 h 10 s{OTHER_DAY}  Engineering Lead", ended.out)
    assert re.search(rf"  after 1 h 30 s{OTHER_DAY}  CEO", ended.out)
    assert re.search(
        r"  after 1 d 7 h 30 s \((Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d\d:\d\d \w+\)  nobody left to page", ended.out
    )


async def test_without_a_running_bot_simulate_shows_the_ladders_as_if_every_way_were_set_up(here: Path) -> None:
    write_runbook(here, RUNBOOK.replace("who: [ada]}", "who: [ada], via: [slack, sms]}").replace("[cleo]", "[]"))

    ended = await tocsin("check", "--simulate", at=here)

    assert "SLACK_BOT_TOKEN is not set here, so every way to page is taken as set up:\nP1" in ended.out
    assert "  at once  On-call Engineer: Ada Obi by slack, sms\n" in ended.out
    assert re.search(rf"  after 15 min{OTHER_DAY}  Engineering Lead: Ben Moss by slack\n", ended.out)
    assert re.search(rf"  after 45 min{OTHER_DAY}  CEO: nobody in this tier, so the next tier at once\n", ended.out)
    assert "tier oncall (On-call Engineer): no page by sms; that needs TWILIO_ACCOUNT_SID" in ended.out


async def test_init_writes_a_runbook_that_passes_check_and_never_overwrites(here: Path) -> None:
    first = await tocsin("init", at=here)
    written = (here / "runbook.yml").read_text()
    second = await tocsin("init", "tutoring", at=here)

    assert (first.code, second.code) == (0, 1)
    assert "not changed" in second.err
    assert (here / "runbook.yml").read_text() == written
    assert load(here / "runbook.yml", {}).people


async def test_init_knows_the_shipped_runbooks_by_name_and_lists_them(here: Path) -> None:
    unknown = await tocsin("init", "nonesuch", at=here)

    assert unknown.code == 1
    assert "nonesuch" in unknown.err
    assert "starter" in unknown.err
    assert not (here / "runbook.yml").exists()

    was_another = await tocsin("init", "tutoring-platform", at=here)
    assert was_another.code == 0
    assert "tutoring-platform is part of tutoring now" in was_another.out
    assert "organisation: Example Private Tutors" in (here / "runbook.yml").read_text()


# manifest


async def test_manifest_prints_the_shipped_file_verbatim(here: Path) -> None:
    ended = await tocsin("manifest", at=here)

    assert ended.code == 0
    assert YAML(typ="safe").load(ended.out) == manifest()
    assert ended.out.startswith("#")


async def test_manifest_for_http_sends_every_request_to_the_url(here: Path) -> None:
    ended = await tocsin("manifest", "--url", "https://tocsin.example.com/", at=here)

    address = "https://tocsin.example.com/slack/events"
    written = YAML(typ="safe").load(ended.out)
    assert {command["url"] for command in written["features"]["slash_commands"]} == {address}
    assert written["settings"]["event_subscriptions"]["request_url"] == address
    assert written["settings"]["interactivity"]["request_url"] == address
    assert written["settings"]["socket_mode_enabled"] is False
    assert written["oauth_config"] == manifest()["oauth_config"]


async def test_manifest_uses_the_runbooks_names_for_commands(here: Path) -> None:
    write_runbook(here, f"{RUNBOOK}\nslash_commands: {{health: /site-health}}\n")

    ended = await tocsin("manifest", at=here)

    names = [command["command"] for command in YAML(typ="safe").load(ended.out)["features"]["slash_commands"]]
    assert names == ["/incident", "/escalate", "/site-health", "/backup"]


@pytest.mark.parametrize("url", ["http://tocsin.example.com", "tocsin.example.com", "https://x.example/?a=b"])
async def test_manifest_refuses_a_url_slack_would_not_call(here: Path, url: str) -> None:
    ended = await tocsin("manifest", "--url", url, at=here)

    assert ended.code == 1
    assert is_one_sentence(ended)


# migrate


async def test_migrate_twice_applies_once_on_an_embedded_database(here: Path) -> None:
    first = await tocsin("migrate", at=here)
    second = await tocsin("migrate", at=here)

    assert (first.code, second.code) == (0, 0)
    assert "applied 0001_spine" in first.out
    assert second.out == "The schema is up to date.\n"


# Incident commands from a shell


async def test_declaring_from_a_shell_pages_although_no_bot_is_running(
    here: Path, workspace: Workspace, database: str
) -> None:
    write_runbook(here)
    environ = {"DATABASE_URL": database, **slack_of(workspace)}

    declared = await tocsin("declare", "P1", "Payments", "failing", "--as", "eve", at=here, **environ)

    assert declared.code == 1
    assert "eve" in declared.err

    declared = await tocsin("declare", "P1", "Payments", "failing", "--as", "ben", at=here, **environ)

    assert declared.code == 0
    assert declared.out.startswith("INC-1 declared: P1 Payments failing\n")
    assert "page to Ada Obi by slack: sent" in declared.out
    assert len(workspace.direct_messages("ada")) == 1


def full_disk() -> int:
    return os.open("/dev/full", os.O_WRONLY)


def closed_pipe() -> int:
    reads, writes = os.pipe()
    os.close(reads)
    return writes


@pytest.mark.parametrize("nowhere", [full_disk, closed_pipe])
async def test_declaring_from_a_shell_pages_even_when_its_output_cannot_be_written(
    here: Path, workspace: Workspace, database: str, nowhere: Callable[[], int]
) -> None:
    write_runbook(here)
    environ = {"DATABASE_URL": database, **slack_of(workspace)}
    with os.fdopen(nowhere(), "wb") as into:
        program = await at_hand.start(["declare", "P1", "Payments failing"], at=here, environ=environ, into=into)
        assert await program.wait() != 0
    assert len(workspace.direct_messages("ada")) == 1


async def test_a_page_slack_refuses_is_not_reported_as_accepted(
    here: Path, workspace: Workspace, database: str
) -> None:
    write_runbook(here, RUNBOOK.replace("ada@example.com", "nobody@example.com"))

    declared = await tocsin("declare", "Payments failing", at=here, DATABASE_URL=database, **slack_of(workspace))

    assert "page to Ada Obi by slack: refused" in declared.out
    assert "accepted" not in declared.out.replace("not accepted", "")


async def test_an_incident_can_be_acknowledged_and_queried_from_a_shell(
    here: Path, workspace: Workspace, database: str
) -> None:
    write_runbook(here)
    environ = {"DATABASE_URL": database, **slack_of(workspace)}
    await tocsin("declare", "P1 Payments failing", "--drill", at=here, **environ)

    before = await tocsin("status", at=here, **environ)
    first = await tocsin("ack", "inc-1", "--as", "Ada Obi", at=here, **environ)
    second = await tocsin("ack", "INC-1", at=here, **environ)
    after = await tocsin("status", "1", at=here, **environ)

    assert "INC-1  P1  investigating  NOT ACKNOWLEDGED  DRILL Payments failing" in before.out
    assert (first.code, second.code) == (0, 1)
    assert "already acknowledged by Ada Obi" in second.err
    assert "by Ada Obi" in after.out
    assert "next:" not in after.out
    for words, command in (
        (("ack", "INC-99"), "tocsin status"),
        (("status", "nonsense"), "tocsin status"),
        (("export", "INC-99"), "tocsin status"),
        (("silence", "--end", "99"), "tocsin silence --list"),
    ):
        refused = await tocsin(*words, at=here, **environ)
        assert refused.code == 1 and command in refused.err and "`/" not in refused.err


@pytest.mark.parametrize("words", [("ack", "INC-7"), ("status", "INC-7"), ("declare", "P9", "Payments failing")])
async def test_an_unknown_incident_is_explained_in_a_sentence(
    here: Path, workspace: Workspace, database: str, words: tuple[str, ...]
) -> None:
    write_runbook(here)

    ended = await tocsin(*words, at=here, DATABASE_URL=database, **slack_of(workspace))

    assert ended.code == 1
    assert is_one_sentence(ended)


# doctor


async def test_doctor_proves_each_working_part(here: Path, workspace: Workspace, database: str) -> None:
    workspace.add_channel("general")
    write_runbook(here)

    ended = await tocsin("doctor", at=here, DATABASE_URL=database, **slack_of(workspace))

    assert "✗" not in ended.out
    assert ended.code == 0
    for line in (
        "every scope",
        "Socket Mode can be opened",
        "person ada: found",
        "database: PostgreSQL",
        "clock: this",
        "PUBLIC_URL is not set",
    ):
        assert f"{line}" in ended.out


async def test_doctor_says_how_to_fix_each_broken_part(here: Path, workspace: Workspace) -> None:
    workspace.faults.withheld_scopes = {"pins:write"}
    write_runbook(
        here, RUNBOOK.replace("ben@example.com", "nobody@example.com").replace("cleo: {", "cleo: {slack: U0NONE, ")
    )
    environ = {
        **slack_of(workspace),
        "DATABASE_URL": "postgresql://me:hunter2@127.0.0.1:1/x",
        "SMTP_URL": "smtp://me:hunter2@127.0.0.1:1",
        "PUBLIC_URL": "http://tocsin.example.com",
    }

    ended = await tocsin("doctor", at=here, **environ)

    assert ended.code == 1
    broken = [line for line in ended.out.splitlines() if line.startswith("✗")]
    for word in ("pins:write", "nobody@example.com", "U0NONE", "database", "mail", "PUBLIC_URL"):
        assert any(word in line for line in broken), word
    assert "hunter2" not in ended.out + ended.err
    assert ended.err == ""


async def test_doctor_names_people_on_a_rotation_whose_slack_account_is_deactivated(
    here: Path, workspace: Workspace
) -> None:
    nights = 'nights: {rotates: weekly, handover: "Mon 09:00", people: [ben, cleo], starts: 2026-08-03}'
    runbook = RUNBOOK.replace("cleo: {", "cleo: {slack: U0CLEO, ").replace("tiers:", f"schedules:\n  {nights}\ntiers:")
    write_runbook(here, runbook)
    workspace.users["U0CLEO"].deleted = True

    ended = await tocsin("doctor", at=here, **slack_of(workspace))

    [said] = [line for line in ended.out.splitlines() if "U0CLEO" in line]
    assert said.startswith("✗") and "deactivated" in said and "nights" in said


async def test_doctor_tests_dumping_each_database_and_writing_to_its_storage(here: Path, database: str) -> None:
    (here / "kept").mkdir()
    (here / "kept" / ".tocsin-backups").touch()
    (here / "empty").mkdir()
    (here / "taken").write_text("a file where a folder should be")
    backups = [
        f'unmounted: {{postgresql: "{database}", to: {here / "unmounted"}}}',
        f'usual: {{postgresql: "{database}"}}',
        f'empty: {{postgresql: "{database}", to: {here / "empty"}}}',
        f'orders: {{postgresql: "{database}", to: {here / "kept"}}}',
        f'gone: {{postgresql: "postgresql://me:hunter2@127.0.0.1:1/x", to: {here / "taken"}}}',
    ]
    write_runbook(here, f"{RUNBOOK}backups:\n" + "".join(f"  {one}\n" for one in backups))

    ended = await tocsin("doctor", at=here, DATABASE_URL=database)
    for line in (
        "✓ backup orders: PostgreSQL 18.",
        "✓ backup orders: pg_restore 18.",
        "✓ caution: backups.orders: this is Tocsin's own database",
        f"✓ backup orders: can be kept in {here / 'kept'}",
        f"✓ backup empty: {here / 'empty'} can be written to, and no backup has been kept in it",
        "✗ backup gone: postgresql://127.0.0.1:1/x: Connection refused",
        f"✗ backup gone: {here / 'taken'}: ",
        f"✗ backup unmounted: {here / 'unmounted'}: there is no such folder, or its disk is not mounted. Mount it",
        "backups is not there yet: the first backup makes it",
    ):
        assert line in ended.out
    assert "hunter2" not in ended.out + ended.err
    assert [one.name for one in (here / "kept").iterdir()] == [".tocsin-backups"]
    assert list((here / "empty").iterdir()) == []
    assert not (here / "unmounted").exists()


async def test_doctor_tests_the_telephone_provider_and_says_who_cannot_be_texted(here: Path, database: str) -> None:
    write_runbook(here, RUNBOOK.replace("who: [ada]", "who: [ada, ben], via: [sms, voice]"))
    company = TelephoneCompany(Clock(), Mailbox(Clock(), Changes()), number="+447700900001")
    await company.start()
    async with await AsyncConnection.connect(database) as conn:
        await conn.execute("INSERT INTO stopped_numbers VALUES ('+447700900002', now())")
    right = {**company.environ, "DATABASE_URL": database}

    ended = await tocsin("doctor", at=here, **right)
    assert "✓ twilio: the account “Sandbox” answers; without PUBLIC_URL no reply" in ended.out
    assert "✗ person ben: has answered STOP, and is sent no texts. Have them text START to +447700900001." in ended.out
    for way in ("sms", "voice"):
        assert f"Ada Obi cannot be paged by {way}, for +447700900001 is TWILIO_FROM" in ended.out

    ended = await tocsin("doctor", at=here, **{**right, "TWILIO_AUTH_TOKEN": "wr0ng"})
    assert "✗ twilio: Twilio refuses TWILIO_ACCOUNT_SID or TWILIO_AUTH_TOKEN" in ended.out
    assert "wr0ng" not in ended.out + ended.err
    await company.stop()


async def test_doctor_names_the_default_sender_of_mails(here: Path, database: str) -> None:
    async with post_office() as office:
        at = f"127.0.0.1:{office.port}"
        mail = {"DATABASE_URL": database, "SMTP_URL": f"smtp://{at}"}
        ended = await tocsin("doctor", at=here, **mail)
        assert f"✗ mail: {at} answers; MAIL_FROM is not set, so letters come from tocsin@localhost." in ended.out
        ended = await tocsin("doctor", at=here, **mail, MAIL_FROM="bell@example.com")
        assert f"✓ mail: {at} answers and lets us in" in ended.out


@pytest.mark.skipif(not OWN_ADDRESS, reason="needs an address of this machine's own besides the loopback")
async def test_doctor_says_when_the_mail_password_would_be_sent_in_the_clear(here: Path, database: str) -> None:
    door = {"authenticator": only("bell", "s3cret"), "auth_require_tls": False}
    async with post_office(host=OWN_ADDRESS, **door) as office:
        at = f"{OWN_ADDRESS}:{office.port}"
        mail = {"DATABASE_URL": database, "SMTP_URL": f"smtp://bell:s3cret@{at}", "MAIL_FROM": "bell@example.com"}
        ended = await tocsin("doctor", at=here, **mail)
        assert f"✗ mail: the mail server {at} offers no TLS, and the password would be sent in the clear" in ended.out
        assert office.logins == 0
        ended = await tocsin("doctor", at=here, **{**mail, "SMTP_URL": f"{mail['SMTP_URL']}?tls=off"})
        assert f"✓ mail: {at} answers and lets us in; ?tls=off sends the password in the clear" in ended.out
        assert "s3cret" not in ended.out + ended.err


async def test_doctor_tests_statuspage_io_its_page_and_its_components(here: Path, database: str) -> None:
    page = "audiences: {page: {statuspage: {page: abc123, components: [web]}}, all: {page: {to: '/srv/none'}}}\n"
    write_runbook(here, f"{RUNBOOK}{page}")
    async with SimulatedStatuspage(Clock().now).serving() as there:
        found = await tocsin("doctor", at=here, DATABASE_URL=database, **there.environ)
        assert "✗ audience page: statuspage.io page abc123: it has no component web" in found.out
        assert "✓ audience all: status page: /srv/none is not there yet" in found.out
        there.components["web"] = "operational"
        found = await tocsin("doctor", at=here, DATABASE_URL=database, **there.environ)
        assert "✓ audience page: statuspage.io page abc123: found, “Example status”" in found.out
        wrong = {**there.environ, "STATUSPAGE_TOKEN": "wr0ng"}
        found = await tocsin("doctor", at=here, DATABASE_URL=database, **wrong)
        assert "✗ audience page: statuspage.io page abc123: statuspage.io says 401" in found.out
        assert "wr0ng" not in found.out + found.err
        assert there.incidents == []


async def test_doctor_without_configuration_still_runs_every_check(here: Path) -> None:
    ended = await tocsin("doctor", at=here)

    assert ended.code == 1
    assert "✗ runbook" in ended.out
    assert "✗ slack" in ended.out
    assert "✓ database: embedded PostgreSQL" in ended.out


async def test_doctor_prints_a_webhooks_key_and_no_other_secret(here: Path, database: str) -> None:
    more = "people:\n  zoe: {webhook: 'https://example.com/s3cret'}\n"
    (here / "runbook.yml").write_text(RUNBOOK.replace("people:\n", more))
    told = [await tocsin("doctor", "--webhook-key", "zoe", at=here, DATABASE_URL=database) for _ in range(2)]
    assert [one.code for one in told] == [0, 0]
    assert told[0].out == told[1].out
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=\n", told[0].out)

    none = await tocsin("doctor", "--webhook-key", "ben", at=here, DATABASE_URL=database)
    assert none.code == 1
    assert none.err == "The runbook has no webhook of “ben”. There is one of: zoe.\n"


async def test_an_audiences_webhook_key_is_printed_by_its_name(here: Path, database: str) -> None:
    more = "audiences:\n  machines: {webhook: 'https://example.com/s3cret'}\n"
    (here / "runbook.yml").write_text(f"{RUNBOOK}{more}")

    (listed, shown) = [
        await tocsin(*words, at=here, DATABASE_URL=database)
        for words in (["webhook-key"], ["doctor", "--webhook-key", "audience/machines"])
    ]
    assert listed.out == f"audience/machines: {shown.out}"


async def test_keys_are_rotated_from_a_shell(here: Path, database: str) -> None:
    more = "people:\n  zoe: {webhook: 'https://example.com/s3cret'}\n"
    (here / "runbook.yml").write_text(RUNBOOK.replace("people:\n", more))

    async def key(*words: str) -> str:
        told = await tocsin("webhook-key", *words, at=here, DATABASE_URL=database)
        assert told.code == 0, told.err
        return told.out

    first = await key()
    assert re.fullmatch(r"zoe: whsec_\S+\n", first)
    rotated = await key("--rotate")
    assert "UTC" in rotated
    assert first not in rotated
    assert (await key("zoe")).strip() == rotated.split("zoe: ")[1].strip()
    ended = await tocsin("link-key", "--rotate", "--at-once", at=here, DATABASE_URL=database)
    assert (ended.code, "have ended" in ended.out) == (0, True)
    assert (await tocsin("link-key", "--at-once", at=here, DATABASE_URL=database)).code == 2


async def test_report_link_prints_and_rotates_the_link_or_says_what_is_missing(here: Path, database: str) -> None:
    outside = {"DATABASE_URL": database, "PUBLIC_URL": "https://tocsin.example.com"}
    (here / "runbook.yml").write_text(RUNBOOK)
    ended = await tocsin("report-link", at=here, **outside)
    assert (ended.code, "reports: {level: high}" in ended.err) == (1, True)

    (here / "runbook.yml").write_text(f"{RUNBOOK}reports: {{level: high}}\n")
    ended = await tocsin("report-link", at=here, DATABASE_URL=database)
    assert (ended.code, "PUBLIC_URL is not set" in ended.err) == (1, True)

    first = await tocsin("report-link", at=here, **outside)
    assert re.fullmatch(r"https://tocsin\.example\.com/report/[\w-]{43}\n", first.out)
    rotated = await tocsin("report-link", "--rotate", at=here, **outside)
    assert first.out not in rotated.out
    assert "works for 30 more days" in rotated.out
    assert (await tocsin("report-link", at=here, **outside)).out in rotated.out


# The rest


async def test_the_sandbox_prints_its_pages_url_and_serves_it(here: Path) -> None:
    nonsense = {
        "DATABASE_URL": "mysql://of-another-program", "SLACK_BOT_TOKEN": "xoxb-of-a-real-workspace", "HOST": "0.0.0.0"
    }  # fmt: skip
    async with started("sandbox", "--port", "0", at=here, **nonsense) as process:
        url = (await line_with("http://", process.stdout)).rpartition("http://")[2].strip()
        async with aiohttp.ClientSession() as session, session.get(f"http://{url}") as answer:
            assert answer.status == 200
            assert "text/html" in answer.headers["Content-Type"]
            token = {name: morsel.value for name, morsel in answer.cookies.items()}
        async with aiohttp.ClientSession(cookies=token) as session:
            async with session.get(f"http://{url}readyz") as answer:
                assert (await answer.json())["database"]["embedded"] is True
            fire = {"as": "U0ADA", "id": "fire-alert"}
            async with session.post(f"http://{url}sandbox/happen", json=fire) as answer:
                assert await answer.json() == {"ok": True}
        process.send_signal(signal.SIGINT)
        _, log = await asyncio.wait_for(process.communicate(), 30)

    assert process.returncode == 0
    assert b"other machines can connect" in log


def test_a_title_with_an_invalid_utf8_byte_is_declared_anyway() -> None:
    assert readable(b"K\xf6ln is down".decode("utf-8", "surrogateescape")) == "K\ufffdln is down"
    assert readable("Köln is down 🚨") == "Köln is down 🚨"


@pytest.mark.parametrize("words", [("ack",), ("status",), ("ack", "--as", "ben")])
async def test_an_incident_reference_with_an_invalid_byte_is_not_found_and_no_crash(
    here: Path, database: str, words: tuple[str, ...]
) -> None:
    (here / "runbook.yml").write_text(RUNBOOK)
    ended = await tocsin(*words, b"K\xf6ln".decode("utf-8", "surrogateescape"), at=here, DATABASE_URL=database)

    assert ended.code == 1
    assert "fault in Tocsin" not in ended.err
    assert "K\ufffdln" in ended.err


async def test_doctor_names_a_channel_the_bot_cannot_post_in_and_how_to_fix_it(here: Path, database: str) -> None:
    write_runbook(here)
    await tocsin("migrate", at=here, DATABASE_URL=database)
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as conn:
        await conn.execute("INSERT INTO channels (name, slack_id, closed) VALUES ('incidents', 'C1', 'archived')")
    ended = await tocsin("doctor", at=here, DATABASE_URL=database)
    assert "channel #incidents: is archived" in ended.out and "Unarchive it" in ended.out


async def test_doctor_names_the_old_and_new_name_of_a_renamed_channel(
    here: Path, workspace: Workspace, database: str
) -> None:
    write_runbook(here)
    renamed, gone = workspace.add_channel("ops-incidents"), workspace.add_channel("alerts-of-before")
    gone.archived = True
    await tocsin("migrate", at=here, DATABASE_URL=database)
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as conn:
        await conn.execute(
            "INSERT INTO channels (name, slack_id) VALUES ('incidents', %s), ('infrastructure-alerts', %s)",
            (renamed.id, gone.id),
        )
    ended = await tocsin("doctor", at=here, DATABASE_URL=database, **slack_of(workspace))
    broken = "\n".join(line for line in ended.out.splitlines() if line.startswith("✗"))
    assert "channel #incidents: it is called #ops-incidents now" in broken and "rename it back" in broken
    assert "channel #infrastructure-alerts: #alerts-of-before is archived. Unarchive it" in broken


@pytest.mark.parametrize("why", ["deleted", "lost"])
async def test_doctor_says_what_to_do_about_every_closed_channel(here: Path, database: str, why: str) -> None:
    write_runbook(here)
    await tocsin("migrate", at=here, DATABASE_URL=database)
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as conn:
        await conn.execute("INSERT INTO channels (name, slack_id, closed) VALUES ('incidents', 'C1', %s)", (why,))
    ended = await tocsin("doctor", at=here, DATABASE_URL=database)
    assert "channel #incidents: was deleted" in ended.out and "nvite" in ended.out


async def test_check_shows_how_a_sample_alert_is_handled_and_whom_it_pages(here: Path) -> None:
    write_runbook(here, shipped_runbooks()["starter"].read_text())
    (here / "sample.json").write_text(
        '{"title": "Database orders is away", "status": "firing", "severity": "critical"}'
    )
    ended = await tocsin("check", "--alert", "sample.json", "--source", "generic", at=here)
    assert ended.code == 0
    for fact in (
        "number 3 matches",
        "level critical",
        "admin@example.com",
        "5 min",
    ):
        assert fact in ended.out
    # Ada's week or Dev's, depending on today's date.
    assert re.search(r"On-call Engineer: (Ada Obi|Dev Rao) by slack, email$", ended.out, re.MULTILINE)


async def test_check_of_a_storm_shows_some_alerts_and_counts_the_rest(here: Path) -> None:
    write_runbook(here, shipped_runbooks()["starter"].read_text())
    one = {"title": "Database orders is away " + "x" * 300, "severity": "critical", "description": "y" * 1_500}
    ended = {"title": "Over", "status": "resolved"}
    alerts = [*[one | {"status": "firing", "labels": {"a": []}}] * 400, *[ended] * 100]
    (here / "storm.json").write_text(json.dumps({"alerts": alerts}))
    shown = await tocsin("check", "--alert", "storm.json", "--source", "generic", at=here)
    assert shown.code == 0
    assert "500 alerts of generic" in shown.out
    assert "and 490 more: 390 critical, 100 resolved" in shown.out
    assert "odd: and 390 more" in shown.out
    assert len(shown.out) < 10_000


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--alert", "sample.json"], "go together"),
        (["--alert", "sample.json", "--source", "nagios"], "there is: alertmanager, "),
        (["--alert", "sample.json", "--source", "generic"], "title"),
    ],
)
async def test_check_says_why_a_sample_alert_cannot_be_read(here: Path, words: list[str], reason: str) -> None:
    write_runbook(here, shipped_runbooks()["starter"].read_text())
    (here / "sample.json").write_text('{"status": "firing"}')
    ended = await tocsin("check", *words, at=here)
    assert ended.code != 0 and reason in ended.out + ended.err
