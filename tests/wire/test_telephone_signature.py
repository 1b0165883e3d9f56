"""Twilio's signature, compared with Twilio's own library."""

from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st
from multidict import MultiDict
from twilio.request_validator import RequestValidator

from bot.wire.telephone_signature import is_signed, signature

TOKEN = "12345-example"
ADDRESS = "https://tocsin.example.com/twilio/status?page=7"

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
forms = st.lists(st.tuples(words, words), max_size=6)
addresses = st.builds(
    lambda scheme, port, path, query: f"{scheme}://tocsin.example.com{port}/{quote(path)}{query}",
    st.sampled_from(["https", "http"]), st.sampled_from(["", ":443", ":80", ":8080"]), words,
    st.sampled_from(["", "?page=7", "?seen=a%20b&repeat"]),
)  # fmt: skip


@given(forms, addresses)
def test_the_signature_equals_that_of_twilios_own_library(fields: list[tuple[str, str]], address: str) -> None:
    form = MultiDict(fields)
    theirs = RequestValidator(TOKEN)

    assert signature(TOKEN, address, form) == theirs.compute_signature(address, form)
    assert theirs.validate(address, form, signature(TOKEN, address, form))
    assert is_signed(TOKEN, address, form, theirs.compute_signature(address, form))


def test_the_signed_url_may_or_may_not_contain_the_port() -> None:
    form = MultiDict(MessageStatus="delivered")
    with_port = ADDRESS.replace("example.com", "example.com:443")
    for signed, called in ((with_port, ADDRESS), (ADDRESS, with_port), (ADDRESS, ADDRESS)):
        assert is_signed(TOKEN, called, form, signature(TOKEN, signed, form))


def test_nothing_else_is_signed() -> None:
    form = MultiDict(MessageStatus="delivered")
    right = signature(TOKEN, ADDRESS, form)

    assert not is_signed("another token", ADDRESS, form, right)
    assert not is_signed(TOKEN, ADDRESS.replace("7", "8"), form, right)
    assert not is_signed(TOKEN, ADDRESS, MultiDict(MessageStatus="failed"), right)
    for wrong in ("", "é\udce9", right[:-1], f"{right}="):
        assert not is_signed(TOKEN, ADDRESS, form, wrong)
