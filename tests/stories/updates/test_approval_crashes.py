"""An update that needs approval: every process is killed before it, and one that is sending the mails after it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.sandbox.model import Message
from bot.store.updates import updates
from tests.mail_server import post_office
from tests.processes import fleet, until
from tests.stories.updates.test_mail_crashes import DEFERRED, OTHERS, REFUSED, TELLING, RoughOffice, Stage

APPROVED = TELLING.replace("board: {automatic: true,", "board: {automatic: true, approval: true,")


@pytest.fixture
async def stage(database: str, tmp_path: Path) -> AsyncIterator[Stage]:
    office = RoughOffice("DATA")
    async with post_office(office) as served:
        url = f"smtp://127.0.0.1:{served.port}"
        async with fleet(database, tmp_path, runbook=APPROVED, SMTP_URL=url, MAIL_FROM="bell@example.com") as team:
            yield Stage(team, office)


def asked(stage: Stage) -> Message | None:
    """The message that asks for the approval; None until it is posted."""
    places = {sent.channel for sent in stage.team.posted("update:")}
    posted = [one for place in places if place for one in stage.team.workspace.messages(place)]
    return next((one for one in posted if "needs approval" in one.text), None)


async def test_killing_processes_sends_nothing_before_the_approval_and_everything_once_after_it(stage: Stage) -> None:
    team, office = stage.team, stage.office
    await team.start(2)
    await team.declared()
    await team.until(lambda: asked(stage) is not None)
    await team.kill_all()
    await team.start(2)
    await team.until_calm()
    assert office.letters == []
    assert len(team.posted("update:")) == 1

    card = asked(stage)
    assert card is not None
    await team.workspace.person("ben").presses("Approve", card)
    await team.until(office.has_stopped.is_set)
    await (await stage.holder()).dies()
    office.goes_on.set()
    await until(stage.is_told)
    del office.says[f"RCPT {DEFERRED}"]
    await team.until_calm()

    found = office.ids_by_reader()
    assert {reader: len(ids) for reader, ids in found.items()} == dict.fromkeys(sorted({*OTHERS, DEFERRED}), 1), found
    assert REFUSED not in found
    async with team.house.db.transaction() as conn:
        update = await updates.get(conn, 1)
    assert (update.state, update.decided_by) == ("released", "ben")
