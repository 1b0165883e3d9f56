"""The `reports` key, the form for people without Slack: accepted values, and messages for wrong ones."""

import pytest

from tests.runbook.samples import mistakes_in, runbook_with, text_with


def test_without_the_key_there_is_no_form_and_an_empty_one_uses_the_default_level() -> None:
    assert runbook_with().reports is None
    reports = runbook_with("reports: {}").reports
    assert reports is not None
    assert (reports.level, reports.declare) == ("high", None)


@pytest.mark.parametrize(
    ("reports", "path", "said"),
    [
        ("{levle: high}", "reports.levle", "level"),
        ("{level: urgent}", "reports.level", "critical"),
        ("{declare: P9}", "reports.declare", "there is no severity “P9”"),
        ("{declare: true}", "reports.declare", "text"),
        ("", "reports", "is empty"),
        ("true", "reports", ""),
        ("[high]", "reports", ""),
    ],
)
def test_mistakes_are_named_with_their_place(reports: str, path: str, said: str) -> None:
    (found,) = mistakes_in(text_with(f"reports: {reports}")).items()
    assert found[0] == path
    assert said in found[1]
