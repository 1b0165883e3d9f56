"""A rehearsal predicts reality: a real process in real time sends the same pages for the same scenario."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from bot.rehearsal.play import played, usual_beginning
from bot.rehearsal.stage import staged
from bot.runbook import Runbook
from bot.scenarios import Deed, Scenario, read
from tests.conftest import as_url
from tests.mail_server import post_office
from tests.postgres import SharedPostgres
from tests.processes import Fleet, fleet, until
from tests.world import RUNBOOK, example_runbook

# Seconds instead of minutes, and a delayed way.
QUICK = (
    RUNBOOK.replace("wait: 15m", "wait: 2s")
    .replace("wait: 30m", "wait: 2s")
    .replace("who: [ada]}", "who: [ada], via: [slack, {email: 1s}]}")
    .replace("who: [ben]}", "who: [ben, ada], via: [email, slack]}")
)
SCRIPT = """
title: Nobody answers until the last tier
script:
  - {at: +0, eve: declares P1 Payments failing}
  - {at: +5s, cleo: /escalate ack}
  - {at: +6s, eve: /escalate ada You know the gateway}
  - {at: +30s, nobody: answers}
"""
EVE = "  eve: {name: Eve Lind, email: eve@example.com}\ntiers:"
# (tier, person, way, outcome) by step; within a step there is no order.
Paged = list[tuple[str, ...]]


async def test_a_real_process_pages_as_the_rehearsal_did(
    postgres: SharedPostgres, database: str, tmp_path: Path
) -> None:
    words, scenario = QUICK.replace("tiers:", EVE, 1), read(SCRIPT).scenario
    rehearsed = await _rehearsed(example_runbook(words), scenario, as_url(await postgres.new_database()), tmp_path)
    foretold = _in_order(rehearsed)
    assert [tier for tier, *_ in foretold] == [
        "oncall",
        "oncall",
        "lead",
        "lead",
        "lead",
        "lead",
        "ceo",
        "None",
        "None",
    ]

    async with post_office() as office:
        smtp = f"smtp://127.0.0.1:{office.port}"
        async with fleet(database, tmp_path, runbook=words, SMTP_URL=smtp, MAIL_FROM="bell@example.com") as replicas:
            await replicas.start()
            for step in scenario.script:
                # A busy machine can't keep time: each deed waits until as many pages were accepted as in the rehearsal.
                by_then = sum(page["at"] < step.at for page in rehearsed)
                await until(partial(_has_accepted, replicas, by_then))
                if step.person and step.deed:
                    await _done(replicas, step.person, step.deed)
            await until(partial(_has_accepted, replicas, len(rehearsed)))
            await replicas.until_calm()

            real = [vars(page) for page in await replicas.pages()]
            assert _in_order(real) == foretold
            arrived = Counter({"slack": len(replicas.posted("page:")), "email": len(office.letters)})
            assert arrived == Counter(via for _, _, via, _ in foretold)


async def _rehearsed(runbook: Runbook, scenario: Scenario, database: str, folder: Path) -> list[dict[str, Any]]:
    """The pages as the API shows them; `at`: when each was accepted, relative to the start."""
    begins = scenario.begins_in(runbook.timezone, usual_beginning(runbook))
    async with staged(runbook, begins, database=database, folder=folder) as stage:
        facts = await played(stage, scenario, begins)
        assert [fact for fact in facts if fact.kind == "undone"] == []
        (incident,) = await stage.incidents()
    return [{**page, "at": datetime.fromisoformat(page["accepted_at"]) - begins} for page in incident["pages"]]


def _in_order(pages: Iterable[Mapping[str, Any]]) -> Paged:
    ordered = sorted(pages, key=lambda page: (str(page["due_at"]), page["person"], page["via"]))
    return [(str(page["tier"]), page["person"], page["via"], page["state"]) for page in ordered]


async def _has_accepted(replicas: Fleet, count: int) -> bool:
    return sum(page.state == "accepted" for page in await replicas.pages()) >= count


async def _done(replicas: Fleet, name: str, deed: Deed) -> None:
    """Does it as a rehearsal would: declaring anywhere, everything else typed in the incident's room."""
    if deed.verb == "declares":
        await replicas.declared(deed.words)
        return
    person, rooms = replicas.workspace.person(name), replicas.workspace.conversations
    room = next(one for one in rooms if one.name.startswith("inc-"))
    if person.id not in room.members:
        await person.joins(room)
    answer = await person.types(deed.words, room)
    assert "Nothing was recorded" not in answer.text
