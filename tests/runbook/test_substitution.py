"""`${NAME}` inserts environment variables into the file, only where they belong."""

import pytest

from bot.runbook import RunbookMistakes, read
from tests.runbook.samples import mistakes_in, runbook_with, text_with

WEBSITE = "health: {{checks: {{website: {{http: '{}'}}}}}}"


def website(address: str, environ: dict[str, str]) -> str:
    runbook = runbook_with(WEBSITE.format(address), environ=environ)
    target = runbook.health.checks["website"].target
    assert not isinstance(target, str)
    return str(target)


@pytest.mark.parametrize(
    ("written", "environ", "meant"),
    [
        ("${SITE}", {"SITE": "https://a.example.com"}, "https://a.example.com"),
        ("${SITE:-https://b.example.com}", {"SITE": "https://a.example.com"}, "https://a.example.com"),
        ("${SITE:-https://b.example.com}", {}, "https://b.example.com"),
        ("${SITE:-https://b.example.com}", {"SITE": ""}, "https://b.example.com"),  # empty counts as unset
        ("https://${HOST}/${PATH_:-health}", {"HOST": "c.example.com"}, "https://c.example.com/health"),
        (
            "${SITE}",
            {"SITE": "https://a.example.com/${HOST}", "HOST": "x"},
            "https://a.example.com/${HOST}",
        ),  # not recursive
    ],
)
def test_a_variable_is_replaced_by_its_value_or_its_default(written: str, environ: dict[str, str], meant: str) -> None:
    assert website(written, environ) == meant


def test_an_unset_variable_without_a_default_names_the_key_and_the_variable() -> None:
    assert mistakes_in(text_with(WEBSITE.format("${SITE}"))) == {
        "health.checks.website.http": (
            "the environment variable SITE is not set: set it, or give it a default: ${SITE:-…}"
        )
    }


@pytest.mark.parametrize("written", ["${SITE", "${}", "${1SITE}", "${SITE:+x}", "${SITE-x}", "${A:-${B}}"])
def test_a_malformed_variable_is_a_mistake(written: str) -> None:
    found = mistakes_in(text_with(WEBSITE.format(written)))
    assert "write ${NAME} or ${NAME:-default}" in found["health.checks.website.http"]


def test_an_empty_default_leaves_the_key_out() -> None:
    runbook = runbook_with("people: {ada: {name: Ada, phone: '${PHONE:-}'}, ben: {}}")
    assert runbook.people["ada"].phone is None


def test_variables_work_in_five_parts_of_the_file() -> None:
    runbook = runbook_with(
        "people: {ada: {name: '${X}'}, ben: {}}",
        "audiences: {board: {email: ['${X}@example.com']}}",
        "health: {checks: {c: {tcp: '${X}:1'}}}",
        "backups: {b: {postgresql: 'postgresql://${X}/b'}}",
        "alerts: {email: ['${X}@example.com']}",
        environ={"X": "value"},
    )
    assert runbook.people["ada"].name == "value"
    assert runbook.audiences["board"].email == ("value@example.com",)
    assert str(runbook.health.checks["c"].target) == "value:1"
    assert str(runbook.backups["b"].target) == "postgresql://value/b"
    assert runbook.alerts.email == ("value@example.com",)


def test_in_a_procedure_variables_are_left_to_the_shell() -> None:
    runbook = runbook_with("procedures: {p: {steps: [{do: Look, run: 'echo ${HOME} $HOME'}]}}", environ={"HOME": "/x"})
    assert runbook.procedures["p"].steps[0].run == "echo ${HOME} $HOME"


@pytest.mark.parametrize(
    ("part", "path"),
    [
        ("people: {ada: {email: '${SECRET}'}, ben: {}}", "people.ada.email"),
        ("people: {ada: {phone: '${SECRET}'}, ben: {}}", "people.ada.phone"),
        ("people: {ada: {webhook: 'x${SECRET}'}, ben: {}}", "people.ada.webhook"),
        ("health: {every: '${SECRET}'}", "health.every"),
        ("health: {fails_after: '${SECRET}'}", "health.fails_after"),
        ("health: {checks: {c: {tcp: 'a:1', declare: '${SECRET}'}}}", "health.checks.c.declare"),
        ("backups: {b: {postgresql: '${SECRET}'}}", "backups.b.postgresql"),
        ("alerts: {rules: [{level: '${SECRET}'}]}", "alerts.rules[0].level"),
    ],
)
def test_a_mistake_never_shows_the_value_of_a_variable(part: str, path: str) -> None:
    with pytest.raises(RunbookMistakes) as caught:
        read(text_with(part), {"SECRET": "hunter2 /"})
    assert path in {mistake.path for mistake in caught.value.mistakes}
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(caught.value.mistakes)
