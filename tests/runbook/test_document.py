"""The file is YAML 1.2; errors say where."""

from pathlib import Path

import pytest

from bot.given_files import LARGEST_BYTES
from bot.runbook import RunbookMistakes, load, read
from bot.runbook.document import MOST_ENTRIES, read_document
from tests.runbook.samples import mistakes_in, runbook_with, text_with


def only_mistake(text: str) -> tuple[int, str]:
    with pytest.raises(RunbookMistakes) as caught:
        read(text, {})
    (mistake,) = caught.value.mistakes
    return mistake.line, mistake.message


@pytest.mark.parametrize(
    ("text", "line", "part"),
    [
        ("", 1, "the file is empty"),
        ("# only a comment\n", 1, "the file is empty"),
        ("- a\n- b", 1, "should begin with a key"),
        ("just words", 1, "should begin with a key such as organisation:, is text"),
        ("organisation: [Example", 1, "cannot be read as YAML"),
        ("organisation: Example\npeople: a: b", 2, "cannot be read as YAML: mapping values are not allowed here"),
        ("organisation: Example\n\tpeople: {}", 2, "begins with a tab"),
        ("organisation: Example\npeople: *nobody", 2, "undefined alias"),
        ("organisation: Example\n---\npeople: {}", 2, "a second document begins here"),
        ("organisation: Example\npeople: a\x01b", 2, "a character that text cannot have"),
        ("[" * 5000, 1, "nested too deeply"),
    ],
)
def test_invalid_yaml_is_reported_with_where_and_why(text: str, line: int, part: str) -> None:
    at, message = only_mistake(text)
    assert at == line
    assert part in message


def test_a_duplicate_key_is_a_mistake_at_its_second_line() -> None:
    assert only_mistake(text_with() + "\norganisation: Another") == (5, "stands here twice: keep one of them")


def test_a_duplicate_key_hides_no_other_mistake() -> None:
    found = mistakes_in(text_with("people: {ada: {name: Ada, name: Eve, emial: a}, ben: {}}"))
    assert found.keys() == {"people.ada.name", "people.ada.emial"}


def test_a_key_that_is_not_text_is_a_mistake() -> None:
    found = mistakes_in(text_with("providers: {7: {name: Seven}, true: {name: Yes}}"))
    assert found == dict.fromkeys(("providers.7", "providers.true"), "is not text, and keys are: put it in quotes")


def test_an_empty_value_says_that_a_hash_sign_needs_quotes() -> None:
    found = mistakes_in(text_with("channels:\n  incidents: #incidents\n  prefix: inc"))
    assert found == {
        "channels.incidents": "is empty: give it a value or remove the line (a value that begins with # needs quotes)"
    }


def test_an_application_specific_tag_is_a_mistake() -> None:
    assert "!vault" in mistakes_in(text_with("organisation: !vault secret"))["organisation"]


def test_anchors_aliases_and_merged_keys_are_understood() -> None:
    runbook = runbook_with(
        "people: {ada: &ada {name: Ada, email: ada@example.com}, ben: {<<: *ada, name: Ben}}",
        "tiers: {oncall: {who: &who [ada]}, lead: {who: *who}}",
    )
    assert (runbook.people["ben"].name, runbook.people["ben"].email) == ("Ben", "ada@example.com")
    assert runbook.tiers["lead"].who == runbook.tiers["oncall"].who


def test_a_self_referential_alias_is_a_mistake() -> None:
    assert any("nested too deeply" in message for message in mistakes_in("people: &a [*a]").values())


def test_aliases_that_expand_to_millions_are_a_mistake() -> None:
    layers = "\n".join(f"k{n}: &k{n} [{', '.join([f'*k{n - 1}'] * 10)}]" for n in range(1, 9))
    assert any("nested too deeply" in message for message in mistakes_in(f"k0: &k0 [a]\n{layers}").values())


def test_on_yes_and_times_are_text_as_yaml_1_2_says() -> None:
    runbook = runbook_with(
        "maintenance: {tasks: [{do: Rehearse, every: week, on: Tue, at: 09:30}]}",
        "procedures: {p: {steps: [{ask: Sure?, answers: {yes: Go, no: Stop}}]}}",
    )
    (task,) = runbook.maintenance.tasks
    assert (task.weekday, task.at.hour, task.at.minute) == (1, 9, 30)
    assert runbook.procedures["p"].steps[0].answers == {"yes": "Go", "no": "Stop"}


def test_a_telephone_number_without_quotes_keeps_its_plus() -> None:
    assert runbook_with("people: {ada: {phone: +447700900001}, ben: {}}").people["ada"].phone == "+447700900001"


def test_a_missing_file_says_how_to_begin(tmp_path: Path) -> None:
    with pytest.raises(RunbookMistakes, match="there is no such file: `tocsin init` writes one"):
        load(tmp_path / "runbook.yml", {})


def test_a_folder_is_not_a_runbook(tmp_path: Path) -> None:
    with pytest.raises(RunbookMistakes, match="cannot be read: Is a directory"):
        load(tmp_path, {})


def test_another_encoding_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "runbook.yml"
    path.write_bytes("organisation: Example\npeople: {zoé: {}}".encode("latin-1"))
    with pytest.raises(RunbookMistakes, match=r"runbook\.yml:2: is not UTF-8"):
        load(path, {})


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "runbook.yml"
    path.write_text(text_with(), encoding="utf-8-sig")
    assert load(path, {}).organisation == "Example"


@pytest.mark.parametrize(("size", "is_too_large"), [(LARGEST_BYTES, False), (LARGEST_BYTES + 1, True)])
def test_a_file_may_be_a_mebibyte_and_no_more(tmp_path: Path, size: int, is_too_large: bool) -> None:
    path = tmp_path / "runbook.yml"
    path.write_text(text_with() + "\n#".ljust(size - len(text_with()), "x"))
    assert path.stat().st_size == size
    if is_too_large:
        with pytest.raises(RunbookMistakes, match="too large"):
            load(path, {})
    else:
        assert load(path, {}).organisation == "Example"


def test_nested_merges_terminate() -> None:
    """Each doubles the one before, so the expansion would exceed any memory."""
    lines = [f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}], k{n}: 1}}" for n in range(1, 60)]
    document = read_document("\n".join(["a0: &a0 {x: 1}", *lines]), "runbook.yml")
    assert any("nested too deeply" in finding.message for finding in document.findings)


def test_an_alias_that_merges_itself_terminates() -> None:
    assert read_document("a: &a {<<: *a, b: '1'}", "runbook.yml").content == {"a": {"b": "1"}}


def test_a_file_with_an_absurd_number_of_keys_is_refused() -> None:
    with pytest.raises(RunbookMistakes, match="not so long"):
        read_document("".join(f"k{number}: 1\n" for number in range(MOST_ENTRIES + 1)), "runbook.yml")


def test_of_very_many_mistakes_the_first_are_listed_and_the_rest_counted() -> None:
    with pytest.raises(RunbookMistakes, match=r"and \d+ more mistakes") as caught:
        read("".join(f"k{number}: 1\n" for number in range(1000)), {})
    assert len(caught.value.mistakes) < 600
