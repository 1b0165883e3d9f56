"""The blocks that Slack added since 2025: tables, charts, cards, alerts, containers, plans."""

from collections.abc import Callable, Mapping
from typing import Any

from bot.sandbox.limits import limit, limits
from bot.sandbox.strict.checks import (
    Check,
    Findings,
    anything,
    array,
    boolean,
    by_type,
    found,
    integer,
    number,
    one_of,
    shape,
    some_of,
    text,
)
from bot.sandbox.strict.elements import element, image_element
from bot.sandbox.strict.rich_text import rich_text
from bot.sandbox.strict.texts import either, plain

_ID: dict[str, Check] = {"block_id": text(1, 255)}


def newer_blocks(children: Callable[[], Mapping[str, Check]]) -> dict[str, Check]:
    """By type; `children` returns the blocks allowed in a container."""
    card = _card()
    cards = array(by_type({"card": card}, "card"), 1, limit("carousel", "elements"))
    return {
        "table": _table(),
        "data_table": _data_table(),
        "data_visualization": _chart(),
        "card": card,
        "carousel": shape({"type": text(), "elements": cards}, _ID),
        "alert": _alert(),
        "container": _container(children()),
        "task_card": _task(tuple(limits()["task_card"]["status_top_level"])),
        "plan": _plan(),
        "context_actions": _context_actions(),
    }


def _cell(*kinds: str) -> Check:
    shapes = {
        "raw_text": shape({"type": text(), "text": text(1)}),
        "raw_number": shape({"type": text(), "value": number}, {"text": text(1)}),
        "rich_text": rich_text(),
    }
    return by_type({kind: shapes[kind] for kind in kinds}, "cell")


def _table() -> Check:
    row = array(_cell("raw_text", "raw_number", "rich_text"), 1, limit("table", "cells_max"))
    settings = shape({}, {"align": text(choices=("left", "center", "right")), "is_wrapped": boolean})
    optional = _ID | {"column_settings": array(_or_null(settings), 0, limit("table", "column_settings_max"))}
    return shape({"type": text(), "rows": array(row, 1, limit("table", "rows"))}, optional)


def _data_table() -> Check:
    row = array(_cell("raw_text", "raw_number", "rich_text"), 1, limit("data_table", "columns"))
    required = {"type": text(), "caption": text(1), "rows": array(row, *limits()["data_table"]["rows"])}
    optional = _ID | {
        "page_size": integer(*limits()["data_table"]["page_size"]),
        "row_header_column_index": integer(0),
    }
    return shape(required, optional, _rows_are_even)


def _rows_are_even(value: Any, pointer: str, findings: Findings) -> None:
    if len({len(row) for row in value["rows"]}) > 1:
        found(findings, "all rows must have the same number of cells", f"{pointer}/rows")
    if any(cell["type"] == "rich_text" for cell in value["rows"][0]):
        found(findings, "header cells must not be rich_text", f"{pointer}/rows/0")


def _chart() -> Check:
    label = text(1, limit("data_visualization", "label_max"))
    segment = shape({"label": label, "value": number}, {}, _is_positive)
    points = array(shape({"label": label, "value": number}), *limits()["data_visualization"]["points"])
    series = array(shape({"name": label, "data": points}), *limits()["data_visualization"]["series"])
    axis_label = text(1, limit("data_visualization", "axis_label_max"))
    axis = shape(
        {"categories": array(label, 1, limit("data_visualization", "points"))},
        {"x_label": axis_label, "y_label": axis_label},
    )
    segments = array(segment, *limits()["data_visualization"]["segments"])
    plotted = shape({"type": text(), "series": series, "axis_config": axis}, {}, _series_fit)
    charts = dict.fromkeys(("line", "bar", "area"), plotted)
    charts["pie"] = shape({"type": text(), "segments": segments})
    title = text(1, limit("data_visualization", "title_max"))
    return shape({"type": text(), "title": title, "chart": by_type(charts, "chart")}, _ID)


def _is_positive(value: Any, pointer: str, findings: Findings) -> None:
    if value["value"] <= 0:
        found(findings, "must be more than 0", f"{pointer}/value")


def _series_fit(value: Any, pointer: str, findings: Findings) -> None:
    names = [series["name"] for series in value["series"]]
    if len(set(names)) < len(names):
        found(findings, "series names must be unique", f"{pointer}/series")
    for index, series in enumerate(value["series"]):
        if [point["label"] for point in series["data"]] != value["axis_config"]["categories"]:
            found(findings, "data must match the categories", f"{pointer}/series/{index}/data")


def _card() -> Check:
    optional = _ID | {
        "title": either(limit("card", "title_max")),
        "subtitle": either(limit("card", "subtitle_max")),
        "body": either(limit("card", "body_max")),
        "subtext": either(limit("card", "subtext_max")),
        "actions": array(element("button"), 1, limit("card", "actions_max")),
        "hero_image": image_element(),
        "icon": image_element(),
        "slack_icon": anything,
    }
    return shape({"type": text()}, optional, some_of(*limits()["card"]["one_of"]), _one_icon)


def _one_icon(value: Any, pointer: str, findings: Findings) -> None:
    if "icon" in value and "slack_icon" in value:
        found(findings, "must have only one of icon, slack_icon", pointer)


def _alert() -> Check:
    level = text(choices=tuple(limits()["alert"]["levels"]))
    return shape({"type": text(), "text": either(limit("alert", "text_max"))}, _ID | {"level": level})


def _container(children: Mapping[str, Check]) -> Check:
    low, high = limits()["container"]["child_blocks"]
    optional = _ID | {
        "title": plain(limit("container", "title_max")),
        "rich_text_title": rich_text(),
        "subtitle": plain(limit("container", "subtitle_max")),
        "width": text(choices=tuple(limits()["container"]["widths"])),
        "is_collapsible": boolean,
        "default_collapsed": boolean,
        "icon": image_element(),
    }
    required = {"type": text(), "child_blocks": array(by_type(children, "block"), low, high)}
    return shape(required, optional, one_of("title", "rich_text_title"))


def _task(statuses: tuple[str, ...]) -> Check:
    optional = _ID | {"status": text(choices=statuses), "details": rich_text(), "output": rich_text()}
    optional |= {"sources": array(anything)}
    return shape({"type": text(), "task_id": text(1), "title": text(1)}, optional)


def _plan() -> Check:
    task = _task(tuple(limits()["task_card"]["status_in_plan"]))
    return shape({"type": text(), "title": text(1)}, _ID | {"tasks": array(by_type({"task_card": task}, "task"))})


def _context_actions() -> Check:
    feedback = shape({"text": plain(75), "value": text(0, 2000)}, {"accessibility_label": text(1, 75)})
    shapes = {
        "feedback_buttons": shape(
            {"type": text(), "positive_button": feedback, "negative_button": feedback}, {"action_id": text(1, 255)}
        ),
        "icon_button": shape(
            {"type": text(), "icon": text(choices=("trash",)), "text": plain(75)},
            {"action_id": text(1, 255), "value": text(0, 2000), "accessibility_label": text(1, 75)},
        ),
    }
    elements = array(by_type(shapes, "element"), 1, limit("context_actions", "elements"))
    return shape({"type": text(), "elements": elements}, _ID)


def _or_null(check: Check) -> Check:
    """Column settings may be null to skip a column."""

    def judge(value: Any, pointer: str, findings: Findings) -> None:
        if value is not None:
            check(value, pointer, findings)

    return judge
