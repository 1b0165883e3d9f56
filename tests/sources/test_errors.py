"""Applications' error reports: grouping, severity, and which parts may be stored."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.alerts.received import ReceivedAlert
from bot.domain.alerts.rules import judge
from bot.sources import Unreadable, WrongShape
from bot.sources.errors import BEGINNING_READ, BODY_READ, client, kept, parse

UUIDS = ("a1b2c3d4-0000-4000-8000-1234567890ab", "00b2c3d4-1111-4000-8000-1234567890ff")
JAVASCRIPT = (
    "TypeError: x is undefined\n    at Cart (https://shop.example.com/static/cart-4f3a9c1b.js?v=3:12:5)\n"
    "    at Checkout (https://shop.example.com/static/main.js:40:9)"
)
REDEPLOYED = JAVASCRIPT.replace("4f3a9c1b", "99ab01cd").replace("?v=3:12:5", ":13:77").replace("shop.", "www.")
FIREFOX = "Cart@https://shop.example.com/static/cart.js:12:5\nCheckout@https://shop.example.com/main.js:40:9"
PYTHON = (
    'Traceback (most recent call last):\n  File "/srv/shop/orders.py", line 12, in pay\n    charge(order)\n'
    "ValueError: no order 1234"
)
JAVA = (
    "java.lang.IllegalStateException: no order\n\tat com.example.Orders.pay(Orders.java:12)\n\tat Main.run(Main.java:3)"
)


def report(**facts: Any) -> dict[str, Any]:
    return {"application": "shop", **facts}


def read(content: object) -> ReceivedAlert:
    [alert] = parse(json.dumps(content).encode(), {}).alerts
    return alert


def level(content: object) -> str:
    return judge([], "errors", read(content)).level


@pytest.mark.parametrize(
    ("content", "title"),
    [
        (report(message="x is undefined", type="TypeError", stack=JAVASCRIPT), "TypeError: x is undefined"),
        (report(stack=JAVASCRIPT), "TypeError: x is undefined"),
        (report(message="Uncaught TypeError: x"), "TypeError: Uncaught TypeError: x"),
        (report(stack=PYTHON), "ValueError: no order 1234"),
        (report(stack=JAVA), "java.lang.IllegalStateException: no order"),
        (report(error={"name": "TypeError", "message": "x", "stack": JAVASCRIPT}), "TypeError: x"),
        (report(error="it broke"), "Error: it broke"),
        (report(type="RangeError"), "RangeError"),
        (report(message="a\nb <!channel>"), "Error: a b <!channel>"),
    ],
)
def test_an_errors_title_is_its_type_and_message(content: object, title: str) -> None:
    assert read(content).title == title


def test_a_list_of_reports_may_be_bare_or_under_errors_and_an_empty_one_spoils_no_other() -> None:
    some = [report(message="a"), report(), report(message="b"), 7]
    for body in (some, {"errors": some}):
        reading = parse(json.dumps(body).encode(), {})
        assert [one.title for one in reading.alerts] == ["Error: a", "Error: b"]
        assert len(reading.odd) == 2


@pytest.mark.parametrize("content", [{}, [{}], 7, "text", None, {"errors": {"a": 1}}, {"message": "  "}, {"stack": []}])
def test_a_report_without_message_type_and_stack_is_refused(content: object) -> None:
    with pytest.raises(WrongShape) as refused:
        parse(json.dumps(content).encode(), {})
    assert "Value error" not in str(refused.value) and "Input" not in str(refused.value)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (report(stack=JAVASCRIPT), report(stack=REDEPLOYED, version="2")),
        (report(stack=JAVASCRIPT, message="no order 1"), report(stack=JAVASCRIPT, message="another text")),
        (report(stack=PYTHON), report(stack=PYTHON.replace("1234", "77").replace("line 12", "line 15"))),
        (report(message="no order 1 of 'ada'"), report(message="no order 22 of 'ben'")),
        (report(message="at 0x7f3a9c"), report(message="at 0x00ffee")),
        (report(message="ben@example.com has no seat"), report(message="ada@example.com has no seat")),
        (report(message="gone: https://a.example.com/x?q=1"), report(message="gone: https://b.example.com/x?q=2")),
        (report(message=f"request {UUIDS[0]}"), report(message=f"request {UUIDS[1]}")),
    ],
)  # fmt: skip
def test_reports_that_differ_in_numbers_addresses_and_lines_are_one_error(one: object, other: object) -> None:
    assert read(one).fingerprint == read(other).fingerprint


def test_another_stack_type_message_application_or_environment_is_another_error() -> None:
    reports = [
        report(stack=JAVASCRIPT), report(stack=JAVASCRIPT.replace("Checkout", "Basket")), report(stack=FIREFOX),
        report(stack=PYTHON), report(stack=JAVA), report(message="no order"), report(message="no seat"),
        report(message="no order", type="KeyError"), report(message="no order", environment="staging"),
        {"message": "no order"}, {"message": "no order", "application": "admin"},
    ]  # fmt: skip
    assert len({read(one).fingerprint for one in reports}) == len(reports)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (report(message="x", severity="critical"), "critical"), (report(message="x", level="fatal"), "critical"),
        (report(message="x", severity="HIGH"), "high"), (report(message="x", level="error"), "high"),
        (report(message="x", severity="medium"), "medium"), (report(message="x", level="warning"), "medium"),
        (report(message="x", severity="low"), "low"), (report(message="x", level="info"), "low"),
        (report(message="x", level="global"), "critical"), (report(message="x", boundary="page"), "high"),
        (report(message="x", boundary="Component"), "medium"), (report(message="x"), "medium"),
        (report(message="x", boundary="global", severity="low"), "low"),
        (report(message="x", context={"boundary": "global"}), "critical"),
        (report(type="MongoNetworkError", message="connect ECONNREFUSED 10.0.0.5:27017"), "critical"),
        (report(message="connect ECONNREFUSED 127.0.0.1:5432"), "critical"),
        (report(message="Database connection lost"), "critical"),
        (report(message="Payment provider is unavailable"), "critical"),
        (report(message="Payment declined: card expired"), "medium"),
        (report(message="403 Forbidden"), "high"),
        (report(message="the database has no row 7"), "medium"),
    ],
)  # fmt: skip
def test_the_level_is_the_reports_or_else_follows_from_what_broke(content: object, expected: str) -> None:
    assert level(content) == expected


def test_rules_can_look_at_application_type_version_and_component() -> None:
    parts = {"componentStack": "\n    at Cart (a.js:1:2)"}
    given = report(type="TypeError", message="x", release="a" * 40, env="production", errorInfo=parts)
    assert read(given).labels == {
        "application": "shop",
        "environment": "production",
        "type": "TypeError",
        "component": "Cart",
        "version": "a" * 12,
    }


def test_nothing_derived_from_a_report_contains_private_data() -> None:
    secret = "ada@example.com"
    names = ("application", "environment", "version", "component", "type", "message", "severity")
    stack = f"Error: {secret}\n    at {secret} (a.js:1:2)"
    alert = read({**dict.fromkeys(names, secret), "stack": stack, "url": f"https://example.com/{secret}?token=hunter2"})
    assert secret not in repr(alert)
    assert "hunter2" not in repr(alert)


def test_the_pages_url_is_stored_without_query_and_fragment() -> None:
    assert read(report(message="x", url="https://example.com/a?b=c#d")).url == "https://example.com/a"


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(report(message="for ada@example.com", password="hunter2", user={"name": "hunter2"})).encode(),
        b'{"message": "for ada@example.com", "password": "hunter2"', b"ada@example.com Cookie: hunter2",
        json.dumps(report(message="ada@example.com"))[:-1].encode("utf-16"), b"\0\xffada@example.com hunter2",
        json.dumps({"message": "x" * (BODY_READ - 50) + " ada@example.com password=hunter2"}).encode(),
    ],
)  # fmt: skip
def test_a_body_is_stored_without_private_data_whether_or_not_it_could_be_parsed(body: bytes) -> None:
    assert b"hunter2" not in kept(body)
    assert b"ada@" not in kept(body)


def test_part_of_a_body_of_any_size_and_depth_is_stored() -> None:
    deep = '{"a":' * 900 + "1" + "}" * 900
    wide = json.dumps([{"message": "x" * 50}] * 15_000)
    for body in (deep, wide):
        assert 0 < len(kept(body.encode())) < 2 * BODY_READ


@given(st.binary())
def test_any_bytes_can_be_stored(body: bytes) -> None:
    kept(body)


def test_the_client_is_the_application() -> None:
    assert client(read(report(message="x"))) == "shop"
    assert client(read({"message": "x"})) == "unnamed"


def test_invalid_json_is_refused() -> None:
    with pytest.raises(Unreadable):
        parse(b"{", {})


def test_parsing_the_largest_body_is_bounded_and_loses_no_report() -> None:
    def length(number: int, reports: list[dict[str, str]]) -> int:
        return len(parse(json.dumps(reports).encode(), {}).alerts[number].description)

    each_another = [{"message": f"{number} " + "word " * 1500} for number in range(130)]
    assert length(0, each_another) == length(-1, each_another[:1]) > BEGINNING_READ
    assert 0 < length(-1, each_another) <= BEGINNING_READ
    alike = [{"message": "word " * 1500}] * 130
    assert length(-1, alike) == length(0, alike)
