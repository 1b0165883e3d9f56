"""Health checks: something watched breaks, people are told once, and it recovers."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from urllib.parse import quote

import pytest
from psycopg.conninfo import conninfo_to_dict

from bot.sandbox.model import Message
from tests.guarded import PASSWORD, Guarded, guarded_postgres
from tests.probes.conftest import hang, listening
from tests.stories.checks.website import Website, a_website
from tests.world import RUNBOOK, World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]
ALERTS = "#infrastructure-alerts"


@pytest.fixture
async def website() -> AsyncIterator[Website]:
    async with a_website() as website:
        yield website


@pytest.fixture(scope="module")
def guarded() -> Iterator[Guarded]:
    with guarded_postgres() as server:
        yield server


@asynccontextmanager
async def falling_silent(address: str, *, at: bytes) -> AsyncIterator[str]:
    """The same database behind a proxy that goes silent once the client has sent these bytes."""
    place = conninfo_to_dict(address)

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        silent = asyncio.Event()
        answers, questions = await asyncio.open_unix_connection(f"{place['host']}/.s.PGSQL.{place['port']}")
        back = asyncio.create_task(_carry(answers, writer, silent))
        try:
            while asked := await reader.read(65536):
                if at in asked:
                    silent.set()
                questions.write(asked)
        finally:
            back.cancel()
            questions.transport.abort()

    async with listening(pass_on) as port:
        account = quote(PASSWORD, safe="")
        yield f"postgresql://{place['user']}:{account}@127.0.0.1:{port}/{place['dbname']}?sslmode=disable&gssencmode=disable"


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, silent: asyncio.Event) -> None:
    while said := await reader.read(65536):
        if not silent.is_set():
            writer.write(said)


def watching(website: Website, *more: str, facts: str = "", every: str = "5m") -> str:
    """A runbook with a check of the website, plus `more`."""
    checks = [f'website: {{http: "{website.url}?key=s3cret"{facts}}}', *more]
    lines = "\n".join(f"    {check}" for check in checks)
    return f"{RUNBOOK}health:\n  every: {every}\n  fails_after: 2\n  checks:\n{lines}\n"


def cards(world: World) -> list[Message]:
    return [one for one in world.workspace.messages(ALERTS) if one.by_bot]


async def answered(world: World, command: str) -> str:
    """The bot's answer to this command."""
    answer = await world.eve.types(command, "#general")
    assert answer.error is None
    await world.settled()
    return words_of(last_answer(world))


def last_answer(world: World) -> Message:
    """The last message only Eve can see."""
    return [one for one in world.eve.sees("#general") if one.ephemeral_for][-1]


async def test_a_website_that_breaks_becomes_one_alert_after_two_failures_and_its_recovery_edits_it(
    new_world: NewWorld, website: Website
) -> None:
    async with new_world(runbook=watching(website)) as world:
        website.breaks()
        await world.passes(minutes=5)
        assert cards(world) == []

        await world.passes(minutes=5)
        assert world.posts() == [(ALERTS, "🟠 *High* website is down: HTTP 503, expected 200")]
        assert "HTTP 503 in " in words_of(cards(world)[0])
        assert "s3cret" not in words_of(cards(world)[0])

        await world.passes(minutes=5)
        website.recovers()
        await world.passes(minutes=5)
        assert world.posts() == []
        assert "is down" in words_of(cards(world)[0])

        await world.passes(minutes=5)
        assert len(cards(world)) == 1
        assert words_of(cards(world)[0]).startswith("✅ *Resolved* website is down: HTTP 503")
        assert world.eve.labels(cards(world)[0]) == []
        world.nothing_else_was_sent()


async def test_a_website_that_fails_every_other_probe_alerts_nobody_until_it_flaps(
    new_world: NewWorld, website: Website
) -> None:
    async with new_world(runbook=watching(website)) as world:
        for _ in range(2):
            website.breaks()
            await world.passes(minutes=5)
            website.recovers()
            await world.passes(minutes=5)
        world.nothing_else_was_sent()


async def test_the_next_failure_after_a_recovery_is_a_new_card(new_world: NewWorld, website: Website) -> None:
    async with new_world(runbook=watching(website)) as world:
        for _ in range(2):
            website.breaks()
            await world.passes(minutes=5)
            await world.passes(minutes=5)
            website.recovers()
            await world.passes(minutes=5)
            await world.passes(minutes=5)
        assert len(cards(world)) == 2


async def test_a_slow_website_is_medium_and_declares_nothing(new_world: NewWorld, website: Website) -> None:
    runbook = watching(website, facts=", slow: 1ms, level: critical, declare: P1", every="1m")
    async with new_world(runbook=runbook) as world:
        for _ in range(3):
            await world.passes(minutes=1)
        for headline in [headline for _, headline in world.posts()]:
            assert headline.startswith("🟡 *Medium* website is degraded: took ")
        assert await world.house.incidents.newest(open_only=False) == []


async def test_a_check_that_declares_an_incident_pages_once_and_posts_later_changes_in_the_room(
    new_world: NewWorld, website: Website
) -> None:
    async with new_world(runbook=watching(website, facts=", level: critical, declare: P1")) as world:
        website.breaks()
        await world.passes(minutes=5)
        await world.passes(minutes=5)
        assert len(world.pages_of("ada")) == 1
        assert "website is down: HTTP 503, expected 200" in words_of(world.pages_of("ada")[0])
        assert "INC-1" in words_of(cards(world)[0])
        await world.ada.types("/escalate ack", world.room())

        website.recovers()
        await world.passes(minutes=5)
        await world.passes(minutes=5)
        assert any("Alert resolved:* website is down" in said for said in world.said_in(world.room()))

        website.breaks()
        await world.passes(minutes=5)
        await world.passes(minutes=5)
        assert len(await world.house.incidents.newest(open_only=False)) == 1
        assert any("Alert firing again* website is down" in said for said in world.said_in(world.room()))
        assert len(world.pages_of("ada")) == 1


async def test_an_alert_can_be_acknowledged_and_declared_by_hand(new_world: NewWorld, website: Website) -> None:
    async with new_world(runbook=watching(website)) as world:
        website.breaks()
        await world.passes(minutes=5)
        await world.passes(minutes=5)
        assert world.ben.labels(cards(world)[0]) == ["Acknowledge", "Declare incident", "Attach", "Silence"]

        await world.ben.presses("Acknowledge", cards(world)[0])
        await world.settled()
        assert world.ben.labels(cards(world)[0]) == ["Declare incident", "Attach", "Silence"]
        assert "Acknowledged by <@U0BEN>" in words_of(cards(world)[0])

        await world.ben.presses("Declare incident", cards(world)[0])
        await world.settled()
        incident = (await world.house.incidents.newest(open_only=True))[0]
        assert (incident.severity, incident.declared_by) == ("P2", "ben")
        assert world.ben.labels(cards(world)[0]) == ["Silence"]


async def test_an_unacknowledged_critical_check_pages_after_five_minutes(new_world: NewWorld, website: Website) -> None:
    async with new_world(runbook=watching(website, facts=", level: critical", every="1h")) as world:
        website.breaks()
        await world.passes(hours=1)
        await world.passes(hours=1)
        await world.passes(minutes=4, seconds=59)
        assert world.pages_of("ada") == []
        await world.passes(seconds=1)
        assert len(world.pages_of("ada")) == 1


async def test_the_checks_instructions_are_on_the_card_and_in_the_incidents_room(
    new_world: NewWorld, website: Website
) -> None:
    procedures = "procedures: {restart: {title: Restart it, steps: [{do: Restart, run: systemctl restart web}]}}"
    checks = watching(website, facts=", declare: P2, procedure: restart")
    async with new_world(runbook=f"{checks}{procedures}") as world:
        website.breaks()
        await world.passes(minutes=5)
        await world.passes(minutes=5)
        assert "*What to do* Restart it" in words_of(cards(world)[0])
        assert "Runbook" in world.ben.labels(cards(world)[0])
        assert any("```\nsystemctl restart web\n```" in said for said in world.said_in(world.room()))


async def test_a_procedure_named_after_the_check_belongs_to_it(new_world: NewWorld, website: Website) -> None:
    procedures = "procedures: {website: {title: Restart it, steps: [{do: Restart}]}}"
    async with new_world(runbook=f"{watching(website)}{procedures}") as world:
        website.breaks()
        await world.passes(minutes=5)
        await world.passes(minutes=5)
        assert "Runbook" in world.ben.labels(cards(world)[0])


async def test_a_flapping_website_has_one_card_that_says_so(new_world: NewWorld, website: Website) -> None:
    async with new_world(runbook=watching(website)) as world:
        for _ in range(5):
            website.breaks()
            await world.passes(minutes=5)
            await world.passes(minutes=5)
            website.recovers()
            await world.passes(minutes=5)
            await world.passes(minutes=5)
        # Two episodes that ended, and the current one.
        assert len(cards(world)) == len(world.posts()) == 3
        assert words_of(cards(world)[2]).startswith("🟠 *High* website is flapping (down)")
        assert "6 good checks in a row" in words_of(cards(world)[2])
        assert "flapping" in await answered(world, "/health")

        for _ in range(4):
            await world.passes(minutes=5)
        assert words_of(cards(world)[2]).startswith("✅ *Resolved*")
        world.nothing_else_was_sent()


async def test_a_website_that_fails_every_other_probe_becomes_an_alert_although_never_down_twice_in_a_row(
    new_world: NewWorld, website: Website
) -> None:
    async with new_world(runbook=watching(website)) as world:
        for _ in range(3):
            website.breaks()
            await world.passes(minutes=5)
            website.recovers()
            await world.passes(minutes=5)
        (card,) = cards(world)
        assert words_of(card).startswith("🟠 *High* website is flapping")
        assert "6 good checks in a row" in words_of(card)

        for _ in range(5):
            await world.passes(minutes=5)
        assert words_of(cards(world)[0]).startswith("✅ *Resolved*")


async def test_the_alert_of_a_check_removed_from_the_runbook_resolves(new_world: NewWorld, website: Website) -> None:
    async with new_world(runbook=watching(website)) as world:
        website.breaks()
        await world.passes(minutes=5)
        await world.passes(minutes=5)
        async with world.joined(runbook=RUNBOOK):
            await world.settled()
            assert words_of(cards(world)[0]).startswith("✅ *Resolved*")


async def test_two_processes_probe_once_and_alert_once(new_world: NewWorld, website: Website) -> None:
    async with new_world(runbook=watching(website)) as world, world.joined():
        before = website.visits
        website.breaks()
        for _ in range(4):
            await world.passes(minutes=5)
        assert website.visits == before + 4
        assert len(cards(world)) == 1


async def test_a_check_that_hangs_delays_no_other_and_is_down_after_its_time_out(
    new_world: NewWorld, website: Website
) -> None:
    async with listening(hang) as port:
        stuck = f'stuck: {{http: "http://127.0.0.1:{port}/", timeout: 300ms}}'
        async with new_world(runbook=watching(website, stuck)) as world:
            said = await answered(world, "/health")

    lines = said.splitlines()
    assert lines[0] == "*1 of 2 checks is not healthy*"
    assert lines[1].startswith("🔴 *stuck* down: no answer within 300 ms")
    assert lines[2].startswith("🟢 *website* healthy · HTTP 200 in ")


async def test_a_database_that_goes_silent_mid_query_is_down_after_its_time_out(
    new_world: NewWorld, website: Website, guarded: Guarded
) -> None:
    """It accepts connection and query and never answers; the driver by itself would wait seconds longer."""
    async with falling_silent(guarded.database(), at=b"pg_stat_activity") as address:
        orders = f'orders: {{postgresql: "{address}", timeout: 1s}}'
        async with new_world(runbook=watching(website, orders)) as world:
            said = await answered(world, "/health")
            waited_for = [task for task in asyncio.all_tasks() if getattr(task.get_coro(), "__name__", "") == "_carry"]
            assert waited_for, "the driver has not given up yet"

    assert "🔴 *orders* down: no answer within 1 s" in said


async def test_health_shows_every_check_worst_first_and_probes_again_on_request(
    new_world: NewWorld, website: Website
) -> None:
    async with new_world(runbook=watching(website, 'cert: {tls: "nowhere.invalid"}')) as world:
        said = await answered(world, "/health")
        assert said.splitlines()[0] == "*1 of 2 checks is not healthy*"
        assert "🔴 *cert* down: this name is not known" in said
        assert "🟢 *website* healthy · HTTP 200 in" in said
        assert "(expected 200)" in said
        assert "s3cret" not in said

        website.breaks()
        await world.eve.presses("Run again", last_answer(world))
        await world.settled()
        line = words_of(last_answer(world)).partition("🔴 *website* down: ")[2].splitlines()[0]
        assert line.startswith("HTTP 503, expected 200 · since "), "said once"
        world.nothing_else_was_sent()


async def test_health_shows_one_checks_history_and_names_unknown_checks(new_world: NewWorld, website: Website) -> None:
    async with new_world(runbook=watching(website, facts=", declare: P1")) as world:
        said = await answered(world, "/health website")
        assert "*Declares* P1" in said
        assert f"*Target* `{website.url}`" in said
        assert "s3cret" not in said

        website.breaks()
        await world.passes(minutes=5)
        history = (await answered(world, "/health history website")).splitlines()
        assert history[1].startswith(
            "*website* available 66.66% in 24 h (measured for 5 min), 66.66% in 7 d (measured for 5 min)"
        )
        assert history[3].startswith("🔴")
        assert history[4].startswith("🟢")
        assert "for 5 min" in history[4]

        assert "Did you mean website?" in await answered(world, "/health websit")
        for mistyped, verb in (("histroy website", "history"), ("silense website 5m", "silence")):
            said = await answered(world, f"/health {mistyped}")
            assert f"“{mistyped.split()[0]}”" in said and f"`/health {verb}`" in said
        assert "`/health history [check]`" in await answered(world, "/health help")


async def test_fast_results_are_shown_first_and_the_rest_follow(new_world: NewWorld, website: Website) -> None:
    async with listening(hang) as port:
        stuck = f'stuck: {{http: "http://127.0.0.1:{port}/", timeout: 2s}}'
        async with new_world(runbook=watching(website, stuck)) as world:
            await answered(world, "/health")
            first, last = [words_of(one) for one in world.eve.sees("#general") if one.ephemeral_for]
            # How many have answered by then depends on the machine.
            assert first.startswith("*Checking…* ")
            assert "⏳ *stuck* still checking · last down" in first
            assert last.splitlines()[0] == "*1 of 2 checks is not healthy*"

            await world.eve.presses("Run again", last_answer(world))
            await world.settled()
            # The answer is edited in place: first partial, then complete.
            assert len([one for one in world.eve.sees("#general") if one.ephemeral_for]) == 2
            assert words_of(last_answer(world)).splitlines()[0] == "*1 of 2 checks is not healthy*"
            world.nothing_else_was_sent()


async def test_availability_and_latency_are_compared_with_their_targets(new_world: NewWorld, website: Website) -> None:
    runbook = watching(website, facts=", availability: 99.9%, slow: 60s")
    objectives = "objectives: [{scenario: Website down, severity: P1, rto: 1h, rpo: 0m}]"
    async with new_world(runbook=f"{runbook}{objectives}") as world:
        for _ in range(3):
            await world.passes(minutes=5)
        website.breaks()
        await world.passes(minutes=5)
        website.recovers()
        await world.passes(minutes=5)

        await answered(world, "/health website")
        said, _ = [words_of(one) for one in world.eve.sees("#general") if one.ephemeral_for]
        assert "*Availability* (target 99.9%) *and answers* (slow above 1 min)" in said
        assert "• 24 h: *85.71%* available (measured for 25 min), ⚠ below the target · p50 " in said
        assert "85.71% ⚠ in 24 h" in await answered(world, "/health history")
        assert "• Website down (P1): back within 1 h (RTO), nothing lost (RPO)" in await answered(world, "/health")


async def test_a_check_is_shown_with_a_chart_of_its_last_day_and_an_alternative_text(
    new_world: NewWorld, website: Website
) -> None:
    async with new_world(runbook=watching(website, facts=", slow: 60s")) as world:
        await world.passes(minutes=5)
        website.breaks()
        await world.passes(minutes=5)
        website.recovers()
        await world.passes(minutes=5)
        await answered(world, "/health website")

        words, chart = [one for one in world.eve.sees("#general") if one.ephemeral_for]
        assert "🟢 *website* healthy" in words_of(words)
        (block,) = chart.blocks or []
        assert block["alt_text"].startswith(
            "website, Thu 06 Aug 15:00 to Thu 06 Aug 15:15 (ms until the answer). Available 80%, answers p50 "
        )
        assert "Down 15:10 BST to 15:15 BST." in block["alt_text"]
        picture = world.workspace.files[block["slack_file"]["id"]]
        assert (picture.mimetype, (picture.content or b"")[:8]) == ("image/png", b"\x89PNG\r\n\x1a\n")
        assert picture.channels == []

        await world.eve.presses("Run again", words)
        await world.settled()
        assert len([one for one in world.eve.sees("#general") if one.ephemeral_for]) == 2
        world.nothing_else_was_sent()


async def test_a_chart_slack_cannot_show_yet_is_shown_a_little_later(new_world: NewWorld, website: Website) -> None:
    async with new_world(runbook=watching(website)) as world:
        await world.passes(minutes=5)
        world.workspace.faults.keep_files_back(1)
        await answered(world, "/health website")

        assert last_answer(world).blocks[0]["type"] == "image"  # type: ignore[index]
        world.nothing_else_was_sent()


async def test_when_the_chart_fails_the_text_is_shown_without_it(new_world: NewWorld, website: Website) -> None:
    async with new_world(runbook=watching(website)) as world:
        await answered(world, "/health website")
        world.workspace.faults.refuse("files.getUploadURLExternal", "storage_limit_reached")
        await world.passes(minutes=5)
        said = await answered(world, "/health website")

        assert "🟢 *website* healthy" in said
        assert len([one for one in world.eve.sees("#general") if one.ephemeral_for]) == 2
        world.nothing_else_was_sent()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_database_password_is_never_logged_or_shown(
    new_world: NewWorld, website: Website, caplog: pytest.LogCaptureFixture
) -> None:
    for logger in ("bot", "commands", "pymongo", "psycopg"):
        caplog.set_level("DEBUG", logger=logger)
    async with listening(hang) as port:
        pass
    account = f"ada:hunter2@127.0.0.1:{port}"
    checks = [
        f'orders: {{postgresql: "postgresql://{account}/orders"}}',
        f'content: {{mongodb: "mongodb://{account}/content", timeout: 300ms}}',
    ]
    async with new_world(runbook=watching(website, *checks)) as world:
        for _ in range(2):
            await world.passes(minutes=5)
        await answered(world, "/health")
        shown = f"{world.workspace.sent} {[one.messages for one in world.workspace.conversations]}"

    assert "orders is down: Connection refused" in shown
    assert "content is down: " in shown
    assert "hunter2" not in f"{shown} {caplog.text}"
    gc.collect()


async def test_probes_by_hand_raise_no_alert(new_world: NewWorld, website: Website) -> None:
    async with new_world(runbook=watching(website)) as world:
        website.breaks()
        for _ in range(3):
            await answered(world, "/health")
        assert cards(world) == []


async def test_a_result_found_after_its_lease_expired_changes_nothing(new_world: NewWorld, website: Website) -> None:
    """The lease has expired and another process has probed since: the website is well, whatever the first one says."""
    async with new_world(runbook=watching(website, facts=", timeout: 5s")) as world:
        website.holds_back()
        world.clock.move(timedelta(minutes=5))
        await website.visited(2)
        website.answers_at_once()
        world.clock.move(timedelta(seconds=25))
        await website.visited(3)
        website.breaks()
        website.lets_go()
        await world.settled()

        (turn,) = await world.house.health.history("website")
        assert turn.state == "healthy"


async def test_a_runbook_without_checks_says_so(world: World) -> None:
    assert (await answered(world, "/health")).startswith("*No checks*")


async def test_a_probe_of_a_process_that_dies_is_taken_over_by_another(new_world: NewWorld, website: Website) -> None:
    """It claimed the check and went silent: once its lease expires, another process probes."""
    async with new_world(runbook=watching(website)) as world:
        async with world.house.db.transaction() as conn:
            await conn.execute(
                "UPDATE checks SET fence = fence + 1, due_at = %s + interval '30 seconds'", [world.clock.now()]
            )
        before = website.visits
        await world.passes(seconds=29)
        assert website.visits == before
        await world.passes(seconds=1)
        assert website.visits == before + 1
