"""The shipped runbooks are valid and name no real people or places."""

import re
from pathlib import Path

import pytest

from bot.runbook import load
from bot.runbook.report import of_runbook
from bot.shipped import templates_folder

FOLDER = templates_folder() / "runbooks"
SHIPPED = sorted(FOLDER.glob("*.yml"))

# Numbers reserved for fiction and examples: British mobiles (Ofcom).
RESERVED = re.compile(r"\+447700900\d{3}")


def test_there_is_a_starter_and_one_runbook_for_each_kind_of_organisation() -> None:
    assert sorted(path.stem for path in SHIPPED) == [
        "kubernetes",
        "marketplace",
        "starter",
        "tutoring",
        "web-application",
    ]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_runbook_is_valid_with_an_empty_environment(path: Path) -> None:
    runbook = load(path, {})
    assert of_runbook(runbook, path.name).startswith(f"{path.name} is in order for Example ")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_runbook_contains_only_example_addresses(path: Path) -> None:
    text = path.read_text("utf-8")
    hosts = re.findall(r"[a-z+]+://([^/\s\"'};]+)", text) + re.findall(r"[\w.+-]+@([\w.-]+)", text)
    hosts += re.findall(r"\b([\w-]+(?:\.[\w-]+)*\.(?:com|org|net|io|dev|uk)):\d+", text)
    assert hosts
    assert {host for host in hosts if not re.fullmatch(r"(?:[\w-]+\.)*example\.com|example-backups", host)} == set()


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_runbook_contains_only_reserved_phone_numbers(path: Path) -> None:
    numbers = re.findall(r"\+?\d[\d ()-]{8,}\d", path.read_text("utf-8"))
    numbers = [number for number in numbers if not re.fullmatch(r"\d{4}-\d\d-\d\d", number)]
    assert numbers
    assert {number for number in numbers if not RESERVED.fullmatch(number)} == set()


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_everybody_in_a_tier_can_be_reached_by_all_its_ways(path: Path) -> None:
    runbook = load(path, {})
    for tier in runbook.tiers.values():
        people = [
            key
            for who in tier.who
            for key in ([who.key] if who.kind == "person" else runbook.schedules[who.key].people)
        ]
        for person in (runbook.people[key] for key in people):
            contacts = {"slack": person.email, "email": person.email, "sms": person.phone, "voice": person.phone}
            assert all(contacts.get(via, "ours") for via in tier.waits), f"{tier.key}: {person.key}"


def test_the_starter_pages_six_people_in_three_tiers() -> None:
    runbook = load(FOLDER / "starter.yml", {})
    assert list(runbook.people) == ["ada", "ben", "cleo", "dev", "eve", "finn"]
    assert list(runbook.tiers) == ["oncall", "lead", "ceo"]
    assert [severity.id for severity in runbook.severities] == ["P1", "P2", "P3", "P4"]
    assert "eve" not in [str(who.key) for tier in runbook.tiers.values() for who in tier.who], "she answers customers"
    assert all(person.slack is None and person.email and person.phone for person in runbook.people.values())


def test_the_starter_watches_another_website_when_configured() -> None:
    runbook = load(FOLDER / "starter.yml", {"WEBSITE_URL": "http://127.0.0.1:8081"})
    assert str(runbook.health.checks["website"].target) == "http://127.0.0.1:8081"
