"""The editors' JSON schema accepts what the runbook accepts, and flags obvious slips."""

from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from bot.runbook.schema import runbook_schema
from bot.shipped import shipped_runbooks
from tests.runbook.samples import SMALLEST, text_with
from tests.world import RUNBOOK

SCHEMA = Draft202012Validator(runbook_schema())
FILES = [*shipped_runbooks().values(), Path(__file__).parent / "everything.yml"]


def objections(text: str) -> list[str]:
    # As JSON, where a date is text.
    content = YAML(typ="safe", pure=True).load(text)
    return [f"{error.json_path}: {error.message}" for error in SCHEMA.iter_errors(as_json(content))]


def as_json(value: object) -> object:
    if isinstance(value, dict):
        return {str(key): as_json(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [as_json(inner) for inner in value]
    return value if isinstance(value, bool | int | float | str | None) else str(value)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_valid_runbook_is_valid_for_the_editor(path: Path) -> None:
    assert objections(path.read_text("utf-8")) == []


@pytest.mark.parametrize("text", ["\n".join(SMALLEST.values()), RUNBOOK])
def test_optional_keys_are_optional_in_the_schema(text: str) -> None:
    assert objections(text) == []


@pytest.mark.parametrize(
    "part",
    [
        "organizations: Example",
        "severities: [{name: Critical}]",
        "severities: {P1: Critical}",
        "people: {ada: {phon: '+447700900001'}}",
        "people: {ada: {key: ada}}",
        "health: {checks: {site: {http: 'https://example.com', expected: 200}}}",
        "alerts: {rules: [{level: grave}]}",
        "permissions: {backup.restor: [ben]}",
    ],
)
def test_a_typo_is_flagged(part: str) -> None:
    assert objections(text_with(part))
