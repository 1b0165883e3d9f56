"""Custom templates: rendered within limits, checked with file and line, never a blank, never a crash."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner

from bot.cli.checking import check
from bot.domain.updates.facts import Facts, SeverityFacts, samples
from bot.domain.updates.planned_facts import planned_samples
from bot.domain.updates.update import MOMENTS
from bot.rendering import Rendering
from bot.words.audience import AudienceWords
from bot.words.overrides import KINDS, PLANNED_KINDS, Overrides
from bot.words.sandbox import BrokenTemplate, Sandbox
from tests.domain.updates.conftest import RUNBOOK

P1 = SeverityFacts("P1", "Critical")
LONDON = ZoneInfo("Europe/London")
AT = datetime(2026, 1, 5, 14, 0, tzinfo=UTC)
UNKNOWN = Facts("declared", "Example", "It is slow", "INC-1", P1, "investigating", AT, AT)


def overrides(folder: Path, files: Mapping[str, str]) -> Overrides:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return Overrides(folder, LONDON)


def said(folder: Path, template: str, facts: Facts = UNKNOWN) -> str:
    words = AudienceWords(Rendering(LONDON), overrides(folder, {"client.j2": template})).say("client", facts)
    return f"{words.subject}\n{words.text}" if words.broken is None else f"BROKEN {words.broken}"


def mistakes(folder: Path, files: Mapping[str, str]) -> list[str]:
    return overrides(folder, files).mistakes({"clients": "client"}, "Example", P1, AT)


@pytest.mark.parametrize("name", ["client.j2", "email/client.j2"])
def test_a_custom_template_replaces_the_shipped_one(tmp_path: Path, name: str) -> None:
    own = overrides(tmp_path, {name: "Hello from {{ organisation }}\n\n{{ declared_at | time }} {{ severity.name }}"})
    words = AudienceWords(Rendering(LONDON), own)

    assert (words.say("client", UNKNOWN).subject, words.say("client", UNKNOWN).text) == (
        "Hello from Example",
        "14:00 GMT Critical",
    )
    assert "INC-1" in words.say("stakeholder", UNKNOWN).subject


@pytest.mark.parametrize("fact", [
    "{{ lead }}", "{{ next_update | time }}", "{{ resolve_by | date_time }}", "{{ lasted | duration }}", "{{ oops }}",
    "{{ severity.means }}", "{{ impact.rstrip('.') }}", "{{ severity.nonsense.deeper }}", "{{ title.__class__ }}",
    "{{ '' ~ lead }}",
])  # fmt: skip
def test_an_unknown_fact_is_shown_as_to_be_confirmed_and_never_blank(tmp_path: Path, fact: str) -> None:
    assert said(tmp_path, f"Subject\n\nLed by: {fact}") == "Subject\nLed by: [to be confirmed]"


def test_a_template_can_test_whether_a_fact_is_known(tmp_path: Path) -> None:
    assert said(tmp_path, "S\n\nx{% if lead %}{{ lead }}{% endif %}{{ lead | default('y') }}") == "S\nxy"


@pytest.mark.parametrize("template", [
    "S\n\n{% for a in range(1000000) %}{% for b in range(1000000) %}x{% endfor %}{% endfor %}",
    "S\n\n{% for a in title * 100000 %}x{% endfor %}",
    "S\n\n" + "{% set x = title %}" + "{% set x = x ~ x %}" * 60 + "{{ x }}",
    "S\n\n" + "{% set x = title %}" + "{% set x = x + x %}" * 60 + "{{ x }}",
    "S\n\n" + "".join(f"{{% for a{n} in '{'x' * 60}' %}}" for n in range(8)) + "{% set z = 1 %}" + "{% endfor %}" * 8,
    "S\n\n{% macro m(n) %}{{ m(n) }}{{ m(n) }}{% endmacro %}{{ m(1) }}",
    "S\n\n{{ 9 ** 9 ** 9 }}", "S\n\n{{ '%99999999d' % 1 }}", "S\n\n{{ '{:99999999}'.format(1) }}",
    "S\n\n{{ title | center(99999999) }}", "S\n\n{% include '/etc/passwd' %}",
    "S\n\n{{ lead + 1 }}", "S\n\n{{ declared_at }", "S\n\n{% endif %}", "", "only a subject", "S\n\n{{ 1 / 0 }}",
    "S\n\n{{ title | time }}", "S\n\n{{ [title] | length + title }}",
])  # fmt: skip
def test_a_broken_custom_template_falls_back_to_the_shipped_one(tmp_path: Path, template: str) -> None:
    words = AudienceWords(Rendering(LONDON), overrides(tmp_path, {"client.j2": template})).say("client", UNKNOWN)

    assert words.broken and words.broken.startswith(str(tmp_path / "client.j2"))
    assert "14:00 GMT" in words.text


def test_a_broken_template_without_a_shipped_counterpart_falls_back_to_the_public_one(tmp_path: Path) -> None:
    words = AudienceWords(Rendering(LONDON), overrides(tmp_path, {"parents.j2": "{{ 1 / 0 }}"})).say("parents", UNKNOWN)
    assert words.broken and "INC-1" not in words.subject + words.text


def test_check_names_file_and_line_of_a_mistake(tmp_path: Path) -> None:
    found = mistakes(tmp_path, {"client.j2": "S\n\n{{ title }}\n{{ sevrity.name }}\n", "clint.j2": "S\n\nx"})

    assert len(found) == 2
    assert found[0].startswith(f"{tmp_path / 'client.j2'}:4: ") and "sevrity" in found[0]
    assert f"{tmp_path / 'clint.j2'}: no audience has this template: did you mean client?" in found


def test_check_names_a_fact_unknown_at_a_moment(tmp_path: Path) -> None:
    [found] = mistakes(tmp_path, {"client.j2": "S\n\nx\n{{ resolved_at | time }}\n"})
    assert ":4: " in found and "declared" in found


def test_check_names_a_template_that_is_wrong_at_only_one_moment(tmp_path: Path) -> None:
    for moment in MOMENTS:
        template = f"S\n\nx\n{{% if moment == '{moment}' %}}{{{{ oops }}}}{{% endif %}}"
        [found] = mistakes(tmp_path, {"client.j2": template})
        assert ":4: " in found and f"“{moment}”" in found


def test_check_names_an_audience_whose_template_does_not_exist(tmp_path: Path) -> None:
    [found] = Overrides(None, LONDON).mistakes({"vips": "stakeholdr"}, "Example", P1, AT)
    assert found.startswith("audiences.vips.template") and "did you mean stakeholder?" in found


def test_an_unreadable_template_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "client.j2").write_bytes(b"S\n\n\xff")
    (tmp_path / "public.j2").write_text("S\n\n" + "x" * 20_001)
    found = mistakes(tmp_path, {"email/stakeholder.j2": "S\n\nx", "stakeholder.j2": "S\n\nx"})

    assert [("client.j2:3" in one, "too large" in one, "twice" in one) for one in sorted(found)] == [
        (True, False, False), (False, True, False), (False, False, True),
    ]  # fmt: skip
    assert "no such folder" in Overrides(tmp_path / "gone", LONDON).mistakes({}, "Example", P1, AT)[0]


def test_every_shipped_template_is_a_valid_custom_template(tmp_path: Path) -> None:
    """So that a copy of it is a starting point."""
    shipped = Path(__file__).parents[2] / "templates" / "email"
    files = {f"{kind}.j2": (shipped / f"{kind}.j2").read_text() for kind in (*KINDS, *PLANNED_KINDS)}
    own, rendering = overrides(tmp_path, files), Rendering(LONDON)

    assert own.mistakes({}, "Example", P1, AT) == []
    for kind in KINDS:
        for facts in samples("Example", P1, AT):
            words = AudienceWords(rendering, Overrides(None, LONDON)).say(kind, facts)
            assert own.words(kind, facts.by_name) == (words.subject, words.text)
    for kind in PLANNED_KINDS:
        for _, planned in planned_samples("Example", AT):
            words = AudienceWords(rendering, Overrides(None, LONDON)).say_planned(kind, planned)
            assert own.words(kind, planned) == (words.subject, words.text)


def test_templates_of_planned_work_may_be_customised_and_are_checked_at_every_moment(tmp_path: Path) -> None:
    until = "Until {{ window.ends_at | time }}"
    template = "{{ window.what }}\n\n{% if moment == 'begun' %}{{ oops }}{% else %}" + until + "{% endif %}"
    files = {"maintenance_client.j2": template}
    (found,) = mistakes(tmp_path, files)
    assert "maintenance_client.j2:3: " in found and "“begun”" in found
    moved = dict(planned_samples("Example", AT))["moved"]
    own = AudienceWords(Rendering(LONDON), overrides(tmp_path, files)).say_planned("maintenance_client", moved)
    assert (own.subject, own.text) == ("Database upgrade", "Until 16:00 GMT")


# The command


def checked(folder: Path, *arguments: str) -> tuple[int, str]:
    (folder / "runbook.yml").write_text(f"{RUNBOOK}\ntemplates: ./templates\n")
    (folder / "templates").mkdir(exist_ok=True)
    result = CliRunner().invoke(check, [str(folder / "runbook.yml"), *arguments], env=dict(os.environ))
    return result.exit_code, result.output


def test_the_command_fails_for_a_broken_template(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "client.j2").write_text("S\n\n{{ oops }}\n")
    code, output = checked(tmp_path)
    assert code == 1 and "client.j2:3: " in output and "oops" in output


def test_every_text_is_written_to_a_file_for_review(tmp_path: Path) -> None:
    code, output = checked(tmp_path, "--render", str(tmp_path / "letters"))

    assert code == 0, output
    index = (tmp_path / "letters" / "index.txt").read_text()
    for kind in KINDS:
        for moment in MOMENTS:
            text = (tmp_path / "letters" / f"{kind}-{moment}.txt").read_text()
            assert text.startswith("Subject: ") and f"{kind}-{moment}.html" in index
    assert checked(tmp_path, "--render", str(tmp_path / "letters"))[0] == 0


def test_files_somebody_else_put_or_changed_there_are_not_overwritten(tmp_path: Path) -> None:
    letters = tmp_path / "letters"
    letters.mkdir()
    (letters / "index.txt").write_text("my own notes")
    code, output = checked(tmp_path, "--render", str(letters))
    assert code == 1 and "index.txt" in output and [one.name for one in letters.iterdir()] == ["index.txt"]

    (letters / "index.txt").unlink()
    assert checked(tmp_path, "--render", str(letters))[0] == 0
    (letters / "client-declared.txt").write_text("I changed this")
    code, output = checked(tmp_path, "--render", str(letters))
    assert code == 1 and "client-declared.txt" in output
    assert (letters / "client-declared.txt").read_text() == "I changed this"


@pytest.mark.parametrize(
    "template",
    [
        "Hello\n\n{% set a = ['xxxxxxxxxx'] %}" + "{% set a = [a, a, a, a, a, a, a, a, a, a] %}" * 12 + "{{ a }}",
        "Hello\n\n{% set a = ['xxxxxxxxxx'] %}"
        + "{% set a = [a, a, a, a, a, a, a, a, a, a] %}" * 12
        + "{{ a | upper }}",
        "Hello\n\n{% for t in '" + "x" * 2500 + "' %}{{ '" + "y" * 2000 + "' }}{% endfor %}",
    ],
)
def test_a_template_that_would_exhaust_memory_is_stopped_first(template: str) -> None:
    sandbox = Sandbox(LONDON, {"client.j2": template})
    with pytest.raises(BrokenTemplate):
        sandbox.render("client.j2", {})


TWICE = {
    "a list": ("[1]", "[{0}, {0}]"),
    "a pair": ("(1,)", "({0}, {0})"),
    "by name": ("{{'a': 1}}", "{{'a': {0}, 'b': {0}}}"),
    "a view": ("{{'a': 1}}", "{{'a': {0}.items(), 'b': {0}.items()}}"),
}


@pytest.mark.parametrize("made", TWICE.values(), ids=list(TWICE))
@pytest.mark.parametrize("used", ["x == y", "y in [x]", "{x: 1}", "{1: 2}.get(x)", "{1: 2}[x]"])
def test_lists_that_would_take_for_ever_to_compare_are_refused_before_they_are_built(
    made: tuple[str, str], used: str
) -> None:
    first, again = made
    begun = "".join(f"{{% set {name} = {first.replace('{{', '{').replace('}}', '}')} %}}" for name in "xy")
    doubled = "".join(f"{{% set {name} = {again.format(name)} %}}" for name in "xy")
    template = "Hello\n\n" + begun + doubled * 60 + "{% if " + used + " %}yes{% endif %}"
    with pytest.raises(BrokenTemplate, match="too much"):
        Sandbox(LONDON, {"client.j2": template}).render("client.j2", {})


def test_a_macro_receives_its_named_arguments() -> None:
    with pytest.raises(BrokenTemplate, match="varargs"):
        Sandbox(LONDON, {"client.j2": "{% macro m() %}{{ m(varargs, varargs) }}{% endmacro %}{{ m() }}"}).render(
            "client.j2", {}
        )


def test_a_template_may_contain_its_own_lists() -> None:
    template = (
        "{% for label, value in [('Shop', shop), ('Since', since)] %}{{ label }}: {{ value }}. {% endfor %}"
        "{% set shop, since = since, shop %}{{ shop }} "
        "{% if since in ('down', 'up') %}{{ {'down': 'closed'}[since] }}{% endif %}"
    )
    words = Sandbox(LONDON, {"client.j2": template}).render("client.j2", {"shop": "down", "since": "noon"})
    assert words == "Shop: down. Since: noon. noon closed"
