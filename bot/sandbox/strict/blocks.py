"""The common blocks: sections, headers, actions, inputs, context, images, rich text."""

from collections.abc import Mapping
from functools import cache

from bot.sandbox.limits import limit
from bot.sandbox.strict.checks import Check, array, boolean, by_type, one_of, shape, some_of, text, url
from bot.sandbox.strict.elements import ACCESSORIES, IN_ACTIONS, IN_INPUT, element, image_element
from bot.sandbox.strict.newer_blocks import newer_blocks
from bot.sandbox.strict.rich_text import rich_text
from bot.sandbox.strict.texts import either, plain


@cache
def block() -> Check:
    """Any block that an app may send."""
    return by_type(_blocks(), "block")


def with_block_id(optional: Mapping[str, Check] | None = None) -> dict[str, Check]:
    return {"block_id": text(1, limit("block", "block_id_max")), **(optional or {})}


def _blocks() -> dict[str, Check]:
    return {
        "section": _section(),
        "header": shape({"type": text(), "text": plain(limit("header", "text"))}, with_block_id()),
        "divider": shape({"type": text()}, with_block_id()),
        "context": _context(),
        "actions": _actions(),
        "image": _image(),
        "input": _input(),
        "rich_text": rich_text(),
        "markdown": shape({"type": text(), "text": text(1, limit("message", "markdown_text_max"))}, with_block_id()),
        "video": _video(),
        **newer_blocks(_child),
    }


def _child() -> dict[str, Check]:
    """The blocks allowed inside a container."""
    return {"section": _section(), "divider": shape({"type": text()}, with_block_id()), "context": _context()} | {
        "header": shape({"type": text(), "text": plain(limit("header", "text"))}, with_block_id()),
        "actions": _actions(),
        "image": _image(),
        "rich_text": rich_text(),
    }


def _section() -> Check:
    optional = {
        "text": either(limit("section", "text")),
        "fields": array(either(limit("section", "field_text_max")), 1, limit("section", "fields_max")),
        "accessory": element(*ACCESSORIES),
        "expand": boolean,
    }
    return shape({"type": text()}, with_block_id(optional), some_of("text", "fields"))


def _context() -> Check:
    words = limit("text_object", "text")
    parts = {"image": image_element(), "mrkdwn": either(words), "plain_text": either(words)}
    elements = array(by_type(parts, "context element"), 1, limit("context", "elements"))
    return shape({"type": text(), "elements": elements}, with_block_id())


def _actions() -> Check:
    elements = array(element(*IN_ACTIONS), 1, limit("actions", "elements"))
    return shape({"type": text(), "elements": elements}, with_block_id())


def _image() -> Check:
    source = {
        "image_url": url(limit("image", "image_url_max")),
        "slack_file": shape({}, {"id": text(1), "url": url()}, one_of("id", "url")),
        "title": plain(limit("image", "title_max")),
    }
    required = {"type": text(), "alt_text": text(1, limit("image", "alt_text_max"))}
    return shape(required, with_block_id(source), one_of("image_url", "slack_file"))


def _input() -> Check:
    required = {"type": text(), "label": plain(limit("input", "label_max")), "element": element(*IN_INPUT)}
    optional = {"hint": plain(limit("input", "hint_max")), "optional": boolean, "dispatch_action": boolean}
    return shape(required, with_block_id(optional))


def _video() -> Check:
    required = {
        "type": text(),
        "title": plain(limit("video", "title_lt") - 1),
        "video_url": text(1, pattern=r"https://\S+"),
        "thumbnail_url": url(),
        "alt_text": text(1),
    }
    optional = {
        "author_name": text(1, limit("video", "author_name_lt") - 1),
        "description": plain(limit("video", "description_lt") - 1),
        "provider_name": text(1),
        "provider_icon_url": url(),
        "title_url": text(1, pattern=r"https://\S+"),
    }
    return shape(required, with_block_id(optional))
