"""Forgetting a person who left: nothing stored names them any more, and statistics stay the same."""

import re
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from psycopg import AsyncConnection

from bot.app import App
from bot.domain.errors import NotFound, Refused
from bot.store.embedded.server import EmbeddedPostgres
from tests.commandline import tocsin
from tests.stories.asking import ask, declared
from tests.world import RUNBOOK, World

NewWorld = Callable[..., AbstractAsyncContextManager[World]]
TOKEN = "a-token-of-the-api"
WAYS = "who: [ada], via: [slack, email, sms]"
PROMISES = "    user_facing: true\n    postmortem: required\n    respond_within: 15m\n"
BEFORE = RUNBOOK.replace("who: [ada]", WAYS).replace("    user_facing: true\n", PROMISES)
AFTER = "\n".join(line for line in BEFORE.splitlines() if not line.startswith("  ada:")).replace("[ada]", "[ben]")
FORMS = ("Ada Obi", "ada@example.com", "447700900001", "U0ADA", "ada", "Ada")


@pytest.fixture
async def town(new_world: NewWorld) -> AsyncIterator[World]:
    async with new_world(runbook=BEFORE, API_TOKEN=TOKEN) as world:
        yield world


async def lived(world: World, by: str = "eve") -> None:
    """A finished incident in which Ada took part in everything."""
    await ask(world, "ada", f"/health silence source=grafana 30m Ada Obi ({FORMS[1]}) deploys")
    room = await declared(world, "P1 Nobody reaches Ada Obi at ada@example.com", by)
    await world.passes(minutes=5)
    await ask(world, "ada", "/escalate ack", room)
    await ask(world, "ada", "/incident lead", room)
    await ask(world, "ada", "/incident lead @ben", room)
    await ask(world, "ada", "/incident lead", room)
    await ask(world, "ben", "/incident note <@U0ADA> restarted it; call Ada on +44 7700 900001", room)
    await ask(world, "ben", "/incident task @ada Restart it 30m", room)
    await ask(world, by, "/escalate @ada look at this", room)
    await ask(world, "ben", "/incident action @ada Write to Ada Obi by 12 Dec", room)
    await ask(world, "ada", "/incident update Ada Obi looks", room)
    await ask(world, "ada", "/incident started 14:50", room)
    await world.passes(minutes=30)
    await ask(world, "ada", "/incident resolve thanks to <@U0ADA>", room)
    await world.passes(minutes=1)


def dumped(url: str, postgres: EmbeddedPostgres) -> str:
    """A dump of the whole database, without the token that differs in each dump."""
    command = [str(postgres.binaries / "pg_dump"), "--data-only", url]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return "\n".join(line for line in lines if "restrict " not in line)


async def counted(app: App) -> object:
    numbers = await app.services.statistics.of_days(30)
    return numbers.counts, numbers.times, numbers.promises, [
        (one.pages, one.at_night, one.answered, one.median) for one in numbers.people
    ], numbers.noise  # fmt: skip


async def test_nothing_in_the_database_names_a_forgotten_person_and_the_statistics_stay(
    town: World, tmp_path: Path
) -> None:
    await lived(town)
    programs = EmbeddedPostgres(tmp_path)
    async with town.joined(runbook=AFTER) as later:
        await town.settled()
        forgetting, url = later.services.forgetting, town.house.db.conninfo
        before, dump = await counted(later), dumped(url, programs)
        assert all(form in dump for form in FORMS)

        found = await forgetting.find("Ada Obi", ["Ada"])
        assert found.identity.keys == {"ada"} and found.identity.accounts == {"U0ADA"}
        assert found.rows["timeline"] and found.rows["audit"] and found.rows["requests"]
        assert [one.what for one in found.work] == ["action", "post-mortem", "task"]
        assert dumped(url, programs) == dump

        done = await forgetting.forget(found)
        assert (done.former, done.left) == ("former-1", {})
        dump = dumped(url, programs)
        assert [line for line in dump.splitlines() if re.search(rf"\b({'|'.join(FORMS)})\b", line)] == []
        assert await counted(later) == before

        record = await later.services.records.of(1)
        assert record.incident.acknowledged_by == record.incident.roles["lead"] == "former-1"
        assert {page.person for page in record.pages} == {"former-1"}
        assert "former-1 (removed)" in later.services.documents.markdown(record)
        with pytest.raises(NotFound):
            await forgetting.find("ada")
        # Their incident's ladder can still be restarted.
        await later.services.incidents.reopen(later.services.people.actor("U0BEN"), 1, "it is back")
        await town.settled()


async def test_a_person_in_the_runbook_on_an_open_incident_or_being_paged_is_not_forgotten(town: World) -> None:
    room = await declared(town)
    with pytest.raises(Refused, match="in the runbook"):
        await town.house.forgetting.find("ada@example.com")
    async with town.joined(runbook=AFTER) as later:
        with pytest.raises(Refused, match="INC-1"):
            await later.services.forgetting.find("<@U0ADA>")
        await ask(town, "ada", "/incident resolve", room)
        assert (await later.services.forgetting.find("ada")).identity.names == {"Ada Obi"}
        with pytest.raises(NotFound):
            await later.services.forgetting.find("nobody@example.com")


async def test_two_forgotten_people_stay_distinct(town: World) -> None:
    await lived(town, by="finn")
    async with town.joined(runbook=AFTER) as later:
        for person, former in (("U0FINN", "former-1"), ("ada", "former-2")):
            forgetting = later.services.forgetting
            assert (await forgetting.forget(await forgetting.find(person))).former == former
        record = await later.services.records.of(1)
        assert (record.incident.declared_by, record.incident.resolved_by) == ("former-1", "former-2")


async def test_an_interrupted_forgetting_resumes_with_the_same_pseudonym_and_leaves_similar_names(town: World) -> None:
    await lived(town)
    await ask(town, "ben", "/incident note INC-1 Ada Obi Fox helped Ada Obi")
    async with town.joined(runbook=AFTER.replace("Cleo Fox", "Ada Obi Fox")) as later:
        forgetting = later.services.forgetting
        found = await forgetting.find("ada")
        async with town.house.db.transaction() as conn:
            await conn.execute(
                "UPDATE requests SET worked_at = NULL"
                " WHERE key = (SELECT max(key) FROM requests WHERE body::text LIKE '%U0ADA%')"
            )
        assert (await forgetting.forget(found)).left == {"requests": 1}
        async with town.house.db.transaction() as conn:
            await conn.execute("UPDATE requests SET worked_at = received_at")
        done = await forgetting.forget(await forgetting.find("U0ADA"))
        assert (done.former, done.left) == ("former-1", {})
        written = [entry.text for entry in await later.services.incidents.timeline(1)]
        assert "Ada Obi Fox helped former-1" in written


async def test_a_shell_shows_what_would_change_and_changes_it_only_when_told(tmp_path: Path, database: str) -> None:
    environ = {"DATABASE_URL": database, "TOCSIN_RUNBOOK": str(tmp_path / "runbook.yml")}
    (tmp_path / "runbook.yml").write_text(BEFORE)
    assert (await tocsin("declare", "--as", "ada", "--drill", "P1", "Payments", at=tmp_path, **environ)).code == 0
    assert "in the runbook" in (await tocsin("forget", "ada", at=tmp_path, **environ)).err
    (tmp_path / "runbook.yml").write_text(AFTER)
    assert "INC-1" in (await tocsin("forget", "ada", "--yes", at=tmp_path, **environ)).err
    async with await AsyncConnection.connect(database, autocommit=True) as conn:
        await conn.execute("UPDATE incidents SET resolved_at = declared_at")
        await conn.execute("UPDATE pages SET state = 'refused'")
        await conn.execute("UPDATE outbox SET state = 'refused'")

    shown = await tocsin("forget", "ada", at=tmp_path, **environ)
    assert shown.code == 0 and "of incidents" in shown.out and "--yes" in shown.out and "Slack" in shown.out
    done = await tocsin("forget", "ada", "--yes", at=tmp_path, **environ)
    assert done.code == 0 and done.out.startswith("former-1 ") and "NOT FINISHED" not in done.out
    assert "Nothing here names" in (await tocsin("forget", "ada", "--yes", at=tmp_path, **environ)).err
    assert "former-1 (removed)" in (await tocsin("export", "INC-1", at=tmp_path, **environ)).out


async def test_a_phone_number_others_were_reached_by_too_is_kept_for_them(new_world: NewWorld) -> None:
    shared = BEFORE.replace("+447700900002", "+447700900001")
    async with new_world(runbook=shared) as world:
        await lived(world)
        later_runbook = "\n".join(line for line in AFTER.splitlines() if not line.startswith("  ben:"))
        async with world.joined(runbook=later_runbook.replace("[ben]", "[cleo]")) as later:
            found = await later.services.forgetting.find("ada")
            assert found.kept == ["+447700900001"] and not found.identity.phones
