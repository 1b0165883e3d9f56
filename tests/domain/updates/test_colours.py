"""The status page's text has the contrast WCAG 2 demands, in light and dark mode."""

import re

import pytest

from bot.shipped import templates_folder


def luminance(colour: str) -> float:
    digits = colour if len(colour) == 6 else "".join(one * 2 for one in colour)
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    brighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("night", [False, True], ids=["day", "night"])
@pytest.mark.parametrize("paper", ["paper", "card"])
@pytest.mark.parametrize("ink", ["ink", "soft", "bad", "link"])
def test_text_on_the_status_page_has_enough_contrast(ink: str, paper: str, night: bool) -> None:
    style = (templates_folder() / "web" / "_status_style.j2").read_text()
    shades = [dict(re.findall(r"--(\w+): #(\w+)", line)) for line in style.splitlines() if "--paper" in line]
    assert contrast(shades[night][ink], shades[night][paper]) >= 4.5
