"""What a probe of a port finds."""

from bot.probes.tcp import expects, probe
from bot.runbook.health import TcpCheck
from tests.probes.conftest import Listen, hang, reset


def a_check(place: str, **wishes: str) -> TcpCheck:
    return TcpCheck.model_validate({"key": "cache", "tcp": place, **wishes})


async def test_an_open_port_is_healthy_even_when_it_says_nothing(listen: Listen) -> None:
    finding = await probe(a_check(f"127.0.0.1:{await listen(hang)}"))

    assert (finding.state, finding.value, finding.reason) == ("healthy", "open", "")


async def test_a_port_that_resets_after_accepting_is_open(listen: Listen) -> None:
    assert (await probe(a_check(f"127.0.0.1:{await listen(reset)}"))).state == "healthy"


async def test_a_closed_port_is_down(nobodys_port: int) -> None:
    for host in ("127.0.0.1", "localhost"):
        finding = await probe(a_check(f"{host}:{nobodys_port}"))
        assert (finding.state, finding.value, finding.reason) == ("down", "no answer", "connection refused")


async def test_an_unknown_host_name_is_down() -> None:
    for host in ("nowhere.invalid", f"{'long' * 20}.invalid"):
        assert (await probe(a_check(f"{host}:6379"))).reason == "this name is not known"


def test_the_expectation_is_described_in_a_few_words() -> None:
    assert expects(a_check("redis:6379")) == "open"
    assert expects(a_check("redis:6379", slow="500 ms")) == "open within 500 ms"
