"""Errors in a form's inputs are shown beside them while Slack waits, whatever the form contains."""

import pytest

from bot.domain.errors import Refused
from bot.slack.blocks import values_of
from commands.desk.book import Judge
from commands.desk.desk import books
from tests.stories.incidents.outsider import FIELDS

JUDGES = {callback: judge for book in books() for callback, judge in book.judges.items()}


@pytest.mark.parametrize("judge", JUDGES.values(), ids=list(JUDGES))
@pytest.mark.parametrize("filled_in", ["", " ", "x", "\0", "😀" * 3000])
def test_a_form_with_another_forms_inputs_is_judged_by_those_it_has(judge: Judge, filled_in: str) -> None:
    for names in ([], ["something"], FIELDS):
        state = {name: {"value": {"type": "plain_text_input", "value": filled_in}} for name in names}
        try:
            found = judge(values_of(state))
        except Refused:
            # Reported later, when the form is processed.
            continue
        assert set(found) <= set(names)
