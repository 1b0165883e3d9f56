"""The report form's door: who may send how much and how often, and what it says when nothing can be stored."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.doors import reporting
from bot.doors.reporting import LARGEST_BODY, MOST_FIELDS, PER_MINUTE
from bot.services.paging.keyring import LINKS, REPORTS, WEBHOOK
from bot.store.alerts.alerts import open_ids
from bot.store.paging.pages import of_incident
from tests.processes import until
from tests.stories.alerts.monitoring import watched
from tests.stories.alerts.reporter import DECLARING, PUBLIC, WITH_FORM, outsider
from tests.stories.asking import declared
from tests.stories.upkeep.connections import line_to
from tests.stories.upkeep.test_kept import DIES_AT_COMMIT, do
from tests.world import World, living

NewWorld = Callable[..., AbstractAsyncContextManager[World]]

WHAT = "I can't pay"


async def counted(world: World, outcome: str) -> bool:
    """Whether exactly one report was counted with this outcome."""
    return f'tocsin_reports_total{{outcome="{outcome}"}} 1.0' in world.app.metrics.text(None).decode()


async def test_only_the_report_link_opens_the_form(new_world: NewWorld) -> None:
    async with new_world(runbook=WITH_FORM, PUBLIC_URL=PUBLIC) as world, outsider(world) as jo, watched(world) as seen:
        await declared(world)
        async with world.house.db.transaction() as conn:
            (page, *_) = await of_incident(conn, 1)
        acknowledges = (await world.house.links.link_to(page)).rpartition("/")[2]
        token = jo.path.removeprefix("/report/")
        twisted = token[:-2] + ("A" if token[-2] != "A" else "B") + token[-1]
        for forged in ("", "x", token[:-1], token + "A", token + "=", twisted, acknowledges, "%00", "%ff", "é" * 300):
            assert (await jo.opens(f"/report/{forged}")).status == 404, forged
            assert (await jo.sends(f"/report/{forged}", what=WHAT)).status == 404, forged
        assert seen.cards == []
        assert token not in (await jo.opens()).words


async def test_a_rotated_key_keeps_the_former_report_link_for_a_month_and_paging_links_untouched(
    new_world: NewWorld,
) -> None:
    async with new_world(runbook=WITH_FORM, PUBLIC_URL=PUBLIC) as world, outsider(world) as jo:
        keyring, former = world.house.keyring, jo.path
        for other in (LINKS, WEBHOOK):
            await keyring.rotate(other, at_once=True)
        assert (await jo.opens()).status == 200

        await keyring.rotate(REPORTS, at_once=False)
        newer = await world.house.report_link.path()
        assert newer != former
        assert [(await jo.opens(path)).status for path in (former, newer)] == [200, 200]
        world.clock.move(timedelta(days=30))
        assert [(await jo.opens(path)).status for path in (former, newer)] == [404, 200]

        await keyring.rotate(REPORTS, at_once=True)
        assert (await jo.opens(newer)).status == 404


async def test_an_invalid_report_is_shown_again_with_what_was_typed(new_world: NewWorld) -> None:
    async with new_world(runbook=WITH_FORM, PUBLIC_URL=PUBLIC) as world, outsider(world) as jo, watched(world) as seen:
        for what in ("", "  \r\n ", "\u202e\u200b", "\0"):
            page = await jo.sends(what=what, contact='"><script>jo')
            assert (page.status, "Say what is wrong." in page.text) == (422, True)
            assert 'value="&quot;&gt;&lt;script&gt;jo"' in page.words
        for field, most in (("what", 3000), ("since", 200), ("affected", 200), ("contact", 200)):
            fields = {"what": WHAT, field: "x" * (most + 1)}
            page = await jo.sends(**fields)
            assert (page.status, f"{most + 1} characters, at most {most}" in page.text) == (422, True)
            assert "x" * (most + 1) in page.words
        assert seen.cards == []
        assert (await jo.sends(what="x" * 3000, contact="y" * 200)).status == 200


async def test_a_body_is_read_no_further_than_the_longest_form(new_world: NewWorld) -> None:
    async with new_world(runbook=WITH_FORM, PUBLIC_URL=PUBLIC) as world, outsider(world) as jo, watched(world) as seen:
        assert (await jo.posts(b"what=" + b"x" * LARGEST_BODY)).status == 413
        assert (await jo.posts(b"what=1" + b"&a=1" * MOST_FIELDS)).status == 400
        assert (await jo.posts(b'{"what": "x"}', Content_Type="application/json")).status == 422
        assert seen.cards == []


async def test_a_bot_that_fills_in_the_honeypot_raises_no_alert_and_learns_nothing(new_world: NewWorld) -> None:
    async with new_world(runbook=DECLARING, PUBLIC_URL=PUBLIC) as world, outsider(world) as jo, watched(world) as seen:
        page = await jo.sends(what="Buy", trap="http://spam.example.com")

        assert (page.status, "Report received" in page.text) == (200, True)
        assert "paged" not in page.text
        assert "team" not in page.text
        assert (seen.cards, world.pages_of("ada")) == ([], [])
        assert await counted(world, "spam")


async def test_reports_over_the_rate_limit_keep_what_was_typed_and_are_asked_to_try_again(new_world: NewWorld) -> None:
    async with new_world(runbook=WITH_FORM, PUBLIC_URL=PUBLIC) as world, outsider(world) as jo:
        world.clock.freeze(world.clock.now())
        for number in range(PER_MINUTE):
            assert (await jo.sends(what=f"{WHAT} {number}")).status == 200
        page = await jo.posts(b"what=One+more", X_Forwarded_For="192.0.2.1")

        assert (page.status, int(page.headers["Retry-After"]) > 0) == (429, True)
        assert "One more" in page.words
        assert "Nothing was recorded" in page.text
        async with world.house.db.transaction() as conn:
            assert len(await open_ids(conn)) == PER_MINUTE
        assert await counted(world, "too many")
        world.clock.freeze(world.clock.now() + timedelta(seconds=int(page.headers["Retry-After"])))
        assert (await jo.sends(what="One more")).status == 200


async def test_a_spammed_link_accepts_no_more_reports_an_hour_than_a_team_can_read(
    new_world: NewWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reporting, "IN_ALL_PER_HOUR", 3)
    async with new_world(runbook=WITH_FORM, PUBLIC_URL=PUBLIC) as world, outsider(world) as jo:
        world.clock.freeze(world.clock.now())
        statuses = []
        for number in range(5):
            statuses.append((await jo.sends(what=f"{WHAT} {number}")).status)
            world.clock.move(timedelta(minutes=5))
        assert statuses == [200, 200, 200, 429, 200], "after twenty minutes one more"


@pytest.mark.parametrize(
    "typed",
    [
        "<!channel> <@U0ADA> <https://evil.example.com|our bank>",
        "@here @channel",
        "a\0b\u202ec\x07",
        "&lt;!channel&gt;",
    ],
)
async def test_typed_text_can_neither_mention_anybody_nor_forge_a_link(new_world: NewWorld, typed: str) -> None:
    async with new_world(runbook=DECLARING, PUBLIC_URL=PUBLIC) as world, outsider(world) as jo, watched(world) as seen:
        page = await jo.sends(what=f"{typed}\nmore {typed}", since=typed, affected=typed, contact=typed)

        assert page.status == 200
        forged = ("\0", "\u202e", "<!channel>", "<@U0ADA>", "<https://evil.example.com|our bank>")
        assert [one for one in forged if one in seen.words] == []
        world.posts()
        world.nothing_else_was_sent()


async def test_the_reporters_contact_is_on_the_card_and_nowhere_else(
    new_world: NewWorld, caplog: pytest.LogCaptureFixture
) -> None:
    contact = "jo@customer.example.com"
    async with new_world(runbook=DECLARING, PUBLIC_URL=PUBLIC) as world, outsider(world) as jo, watched(world) as seen:
        await jo.sends(what=WHAT, since="noon", contact=contact)

        assert contact in seen.words
        others = [one for one in world.workspace.sent if contact in str(one) and one.channel != seen.card.channel]
        assert others == []
        assert contact not in caplog.text
        assert contact not in world.app.metrics.text(None).decode()


@pytest.mark.parametrize("trouble", ["cut", "dead"])
async def test_while_the_database_is_down_the_form_says_nothing_was_recorded_and_keeps_what_was_typed(
    database: str, tmp_path: Path, trouble: str
) -> None:
    facts: dict[str, Any] = {"runbook": WITH_FORM, "PUBLIC_URL": PUBLIC}
    async with line_to(database) as line, living(line.url, tmp_path, **facts) as world, outsider(world) as jo:
        nonce = (await jo.opens()).nonce
        await line.cut() if trouble == "cut" else line.go_dead()

        shown, page = await asyncio.gather(jo.opens(), jo.asks("POST", urlencode({"what": WHAT, "nonce": nonce})))
        for answer in (shown, page):
            assert (answer.status, "Nothing was recorded" in answer.text) == (503, True)
            assert "call the person you usually deal with at Example Tutors" in answer.text
            assert int(answer.headers["Retry-After"]) > 0
        assert WHAT in page.text
        assert page.nonce == nonce

        await line.come_back()

        async def is_taken() -> bool:
            return (await jo.asks("POST", urlencode({"what": WHAT, "nonce": nonce}))).status == 200

        await until(is_taken)


async def test_no_body_causes_a_server_error(new_world: NewWorld) -> None:
    names = st.sampled_from(["what", "since", "affected", "contact", "nonce", "trap", ""])
    forms = st.lists(st.tuples(names, st.text(max_size=60)), max_size=8).map(
        lambda pairs: urlencode(pairs, errors="surrogatepass").encode()
    )
    bodies = st.one_of(st.binary(max_size=300), forms)

    async with new_world(runbook=WITH_FORM, PUBLIC_URL=PUBLIC) as world, outsider(world) as jo:
        loop = asyncio.get_running_loop()

        @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
        @given(bodies)
        def posted(body: bytes) -> None:
            world.clock.move(timedelta(minutes=1))
            page = asyncio.run_coroutine_threadsafe(jo.asks("POST", body), loop).result()
            assert page.status in (200, 400, 422), body

        await asyncio.to_thread(posted)
        await world.settled()
        assert [str(one) for one in world.workspace.complaints] == []


async def test_when_the_commit_is_in_doubt_the_page_says_so_and_sending_again_is_idempotent(
    new_world: NewWorld,
) -> None:
    async with new_world(runbook=WITH_FORM, PUBLIC_URL=PUBLIC) as world, outsider(world) as jo, watched(world) as seen:
        nonce = (await jo.opens()).nonce
        await do(world, DIES_AT_COMMIT.format(table="alerts", when="INSERT"))
        page = await jo.asks("POST", urlencode({"what": WHAT, "nonce": nonce}))

        assert (page.status, "We don't know yet whether this was recorded" in page.text) == (503, True)
        assert "Nothing was recorded" not in page.text
        assert (WHAT in page.text, page.nonce) == (True, nonce)
        await do(world, "DROP TRIGGER die_alerts ON alerts")
        for _ in range(2):
            assert (await jo.sends(what=WHAT, nonce=nonce)).status == 200
        assert len(seen.cards) == 1
        assert await counted(world, "unknown")
