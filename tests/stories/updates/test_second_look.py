"""Words are looked at before they leave: what is found is overruled with a reason, and that text approved."""

import pytest

from bot.domain.errors import Refused
from bot.store.updates import updates
from tests.mail_server import PostOffice
from tests.stories.updates.test_stakeholder_updates import (
    card,
    declared,
    does,
    letters,
    presses,
    told,
    writes,
)
from tests.stories.updates.test_stakeholder_updates import office as office
from tests.stories.updates.test_stakeholder_updates import town as town
from tests.world import World, words_of

BAD = "The host db-01 is full, which Ada Obi caused. We'll update you by 23:50."


async def test_what_is_found_is_shown_overruled_with_a_reason_and_approved_as_that_text(
    town: World, office: PostOffice
) -> None:
    await declared(town)
    await writes(town, "ada", "clients", subject="Hello")
    await presses(town, "ben", "Approve", card(town, "clients"))
    letters(office)

    await does(town, "ada", "/incident tell clients")
    await town.ada.submits(values={"subject": "What happened", "text": BAD})
    await town.passes(seconds=5)
    shown = str(town.ada.modal().content)
    assert "db-01" in shown and "to blame" in shown
    assert card(town, "clients").text.startswith("📨"), "nothing waits yet"

    await town.ada.submits(values={"why": "They asked for the cause"})
    await town.passes(seconds=5)
    asked = words_of(card(town, "clients"))
    assert "db-01" in asked and "They asked for the cause" in asked
    assert "Changed since what they read last:" in asked and "+ The host db-01" in asked.replace("&gt; ", "")
    assert any("They asked for the cause" in one for one in await told(town, "system"))

    ben = town.house.people.actor(town.ben.id, None, None)
    async with town.house.db.transaction() as conn:
        waiting = await updates.waiting(conn, 1, "clients")
    assert waiting and waiting.digest in asked
    with pytest.raises(Refused, match="not the words"):
        await town.house.approvals.approve(ben, waiting.id, "00000000")
    await presses(town, "ben", "Approve", card(town, "clients"))
    assert [subject for _, subject in letters(office)] == ["What happened", "What happened"]
