"""All of the page's text has a contrast of at least 4.5 to 1, in light and dark mode."""

import re
from itertools import product
from pathlib import Path

import pytest

import bot.sandbox

CSS = Path(bot.sandbox.__file__).parent / "page" / "css"
TOKEN = re.compile(
    r"--([a-z-]+): (?:light-dark\((#[0-9a-f]{6})[0-9a-f]{0,2}, (#[0-9a-f]{6})[0-9a-f]{0,2}\)|(#[0-9a-f]{6}));"
)
BACKGROUND = re.compile(r"background: light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)")
RULE = re.compile(r"\{([^{}]*)\}")
OF_TOKENS = re.compile(r"(?<![a-z-])(background|color): var\(--([a-z-]+)\);")
WORDS = ("ink", "quiet", "link", "verdigris", "bronze", "danger")
BEHIND = ("paper", "panel", "raised", "sunken", "hover", "verdigris-tint", "bronze-tint", "danger-tint")
PAIRS = [
    *product(WORDS, BEHIND),
    ("verdigris-ink", "verdigris"),
    ("danger-ink", "danger"),
    *product(("stage-ink", "stage-quiet"), ("stage", "stage-hover")),
]


def tokens(dark: bool) -> dict[str, str]:
    found = TOKEN.findall((CSS / "tokens.css").read_text())
    return {name: both or (night if dark else day) for name, day, night, both in found}


def light(color: str) -> float:
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("dark", [False, True])
def test_text_contrasts_with_its_background(dark: bool) -> None:
    known = tokens(dark)
    weak = {pair: contrast(known[pair[0]], known[pair[1]]) for pair in PAIRS}
    assert {pair: f"{found:.2f}" for pair, found in weak.items() if found < 4.5} == {}


@pytest.mark.parametrize("dark", [False, True])
def test_text_contrasts_with_every_background_of_its_own(dark: bool) -> None:
    known = tokens(dark)
    behind = {pair[dark] for path in CSS.glob("*.css") for pair in BACKGROUND.findall(path.read_text())}
    weak = {(word, one): f"{contrast(known[word], one):.2f}" for word, one in product(WORDS, behind)}
    assert behind and {pair: found for pair, found in weak.items() if float(found) < 4.5} == {}


@pytest.mark.parametrize("dark", [False, True])
def test_text_contrasts_with_the_background_of_the_same_rule(dark: bool) -> None:
    known = tokens(dark)
    rules = [dict(OF_TOKENS.findall(rule)) for path in CSS.glob("*.css") for rule in RULE.findall(path.read_text())]
    pairs = {(rule["color"], rule["background"]) for rule in rules if len(rule) == 2}
    assert ("ink", "line") in pairs
    assert {pair: found for pair in pairs if (found := contrast(*(known[one] for one in pair))) < 4.5} == {}


def test_nothing_with_text_in_it_is_faded_by_opacity() -> None:
    for path in CSS.glob("*.css"):
        assert set(re.findall(r"opacity: ([\d.]+);", path.read_text())) <= {"0", "1"}, path.name
