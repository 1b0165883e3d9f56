"""The status page shows what was sent to its audience and nothing else. It is served, and written as files."""

import asyncio
import json
import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import aiohttp
import pytest

from bot.store.upkeep.inspection import inspect
from tests.stories.updates.test_stakeholder_updates import card, declared, does, presses, told, updating, writes
from tests.stories.upkeep.connections import line_to
from tests.world import RUNBOOK, World, living, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]

ATOM = "{http://www.w3.org/2005/Atom}"
WORKING = "All systems working"


def with_page(to: str | Path | None = None, *, more: str = "automatic: true", means: str = "Complete outage") -> str:
    own = "title: Example status, components: [Shop, Pay]" + (f", to: {to}" if to else "")
    audiences = f"\naudiences: {{everybody: {{page: {{{own}}}, template: public, {more}}}}}\n"
    return updating(RUNBOOK, "everybody", audiences).replace(
        "    name: Critical\n", f"    name: Critical\n    means: {means}\n"
    )


async def fetched(world: World, path: str = "/status", **headers: str) -> tuple[int, str, Any]:
    url = f"http://127.0.0.1:{world.app.port}{path}"
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
        return answer.status, await answer.text(), answer.headers


async def shown(world: World) -> str:
    status, words, _ = await fetched(world)
    assert status == 200
    return words


async def as_json(world: World) -> Any:
    return json.loads((await fetched(world, "/status.json"))[1])


async def feed(world: World) -> ElementTree.Element:
    return ElementTree.fromstring((await fetched(world, "/status.atom"))[1])


def entries(feed: ElementTree.Element) -> list[tuple[str | None, str | None]]:
    return [(one.findtext(f"{ATOM}id"), one.findtext(f"{ATOM}title")) for one in feed.iter(f"{ATOM}entry")]


@pytest.mark.parametrize("path", ["/status", "/status.json", "/status.atom"])
async def test_there_is_no_status_page_without_an_audience_that_has_one(world: World, path: str) -> None:
    assert (await fetched(world, path))[0] == 404


async def test_the_page_says_all_systems_working_and_when_it_was_written_if_nothing_is_open(
    new_world: NewWorld, tmp_path: Path
) -> None:
    async with new_world(runbook=with_page(tmp_path / "page")) as world:
        await world.settled()
        page, found = await shown(world), await as_json(world)

        assert WORKING in page
        assert "Thu 06 Aug 2026 15:00 BST</time>, 14:00 UTC" in page
        assert (found["status"], found["headline"], found["incidents"]) == ("working", WORKING, [])
        assert entries(await feed(world)) == []
        written = (tmp_path / "page" / "index.html").read_text()
        assert WORKING in written
        assert "at least every 5 minutes" in written


async def test_an_incident_is_on_the_page_from_its_first_update_to_its_last_and_then_in_the_history(
    new_world: NewWorld, tmp_path: Path
) -> None:
    async with new_world(runbook=with_page(tmp_path)) as world:
        await declared(world)
        page, found = await shown(world), await as_json(world)
        assert WORKING not in page
        assert found["headline"] == "Complete outage"
        (incident,) = found["incidents"]
        assert (incident["state"], incident["severity"], incident["ended_at"]) == ("open", "Complete outage", None)
        assert "We're looking into it." in incident["updates"][0]["text"]
        assert "INC-1" not in page
        assert "Complete outage" in (tmp_path / "index.html").read_text()
        assert json.loads((tmp_path / "status.json").read_text())["incidents"] == found["incidents"]

        await does(world, "ada", "/incident status identified")
        await does(world, "ada", "/incident resolve Rolled back pg-2")
        page, found = await shown(world), await as_json(world)
        assert WORKING in page
        assert WORKING in (tmp_path / "index.html").read_text()
        assert "pg-2" not in page
        (incident,) = found["incidents"]
        assert incident["state"] == "over"
        assert [one["moment"] for one in incident["updates"]] == ["resolved", "update", "declared"]
        ids = {one for one, _ in entries(await feed(world))}
        assert len(ids) == 3
        assert all(str(one).startswith("tag:") for one in ids)
        assert len([one for one in await told(world) if "everybody by status page" in one]) == 3
        assert "Sent to *everybody* by status page" in words_of(card(world, "everybody"))

        await world.passes(days=89)
        assert len((await as_json(world))["incidents"]) == 1
        await world.passes(days=2)
        assert (await as_json(world))["incidents"] == []
        assert WORKING in await shown(world)


async def test_the_ids_of_the_feed_are_stable_and_an_unchanged_page_answers_304(new_world: NewWorld) -> None:
    async with new_world(runbook=with_page(), PUBLIC_URL="https://tocsin.example.com") as world:
        await declared(world)
        first = await feed(world)
        _, _, headers = await fetched(world, "/status.atom")
        await world.passes(minutes=20)
        again = await feed(world)

        assert str(first.findtext(f"{ATOM}id")).startswith("tag:tocsin.example.com,2026-08-06:")
        assert (first.findtext(f"{ATOM}id"), entries(first)) == (again.findtext(f"{ATOM}id"), entries(again))
        assert (await fetched(world, "/status.atom", **{"If-None-Match": headers["ETag"]}))[0] == 304
        for path in ("/status", "/status.json"):
            _, _, headers = await fetched(world, path)
            known = {"If-None-Match": headers["ETag"]}
            await world.passes(seconds=2)
            assert (await fetched(world, path, **known))[0] == 304
            await world.passes(minutes=1)
            assert (await fetched(world, path, **known))[0] == 200, "it says when it was written"


async def test_the_page_shows_an_update_only_after_it_is_approved(new_world: NewWorld) -> None:
    more = "automatic: true, approval: true"
    async with new_world(runbook=with_page(more=more)) as world:
        await declared(world)
        assert WORKING in await shown(world)
        await presses(world, "ben", "Approve", card(world, "everybody"))
        assert WORKING not in await shown(world)


async def test_a_reopened_incident_takes_all_systems_working_off_the_page(new_world: NewWorld, tmp_path: Path) -> None:
    async with new_world(runbook=with_page(tmp_path, more="approval: false")) as world:
        await declared(world)
        assert WORKING in await shown(world)
        await writes(world, "ada", "everybody", subject="Payments fail", text="We're on it.")
        await does(world, "ada", "/incident resolve done")
        assert WORKING not in await shown(world)
        await writes(world, "ada", "everybody", subject="Payments fail", text="Fixed.")
        assert WORKING in await shown(world)

        await does(world, "ada", "/incident reopen again")
        await world.passes(seconds=1)
        assert WORKING not in await shown(world)
        assert WORKING not in (tmp_path / "index.html").read_text()
        assert (await as_json(world))["status"] == "unsure"
        assert "Payments fail" in await shown(world)


@pytest.mark.parametrize("verb", ["drill", "private"])
async def test_a_drill_or_a_private_incident_is_never_on_the_page(new_world: NewWorld, verb: str) -> None:
    async with new_world(runbook=with_page()) as world:
        await world.ada.types(f"/incident {verb} P1 Payments failing", "#general")
        await world.passes(minutes=5)
        found = await as_json(world)
        assert (found["status"], found["incidents"]) == ("working", [])


async def test_typed_text_is_escaped_on_the_page_and_in_the_feed(new_world: NewWorld) -> None:
    async with new_world(runbook=with_page()) as world:
        await declared(world)
        await writes(world, "ada", "everybody", subject="<b>&bold", text='<script>alert("x")</script>\x0b]]>')
        page = await shown(world)

        assert "<script" not in page
        assert "<b>" not in page
        assert "&lt;script&gt;" in page
        assert "<b>&bold" in [title for _, title in entries(await feed(world))]


async def test_the_page_has_no_script_and_loads_nothing_from_elsewhere(new_world: NewWorld) -> None:
    async with new_world(runbook=with_page()) as world:
        status, page, headers = await fetched(world)
        assert status == 200
        assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha256-")
        assert "http://" not in page
        assert "https://" not in page
        assert (await fetched(world, "/status.json"))[2]["Content-Type"].startswith("application/json")
        assert (await fetched(world, "/status.atom"))[2]["Content-Type"].startswith("application/atom+xml")


async def test_the_headline_of_the_page_is_that_of_the_gravest_incident(new_world: NewWorld) -> None:
    runbook = with_page().replace("    name: High\n", "    name: High\n    means: Slow\n    tell: [everybody]\n")
    async with new_world(runbook=runbook) as world:
        for words in ("declare P2 Search is slow", "declare P1 Payments failing", "declare P2 Mails are late"):
            await world.ada.types(f"/incident {words}", "#general")
            await world.passes(seconds=5)
        found = await as_json(world)

        assert found["headline"] == "Complete outage"
        assert [one["severity"] for one in found["incidents"]] == ["Complete outage", "Slow", "Slow"]


async def test_the_files_are_rewritten_every_five_minutes_even_if_nothing_changes(
    new_world: NewWorld, tmp_path: Path
) -> None:
    async with new_world(runbook=with_page(tmp_path)) as world:
        await world.settled()
        first = json.loads((tmp_path / "status.json").read_text())["written_at"]
        await world.passes(minutes=4)
        assert json.loads((tmp_path / "status.json").read_text())["written_at"] == first
        await world.passes(minutes=1)
        assert json.loads((tmp_path / "status.json").read_text())["written_at"] == "2026-08-06T14:05:00+00:00"


async def test_a_folder_that_cannot_be_written_is_reported_in_the_room_and_the_page_is_still_served(
    new_world: NewWorld, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    async with new_world(runbook=with_page(tmp_path / "file" / "page")) as world:
        await declared(world)

        assert "not a directory" in words_of(card(world, "everybody"))
        assert "Complete outage" in await shown(world)
        assert await told(world) == []


async def test_an_update_sent_before_the_audience_had_a_page_is_not_shown_on_it(new_world: NewWorld) -> None:
    by_slack = re.sub(r"page: \{[^}]*\}", 'slack: ["#general"]', with_page())
    async with new_world(runbook=by_slack) as world:
        await declared(world)
        async with world.joined(runbook=with_page()) as second:
            url = f"http://127.0.0.1:{second.port}/status"
            async with aiohttp.ClientSession() as session, session.get(url) as answer:
                assert WORKING in await answer.text()


async def test_the_last_page_is_served_while_the_database_is_away_and_says_it_is_stale_after_five_minutes(
    database: str, tmp_path: Path
) -> None:
    async with line_to(database) as line, living(line.url, tmp_path, runbook=with_page()) as world:
        await declared(world)
        written = f"{world.clock.now():%H:%M} UTC"
        assert "Complete outage" in await shown(world)

        await line.cut()
        page = await shown(world)
        assert "Complete outage" in page
        assert written in page
        assert "could not be updated since" not in page
        world.clock.move(timedelta(minutes=6))
        page = await shown(world)
        assert "could not be updated since" in page
        assert written in page
        assert [title for _, title in entries(await feed(world))]
        await line.come_back()
        await until_read_anew(world)


async def until_read_anew(world: World) -> None:
    """Wait until the page is read from the database again, seconds after that is back."""
    async with asyncio.timeout(60):
        while "could not be updated since" in await shown(world):
            pass


async def test_a_page_never_read_before_an_outage_does_not_say_that_all_systems_work(
    database: str, tmp_path: Path
) -> None:
    async with line_to(database) as line, living(line.url, tmp_path, runbook=with_page()) as world:
        await line.cut()
        status, page, _ = await fetched(world)
        assert status == 503
        assert WORKING not in page
        assert "can't show our status" in page
        await line.come_back()


async def test_the_doctor_says_why_the_files_are_not_written(
    new_world: NewWorld, database: str, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    async with new_world(runbook=with_page(tmp_path / "file" / "page")) as world:
        await world.settled()
        (page,) = (await inspect(database)).failing_pages
        assert page.audience == "everybody"
        assert "not a directory" in (page.error or "")
        assert page.written_at is None
