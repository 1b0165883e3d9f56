"""Placeholders in commands: only values a shell reads literally are filled in."""

import pytest

from bot.domain.procedures.commands import Beside, Command, filled, to_be_filled

KNOWN = {"host": "db-1.example.com:5432", "pod_name": "api/web-7", "path": "/srv/my files", "home": "/root"}


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("ssh {{ host }} uptime", "ssh db-1.example.com:5432 uptime"),
        ("ssh {{ $labels.host }}", "ssh db-1.example.com:5432"),
        ("kubectl logs <pod-name> '<POD NAME>'", "kubectl logs api/web-7 'api/web-7'"),
        ("sort <in.txt >out.txt", "sort <in.txt >out.txt"),
        ("docker ps --format '{{.Names}}' {{end}}", "docker ps --format '{{.Names}}' {{end}}"),
    ],
)
def test_a_known_value_without_shell_metacharacters_is_filled_in(written: str, text: str) -> None:
    assert filled(written, KNOWN) == Command(text, [])


@pytest.mark.parametrize(
    "value",
    ["a b", "a;reboot", "$(reboot)", "`reboot`", "-rf", "--force", "a'b", 'a"b', "a\nb", "../../etc", "a=b", "*", "~",
     "a|b", "a&b", "ä", "", ".", "/", "//", "root@evil.example/", "1--x", "/.", "x" * 300],
)  # fmt: skip
@pytest.mark.parametrize("around", ["rm {{ x }}", "rm '{{ x }}'", 'rm "<x>"'])
def test_any_other_value_is_shown_beside_the_command_and_never_in_it(value: str, around: str) -> None:
    written = "<x>" if "<" in around else "{{ x }}"
    assert filled(around, {"x": value}) == Command(around, [Beside(written, value)])


def test_an_unknown_value_is_marked_once() -> None:
    assert filled("a {{ x }} <who-knows> {{ x }}", {}).beside == [Beside("{{ x }}", None), Beside("<who-knows>", None)]


def test_a_shell_variable_is_left_alone_and_a_label_of_its_name_is_shown_beside() -> None:
    assert filled("cd $HOME ${PATH} $UNKNOWN $1", KNOWN) == Command(
        "cd $HOME ${PATH} $UNKNOWN $1", [Beside("$HOME", "/root"), Beside("${PATH}", "/srv/my files")]
    )


def test_only_placeholders_in_braces_are_left_to_alerts() -> None:
    assert to_be_filled("a {{ x }} <y> $Z {{.Names}} {{end}} {{x}}") == ["{{ x }}", "{{x}}"]
