"""Pages by direct message in a simulated Slack: posted once, and searched for when the outcome is unknown."""

import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from ruamel.yaml import YAML

from bot.clock import Clock
from bot.domain.errors import RateLimited, Rejected, Unanswered, Unreachable
from bot.domain.paging.page import Page
from bot.pagers.slack import SlackPager
from bot.runbook import Runbook
from bot.sandbox.server import serving
from bot.sandbox.workspace import Workspace
from bot.slack.blocks import Button, Message, message
from bot.slack.gateway import Gateway
from tests.pagers.conftest import NOON, Calling, KeptUnconfirmed, standing_at
from tests.provider import NO_ANSWERS

MANIFEST = YAML(typ="safe").load(Path("manifest.yml").read_text("utf-8"))


@pytest.fixture
async def workspace(clock: Clock) -> AsyncIterator[Workspace]:
    workspace = Workspace(clock, MANIFEST)
    async with serving(workspace):
        yield workspace
        assert workspace.complaints == []


@pytest.fixture
async def pager(workspace: Workspace, clock: Clock, unconfirmed: KeptUnconfirmed) -> AsyncIterator[SlackPager]:
    async with paging(workspace, clock, unconfirmed) as pager:
        yield pager


@contextlib.asynccontextmanager
async def paging(workspace: Workspace, clock: Clock, unconfirmed: KeptUnconfirmed) -> AsyncIterator[SlackPager]:
    accounts = {name: workspace.person(name).id for name in ("ada", "ben")}

    async def account_of(key: str) -> str | None:
        return accounts.get(key)

    async with aiohttp.ClientSession() as session:
        gateway = Gateway(session, clock, token=workspace.bot_token, base_url=f"{workspace.base_url}/api/")
        yield SlackPager(gateway, paint, account_of, {"ada": accounts["ada"]}.get, clock, unconfirmed)


async def paint(page: Page, *, repeat: bool) -> Message:
    words = f"Page {page.id}" + (" (possibly a repeat)" if repeat else "")
    return message(words, [Button("Acknowledge", "incident.acknowledge", "12")])


def posts(workspace: Workspace) -> list[Any]:
    return [sent for sent in workspace.sent if sent.method == "chat.postMessage"]


def texts(workspace: Workspace, name: str) -> list[str]:
    return [seen.text for seen in workspace.direct_messages(name)]


async def test_a_page_is_a_direct_message_and_its_reference_is_channel_and_timestamp(
    workspace: Workspace, pager: SlackPager, calling: Calling
) -> None:
    reference = await pager.page(calling("ada"))

    (posted,) = workspace.direct_messages("ada")
    channel, ts = reference.split("/")
    assert (posted.text, posted.ts) == ("Page 7", ts)
    assert channel.startswith("D")
    assert workspace.person("ada").labels(posted) == ["Acknowledge"]
    assert posts(workspace)[0].metadata["event_payload"] == {"key": f"page:7.{NOON.timestamp():.0f}"}


async def test_a_known_contact_is_used_without_a_lookup(
    workspace: Workspace, pager: SlackPager, calling: Calling, runbook: Runbook
) -> None:
    eve = workspace.person("eve").id
    await pager.page(calling("dev", contact=eve))

    assert texts(workspace, "eve") == ["Page 7"]


async def test_a_person_without_an_account_is_refused_and_not_called_paged(
    workspace: Workspace, pager: SlackPager, calling: Calling
) -> None:
    with pytest.raises(Rejected, match="no Slack account has this address"):
        await pager.page(calling("dev"))
    assert posts(workspace) == []


def test_everybody_can_be_tried_whether_or_not_their_account_is_known(pager: SlackPager, runbook: Runbook) -> None:
    assert pager.contact(runbook.people["ada"]) == "U0ADA"
    assert pager.contact(runbook.people["ben"]) == ""


async def test_a_message_whose_response_was_lost_is_found_and_not_posted_again(
    workspace: Workspace, pager: SlackPager, calling: Calling
) -> None:
    workspace.faults.drop("chat.postMessage")
    with pytest.raises(Unanswered):
        await pager.page(calling("ada"))

    reference = await pager.page(calling("ada", unsure=True))

    (posted,) = workspace.direct_messages("ada")
    assert reference.endswith(posted.ts)
    assert len(posts(workspace)) == 1


@pytest.mark.parametrize("minutes", [-60, -2, 2, 60])
async def test_a_message_is_found_despite_any_clock_skew_with_slack(
    clock: Clock, unconfirmed: KeptUnconfirmed, calling: Calling, minutes: int
) -> None:
    workspace = Workspace(standing_at(NOON + timedelta(minutes=minutes)), MANIFEST)
    async with serving(workspace), paging(workspace, clock, unconfirmed) as pager:
        workspace.faults.drop("chat.postMessage")
        with pytest.raises(Unanswered):
            await pager.page(calling("ada"))
        await pager.page(calling("ada", unsure=True))

    assert texts(workspace, "ada") == ["Page 7"]


async def test_a_message_is_found_behind_many_later_ones(
    workspace: Workspace, pager: SlackPager, calling: Calling
) -> None:
    workspace.faults.drop("chat.postMessage")
    with pytest.raises(Unanswered):
        await pager.page(calling("ada"))
    for number in range(250):
        await workspace.person("ada").says(f"and {number}", "@tocsin")

    await pager.page(calling("ada", unsure=True))
    assert len(posts(workspace)) == 1


async def test_a_message_from_a_former_databases_page_of_the_same_number_is_not_mistaken_for_this_one(
    workspace: Workspace, pager: SlackPager, calling: Calling, clock: Clock
) -> None:
    await pager.page(calling("ada"))
    clock.move(timedelta(hours=1))

    await pager.page(calling("ada", unsure=True, due_at=clock.now(), first_attempt_at=clock.now()))
    assert len(posts(workspace)) == 2


async def test_a_message_that_was_never_posted_is_posted_when_the_search_finds_nothing(
    workspace: Workspace, pager: SlackPager, calling: Calling
) -> None:
    await pager.page(calling("ada", id=6))
    await pager.page(calling("ada", unsure=True))

    assert texts(workspace, "ada") == ["Page 6", "Page 7"]


async def test_while_the_search_fails_the_page_waits_a_minute_and_is_then_sent_marked_as_a_possible_repeat(
    workspace: Workspace, pager: SlackPager, calling: Calling, clock: Clock
) -> None:
    workspace.faults.refuse("conversations.history", "missing_scope", times=None)
    clock.move(timedelta(hours=1))
    for seconds in (0, 59):
        clock.move(timedelta(seconds=seconds))
        with pytest.raises(Unanswered, match="not known whether this was sent"):
            await pager.page(calling("ada", unsure=True))
    assert posts(workspace) == [], "the minute is one of looking, however long it was tried before"

    clock.move(timedelta(seconds=1))
    await pager.page(calling("ada", unsure=True))
    assert texts(workspace, "ada") == ["Page 7 (possibly a repeat)"]


async def test_an_unconfirmed_repeat_is_searched_for_as_long_again(
    workspace: Workspace, pager: SlackPager, calling: Calling, clock: Clock
) -> None:
    workspace.faults.refuse("conversations.history", "missing_scope", times=None)
    for seconds in (0, 60, 1, 59):
        clock.move(timedelta(seconds=seconds))
        with contextlib.suppress(Unanswered):
            await pager.page(calling("ada", unsure=True))
    assert len(posts(workspace)) == 1

    clock.move(timedelta(seconds=1))
    await pager.page(calling("ada", unsure=True))
    assert len(posts(workspace)) == 2


async def test_a_refused_repeat_says_that_the_first_may_have_been_accepted(
    workspace: Workspace, pager: SlackPager, calling: Calling, clock: Clock
) -> None:
    workspace.faults.refuse("conversations.history", "missing_scope", times=None)
    workspace.faults.refuse("chat.postMessage", "messages_tab_disabled")
    with pytest.raises(Unanswered):
        await pager.page(calling("ada", unsure=True))
    clock.move(timedelta(seconds=60))
    with pytest.raises(Rejected, match=r"messages_tab_disabled.*; an earlier attempt may have been accepted"):
        await pager.page(calling("ada", unsure=True))


@pytest.mark.parametrize(
    ("status", "body"),
    [
        *((status, body.decode()) for status, body in NO_ANSWERS),
        (200, "{}"), (200, '{"ok": true}'), (200, '{"ok": false}'), (200, '"no"'), (400, '{"error": "no_service"}'),
    ],
)  # fmt: skip
@pytest.mark.parametrize("was_posted", [True, False])
async def test_after_an_answer_that_is_not_slacks_the_message_is_searched_for_and_posted_once(
    workspace: Workspace, pager: SlackPager, calling: Calling, status: int, body: str, was_posted: bool
) -> None:
    workspace.faults.break_down("chat.postMessage", status=status, body=body, after=was_posted)

    with pytest.raises(Unanswered):
        await pager.page(calling("ada"))
    assert len(texts(workspace, "ada")) == was_posted
    await pager.page(calling("ada", unsure=True))
    assert texts(workspace, "ada") == ["Page 7"]


@pytest.mark.parametrize(("status", "body"), NO_ANSWERS)
async def test_an_unreadable_history_is_no_proof_that_nothing_was_posted(
    workspace: Workspace, pager: SlackPager, calling: Calling, status: int, body: bytes
) -> None:
    workspace.faults.drop("chat.postMessage", after=True)
    with pytest.raises(Unanswered):
        await pager.page(calling("ada"))

    workspace.faults.break_down("conversations.history", status=status, body=body.decode())
    with pytest.raises(Unanswered):
        await pager.page(calling("ada", unsure=True))
    await pager.page(calling("ada", unsure=True))
    assert texts(workspace, "ada") == ["Page 7"]


async def test_a_refusal_a_rate_limit_and_a_revoked_token_are_distinguished(
    workspace: Workspace, pager: SlackPager, calling: Calling, clock: Clock
) -> None:
    workspace.faults.refuse("chat.postMessage", "channel_not_found")
    with pytest.raises(Rejected, match="channel_not_found"):
        await pager.page(calling("ada"))

    workspace.faults.limit("chat.postMessage", retry_after=3)
    with pytest.raises(RateLimited) as patience:
        await pager.page(calling("ada"))
    assert patience.value.retry_after == timedelta(seconds=3)

    clock.move(timedelta(seconds=2))
    with pytest.raises(RateLimited) as patience:
        await pager.page(calling("ada"))
    assert patience.value.retry_after == timedelta(seconds=1), "Slack is not asked again before its time"

    clock.move(timedelta(seconds=1))
    workspace.faults.revoked = True
    with pytest.raises(Unreachable, match="token_revoked"):
        await pager.page(calling("ada"))
    workspace.faults.revoked = False
    assert texts(workspace, "ada") == []
