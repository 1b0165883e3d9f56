"""The all-clear and a reminder of a breach, when the process sending them is killed before it gets the response."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.mail_server import post_office
from tests.processes import fleet, until
from tests.stories.updates.test_mail_crashes import DEFERRED, OTHERS, TELLING, RoughOffice, Stage

WATCHING = TELLING + "after_resolution: {watch_for: 2h, all_clear: true}\n"


class AllClearOffice(RoughOffice):
    """Takes every letter, and withholds its answer to the second all-clear."""

    def __init__(self) -> None:
        super().__init__("all-clear")
        self.says.clear()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = await super().handle_DATA(server, session, envelope)
        if len(self.all_clears()) == 2:
            await self._stop("all-clear")
        return answer

    def all_clears(self) -> list[tuple[str, str]]:
        """The (reader, Message-ID) of each all-clear."""
        pairs = zip(self.envelopes, self.letters, strict=True)
        return [
            (envelope.rcpt_tos[0], str(letter["Message-ID"]))
            for envelope, letter in pairs
            if str(letter["Subject"]).startswith("All clear")
        ]


@pytest.fixture
async def stage(database: str, tmp_path: Path) -> AsyncIterator[Stage]:
    office = AllClearOffice()
    async with post_office(office) as served:
        url = f"smtp://127.0.0.1:{served.port}"
        async with fleet(database, tmp_path, runbook=WATCHING, SMTP_URL=url, MAIL_FROM="bell@example.com") as team:
            yield Stage(team, office)


async def run(stage: Stage, statement: str) -> None:
    async with stage.team.house.db.transaction() as conn:
        await conn.execute(statement.encode())


async def test_an_all_clear_whose_response_was_lost_reaches_everybody_once(stage: Stage) -> None:
    team, office = stage.team, stage.office
    assert isinstance(office, AllClearOffice)
    await team.start(2)
    await team.declared()
    await team.until_calm()
    eve = team.workspace.person("eve")
    await eve.types("/incident resolve Rolled back", str(team.posted("incident:")[0].channel))
    await team.until_calm()
    assert office.all_clears() == []

    await run(stage, "UPDATE watches SET due_at = set_at")
    await team.until(office.has_stopped.is_set)
    await (await stage.holder()).dies()
    office.goes_on.set()
    await until(lambda: _all_have_it(office))
    await team.until_calm()
    # A mail whose answer was lost is sent again with the same id, and a mailbox shows it once.

    assert len(set(office.all_clears())) == len({reader for reader, _ in office.all_clears()})


async def _all_have_it(office: AllClearOffice) -> bool:
    return {reader for reader, _ in office.all_clears()} >= {*OTHERS, DEFERRED}


async def test_a_reminder_of_a_breach_whose_response_was_lost_is_posted_once(stage: Stage) -> None:
    team = stage.team
    (doomed,) = await team.start()
    eve = team.workspace.person("eve")
    await eve.types("/incident private Customer list copied")
    await team.until_calm()
    room = str(team.posted("incident:")[0].channel)
    await eve.types("/incident breach 1 hour ago", room)
    await team.until_calm()

    def reminders() -> list[str]:
        return [one.text for one in team.workspace.messages(room) if "left to notify the authority" in one.text]

    team.workspace.faults.hang("chat.postMessage", 3600, times=None, after=True)
    await run(stage, "UPDATE breaches SET due_at = set_at, detected_at = detected_at - interval '6 h'")
    await team.until(lambda: reminders())
    await doomed.dies()
    team.workspace.faults.clear()
    await team.start()
    await team.every_page_is_one_message(interrupted=True)
    assert len(reminders()) == 1
