"""People without permission can do no deed, by any command, button or form, whatever it carries."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, get_args

import psycopg
import pytest

from bot.runbook.models import Deed
from bot.sandbox.model import Json, Message, View
from bot.sandbox.people import Person
from tests.stories.alerts.monitoring import TOKEN, WITH_ALERTS, alert, watched
from tests.stories.asking import ask, declared, told
from tests.world import World

NewWorld = Callable[..., AbstractAsyncContextManager[World]]

# Only Cleo and Ada may do anything.
RESTRICTED = WITH_ALERTS + (
    "schedules: {primary: {people: [ada, ben], rotates: weekly}}\n"
    "audiences: {board: {slack: ['#general'], approval: true}}\n"
    'backups: {orders: {postgresql: "postgresql://nobody@127.0.0.1:1/orders", at: "02:00", to: "FOLDER"}}\n'
    f"permissions: {{{', '.join(f'{deed}: [cleo, ada]' for deed in get_args(Deed))}}}\n"
)
TYPED = [
    "/incident declare P1 x", "/incident P1 x", "/incident drill x", "/incident private x", "/incident severity P2 why",
    "/incident severity", "/incident resolve", "/incident status resolved", "/escalate",
    "/escalate lead why", "/escalate @ben why",
    "/escalate cover primary until 18:00", "/escalate cover primary off", "/backup run orders", "/backup verify 1",
    "/backup drill orders", "/backup restore 1", "/backup restore 1 break-glass x", "/incident tell board",
]  # fmt: skip
PRESSED = [
    ("escalate.next", "1 1"), ("escalate.next", "1"), ("escalate.again", "1 oncall"), ("incident.resolve", "1"),
    ("incident.declare", ""), ("audience.tell", "1 board"), ("audience.edit", "1"), ("audience.approve", "1"),
    ("audience.reject", "1"), ("alert.declare", "1"), ("alert.silence", "1"), ("alert.close", "1"),
    ("backup.run", "orders"), ("backup.drill", "orders"), ("backup.approve", "1"), ("backup.overrule", "1"),
]  # fmt: skip
SUBMITTED: list[tuple[str, str, dict[str, str]]] = [
    ("incident.declare", "", {"title": "x", "severity": "P1", "kind": "real"}),
    ("incident.severity", "1", {"severity": "P2", "why": "x"}),
    ("incident.status", "1", {"status": "resolved"}),
    ("incident.resolve", "1", {"summary": "x", "impact": "over"}),
    ("audience.tell", "1 board", {"subject": "x", "text": "x"}),
    ("alert.silence", "1", {"duration": "1h"}),
    ("backup.approve", "1", {"target": "orders", "reason": "x"}),
]
REFUSED = "The runbook lets only these people do that"
TABLES = (
    "incidents", "timeline", "escalations", "pages", "stakeholder_updates", "update_deliveries", "alert_groups",
    "covers", "backups", "backup_restores", "backup_drills", "audit",
)  # fmt: skip


@pytest.fixture
async def town(new_world: NewWorld, tmp_path: Any) -> AsyncIterator[World]:
    """A world with an incident, a firing alert, and an update waiting for approval."""
    async with new_world(runbook=RESTRICTED.replace("FOLDER", str(tmp_path / "kept")), ALERTS_TOKEN=TOKEN) as world:
        await declared(world, by="cleo")
        async with watched(world) as monitoring:
            await monitoring.fires(alert("DiskFull", host="db-1"))
        await ask(world, "cleo", "/incident tell board", world.room())
        await world.cleo.submits(values={"subject": "Soon"})
        await world.settled()
        yield world


async def kept(world: World) -> dict[str, list[Any]]:
    """Every row a deed could have changed, except drafts: refused words are kept as their author's draft."""
    found, url = {}, world.app.settings.database_url
    assert url is not None
    async with await psycopg.AsyncConnection.connect(url.get_secret_value()) as conn:
        for table in TABLES:
            rows = await (await conn.execute(f"SELECT to_jsonb(t) FROM {table} t ORDER BY 1")).fetchall()
            found[table] = [row for (row,) in rows if row.get("state") != "draft"]
    return found


def carrying(world: World, action: str, value: str) -> tuple[Message, Json]:
    card = world.card()
    block = next(block for block in card.blocks or [] if block["type"] == "actions")
    block["elements"][0] = {"type": "button", "text": {"type": "plain_text", "text": "x"}, "action_id": action}
    block["elements"][0] |= {"value": value} if value else {}
    return card, {"block_id": block["block_id"], "action_id": action}


def made_into(view: View, callback: str, private: str, values: dict[str, str]) -> None:
    """Turns the open form into another one, filled in."""
    carried = json.loads(view.content["private_metadata"]) | {"private": private}
    view.content["callback_id"], view.content["private_metadata"] = callback, json.dumps(carried)
    label = {"type": "plain_text", "text": "x"}
    element = {"type": "plain_text_input", "action_id": "value"}
    view.content["blocks"] = [
        {"type": "input", "block_id": name, "label": label, "element": element} for name in values
    ]
    view.values = {name: {"value": {"type": "plain_text_input", "value": value}} for name, value in values.items()}


async def who_may_not(world: World, who: str) -> Person:
    """Somebody without permissions, in the incident's room like everybody else."""
    person = world.workspace.person(who)
    await person.joins(world.room())
    await world.settled()
    return person


# Eve is not in the runbook; Ben is, and belongs to a tier.
@pytest.mark.parametrize("who", ["eve", "ben"])
async def test_no_command_by_somebody_without_permission_changes_anything(town: World, who: str) -> None:
    await who_may_not(town, who)
    before = await kept(town)
    for typed in TYPED:
        assert REFUSED in await ask(town, who, typed, town.room()), typed
    assert await kept(town) == before


@pytest.mark.parametrize("who", ["eve", "ben"])
async def test_no_button_pressed_without_permission_changes_anything_or_opens_a_form(town: World, who: str) -> None:
    person, before = await who_may_not(town, who), await kept(town)
    for action, value in PRESSED:
        answer = await person.acts(*carrying(town, action, value), {})
        await town.settled()
        assert REFUSED in told(answer) and not person.modals(), action
    assert await kept(town) == before


@pytest.mark.parametrize("who", ["eve", "ben"])
async def test_no_form_submitted_without_permission_changes_anything_whatever_it_carries(town: World, who: str) -> None:
    person, before = await who_may_not(town, who), await kept(town)
    for callback, private, values in SUBMITTED:
        await ask(town, who, "/incident note", town.room())
        made_into(person.modal(), callback, private, values)
        await person.submits()
        await town.settled()
        assert REFUSED in json.dumps(person.modal().content["blocks"][0]), callback
        await person.dismisses()
    assert await kept(town) == before
