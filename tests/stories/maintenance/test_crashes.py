"""Planned work begins, and the process sending the mails is killed before it records the responses."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from bot.sandbox.model import Message
from tests.mail_server import PostOffice, post_office
from tests.processes import fleet
from tests.stories.updates.test_mail_crashes import READERS, TELLING, RoughOffice, Stage
from tests.world import words_of

BEGUN = "Maintenance begun: Upgrade (M-1)"


class WorkOffice(RoughOffice):
    """Accepts everything, but takes the second mail about the start without acknowledging it."""

    def __init__(self) -> None:
        super().__init__("begun")
        self.says.clear()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = await PostOffice.handle_DATA(self, server, session, envelope)
        if [letter["Subject"] for letter in self.letters].count(BEGUN) == 2:
            await self._stop("begun")
        return answer

    def read_by(self, reader: str) -> list[str]:
        """Subjects in order, once per Message-ID: a retried mail has the same one, and a mailbox shows it once."""
        pairs = zip(self.envelopes, self.letters, strict=True)
        own = [(one["Subject"], one["Message-ID"]) for envelope, one in pairs if envelope.rcpt_tos == [reader]]
        return [subject for subject, _ in dict.fromkeys(own)]


@pytest.fixture
async def stage(database: str, tmp_path: Path) -> AsyncIterator[Stage]:
    office = WorkOffice()
    async with post_office(office) as served:
        url = f"smtp://127.0.0.1:{served.port}"
        async with fleet(database, tmp_path, runbook=TELLING, SMTP_URL=url, MAIL_FROM="bell@example.com") as team:
            yield Stage(team, office)


def card(stage: Stage) -> Message:
    places = {str(sent.channel) for sent in stage.team.posted("maintenance:")}
    (found,) = [one for place in places for one in stage.team.workspace.messages(place) if "· Maint" in words_of(one)]
    return found


async def test_after_a_kill_every_reader_gets_notice_start_and_end_once_and_in_order(
    stage: Stage,
) -> None:
    team, office = stage.team, stage.office
    assert isinstance(office, WorkOffice)
    await team.start(2)
    eve = team.workspace.person("eve")
    await eve.types("/incident maintenance Upgrade at in 1h for 2h")
    await team.until_calm()
    await eve.presses("Begin now", card(stage))
    await team.until(office.has_stopped.is_set)
    await (await stage.holder()).dies()
    office.goes_on.set()
    await team.until_calm()
    await eve.presses("Done", card(stage))
    await team.until_calm()

    expected = [f"{said}: Upgrade (M-1)" for said in ("Planned maintenance", "Maintenance begun", "Maintenance done")]
    assert {reader: office.read_by(reader) for reader in READERS} == dict.fromkeys(READERS, expected)
    assert f"sent to {len(READERS)} of {len(READERS)}" in words_of(card(stage))
