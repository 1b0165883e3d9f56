"""What Slack refuses in modals and Home tabs as a whole."""

import json
from typing import Any

import pytest

from bot.sandbox.errors import SlackError
from bot.sandbox.strict.views import check_view

Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def modal(**more: Any) -> Json:
    return {"type": "modal", "title": plain("T"), "blocks": [], **more}


def home(**more: Any) -> Json:
    return {"type": "home", "blocks": [], **more}


def with_input(**more: Any) -> Json:
    block = {"type": "input", "label": plain("L"), "element": {"type": "plain_text_input"}}
    return modal(blocks=[block], **more)


def refusal(view: Json, kind: str = "modal") -> SlackError:
    with pytest.raises(SlackError) as refused:
        check_view(view, kind)
    return refused.value


@pytest.mark.parametrize(
    ("key", "longest", "wrap"),
    [
        ("title", 24, plain),
        ("submit", 24, plain),
        ("close", 24, plain),
        ("private_metadata", 3000, str),
        ("callback_id", 255, str),
        ("external_id", 255, str),
    ],
)
def test_a_modals_texts_have_maximum_lengths(key: str, longest: int, wrap: Any) -> None:
    assert check_view(modal(**{key: wrap("x" * longest)}), "modal")
    refused = refusal(modal(**{key: wrap("x" * (longest + 1))}))
    assert refused.code == "invalid_arguments"
    assert f"/view/{key}" in refused.fields["response_metadata"]["messages"][0]


def test_a_modal_has_a_title() -> None:
    assert refusal({"type": "modal", "blocks": []}).code == "invalid_arguments"


def test_a_form_with_an_input_can_be_submitted() -> None:
    assert check_view(with_input(submit=plain("Go")), "modal")
    assert refusal(with_input()).code == "invalid_arguments"


@pytest.mark.parametrize("key", ["title", "submit", "close"])
def test_a_home_tab_has_no_frame(key: str) -> None:
    assert check_view(home(), "home")
    assert refusal(home(**{key: plain("x")}), "home").code == "invalid_arguments"


def test_a_home_tab_is_no_modal() -> None:
    assert refusal(home(), "modal").code == "invalid_arguments"
    assert refusal(modal(), "home").code == "invalid_arguments"


def test_a_null_in_a_view_is_refused() -> None:
    assert refusal(modal(close=None)).code == "invalid_arguments"


def test_a_view_of_more_than_250_kilobytes_is_too_large() -> None:
    sections = [{"type": "section", "text": plain("x" * 2400)}] * 100
    room = 250_000 - len(json.dumps(modal(blocks=sections, private_metadata="")))
    grown = [{"type": "section", "text": plain("x" * (2400 + room // 100))}] * 100
    rest = 250_000 - len(json.dumps(modal(blocks=grown, private_metadata="")))
    assert check_view(modal(blocks=grown, private_metadata="x" * rest), "modal")
    assert refusal(modal(blocks=grown, private_metadata="x" * (rest + 1))).code == "view_too_large"


def test_an_error_in_a_views_block_names_its_place() -> None:
    refused = refusal(modal(blocks=[{"type": "header", "text": plain("")}]))
    assert refused.fields["response_metadata"]["messages"] == [
        "[ERROR] must be more than 0 characters [json-pointer:/view/blocks/0/text/text]"
    ]
