"""Text objects, options and confirmation dialogs."""

from typing import Any

from bot.sandbox.limits import limit
from bot.sandbox.strict.checks import Check, Findings, array, boolean, by_type, found, shape, text, url

_STYLES = ("primary", "danger")


def plain(high: int, low: int = 1) -> Check:
    """A plain_text object of `low` to `high` characters."""
    return by_type({"plain_text": _plain(low, high)}, "text")


def formatted(high: int, low: int = 1) -> Check:
    """A mrkdwn object of `low` to `high` characters."""
    return by_type({"mrkdwn": _mrkdwn(low, high)}, "text")


def either(high: int, low: int = 1) -> Check:
    """A plain_text or mrkdwn object of `low` to `high` characters."""
    return by_type({"plain_text": _plain(low, high), "mrkdwn": _mrkdwn(low, high)}, "text")


def option(*, formatted_text: bool = False, with_url: bool = False) -> Check:
    words = either if formatted_text else plain
    optional: dict[str, Check] = {"description": words(limit("option", "description_max"))}
    if with_url:
        optional["url"] = url(limit("option", "url_max"))
    value = text(0, limit("option", "value_max"))
    return shape({"text": words(limit("option", "text_max")), "value": value}, optional)


def options(high: int, *, formatted_text: bool = False, with_url: bool = False) -> Check:
    return array(option(formatted_text=formatted_text, with_url=with_url), 1, high)


def option_groups() -> Check:
    group = shape(
        {"label": plain(limit("option_group", "label_max")), "options": options(limit("option_group", "options"))}
    )
    return array(group, 1, limit("select", "option_groups"))


def confirm() -> Check:
    return shape(
        {"title": plain(limit("confirm", "title_max")), "text": either(limit("confirm", "text_max"))},
        {
            "confirm": plain(limit("confirm", "confirm_max")),
            "deny": plain(limit("confirm", "deny_max")),
            "style": text(choices=_STYLES),
        },
    )


def begins_with_an_option(value: Any, pointer: str, findings: Findings) -> None:
    """`initial_option(s)` must be identical to some of the options."""
    offered = [*value.get("options", ()), *(o for group in value.get("option_groups", ()) for o in group["options"])]
    begins = [value["initial_option"]] if "initial_option" in value else value.get("initial_options", [])
    for chosen in begins:
        if chosen not in offered:
            found(findings, "initial option must be one of the options", pointer)


def _plain(low: int, high: int) -> Check:
    return shape({"type": text(), "text": text(low, high)}, {"emoji": boolean})


def _mrkdwn(low: int, high: int) -> Check:
    return shape({"type": text(), "text": text(low, high)}, {"verbatim": boolean})
