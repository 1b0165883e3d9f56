"""Rich text: sections, lists, quotes and preformatted parts, and their elements."""

from functools import cache

from bot.sandbox.strict.checks import Check, array, boolean, by_type, integer, shape, text


@cache
def rich_text() -> Check:
    required = {"type": text(choices=("rich_text",)), "elements": array(by_type(_parts(), "rich text"), 1)}
    return shape(required, {"block_id": text(1, 255)})


def _parts() -> dict[str, Check]:
    leaves = array(by_type(_leaves(), "rich text element"))
    section = shape({"type": text(), "elements": leaves})
    border = {"border": integer(0, 1)}
    listed = {
        "type": text(),
        "style": text(choices=("bullet", "ordered")),
        "elements": array(by_type({"rich_text_section": section}, "list item"), 1),
    }
    return {
        "rich_text_section": section,
        "rich_text_list": shape(listed, border | {"indent": integer(0, 8), "offset": integer(0)}),
        "rich_text_preformatted": shape({"type": text(), "elements": leaves}, border | {"language": text(1)}),
        "rich_text_quote": shape({"type": text(), "elements": leaves}, border),
    }


def _leaves() -> dict[str, Check]:
    marks = ("bold", "italic", "strike", "code", "underline", "highlight", "client_highlight", "unlink")
    style = {"style": shape({}, dict.fromkeys(marks, boolean))}
    day = {"fallback": text(1), "url": text(1)}
    return {
        "text": shape({"type": text(), "text": text(1)}, style),
        "link": shape({"type": text(), "url": text(1)}, style | {"text": text(0), "unsafe": boolean}),
        "emoji": shape({"type": text(), "name": text(1)}, style | {"unicode": text(1), "skin_tone": integer(2, 6)}),
        "user": shape({"type": text(), "user_id": text(1)}, style),
        "channel": shape({"type": text(), "channel_id": text(1)}, style),
        "usergroup": shape({"type": text(), "usergroup_id": text(1)}, style),
        "broadcast": shape({"type": text(), "range": text(choices=("here", "channel", "everyone"))}, style),
        "date": shape({"type": text(), "timestamp": integer(0), "format": text(1)}, style | day),
        "color": shape({"type": text(), "value": text(1)}, style),
    }
