"""Runbooks as people write them: each shape, and how many steps it contains."""

import pytest

from bot.markdown import read_procedure

SHAPES = {
    "a heading underlined": ("Full\n====\n\n1. Look\n2. Clean\n", 2),
    "a list that a fence interrupts": ("1. Look\n```\ndf\n```\n2. Clean\n", 2),
    "parentheses behind the numbers": ("1) Look\n2) Clean\n", 2),
    "all of them number one": ("1. Look\n1. Clean\n1. Tell\n", 3),
    "windows line ends": ("1. Look\r\n2. Clean\r\n", 2),
    "a quotation": ("> 1. Look\n> 2. Clean\n", 2),
    "indented code": ("## Look\n\n    df -h\n", 1),
    "tildes": ("## Look\n~~~sh\ndf\n~~~\n", 1),
    "a fence that never ends": ("## Look\n```\ndf\n", 1),
    "bold lines for headings": ("**Look:**\n```\ndf\n```\n**Clean**\n```\nrm x\n```\n", 2),
    "a table of contents": ("## Contents\n1. [Look](#look)\n\n## Look\n```\ndf\n```\n", 1),
    "boxes, ticked or not": ("- [ ] Look\n- [x] Clean\n", 2),
    "comments between": ("1. Look\n<!-- 2. Not this -->\n", 1),
    "details": ("<details>\n<summary>More</summary>\n\n1. Look\n\n</details>\n", 1),
    "only a table": ("| a | b |\n|---|---|\n| 1 | 2 |\n", 0),
    "only output": ("## Look\n```json\n{}\n```\n", 0),
    "pictures before the words": ("## 🔥 Look\n```\ndf\n```\n", 1),
    "meaning, impact, diagnosis": ("## Meaning\nBad.\n## Impact\nWorse.\n## Diagnosis\n```\ndf\n```\n", 1),
    "an item without words": ("1.\n2. Look\n", 1),
    "a question in a paragraph": ("Words.\nIf it is full, clean it\n", 1),
    "references": ("1. Look\n\n## References\n1. A book\n", 1),
    "a placeholder in brackets": ("1. Restart <pod-name> now\n", 1),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_an_awkward_shape_yields_the_steps_its_author_meant(shape: str) -> None:
    text, count = SHAPES[shape]
    assert len(read_procedure(text, "x").content["steps"]) == count


@pytest.mark.parametrize("shape", ["1. {}\n", "# {}\n1. Look\n", "> __{}__\n\n1. Look\n", "1. ![{}](full.png)\n"])
def test_endlessly_nested_emphasis_is_read_as_its_text(shape: str) -> None:
    nested = "*a " * 2000 + "the [disk](http://example.com)" + " b*" * 2000
    assert len(read_procedure(shape.format(nested), "x").content["steps"]) == 1


def test_a_link_deep_within_emphasis_keeps_its_url() -> None:
    (step,) = read_procedure("1. " + "*a " * 30 + "[disk](http://example.com)" + " b*" * 30, "x").content["steps"]
    assert "disk (http://example.com)" in step["do"]
