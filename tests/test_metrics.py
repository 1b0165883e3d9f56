"""The metrics, as Prometheus reads them."""

from datetime import timedelta

import pytest

from bot.metrics import Figures, Metrics


def shown(metrics: Metrics, figures: Figures | None = None) -> dict[str, str]:
    """Every sample, by name and labels."""
    lines = metrics.text(figures).decode().splitlines()
    return dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))


FIGURES = Figures(
    incidents_open={("P1", False): 2, ("P1", True): 1},
    pages={("slack", "accepted"): 7, ("sms", "refused"): 1},
    unfinished={("page", "waiting"): 3},
    escalations_armed=4,
    overdue={"escalations": timedelta(milliseconds=1500), "outbox": timedelta(0)},
)


def test_the_database_s_figures_are_shown_with_their_labels() -> None:
    samples = shown(Metrics(), FIGURES)

    assert samples['tocsin_incidents_open{drill="false",severity="P1"}'] == "2.0"
    assert samples['tocsin_incidents_open{drill="true",severity="P1"}'] == "1.0"
    assert samples['tocsin_pages{state="refused",via="sms"}'] == "1.0"
    assert samples['tocsin_outbox_unfinished{kind="page",state="waiting"}'] == "3.0"
    assert samples["tocsin_escalations_armed"] == "4.0"
    assert samples['tocsin_overdue_seconds{what="escalations"}'] == "1.5"
    assert samples["tocsin_database_up"] == "1.0"


def test_series_that_no_longer_exist_are_no_longer_shown() -> None:
    metrics = Metrics()
    shown(metrics, FIGURES)

    assert not [name for name in shown(metrics, Figures()) if name.startswith("tocsin_pages")]


def test_during_a_database_outage_there_are_no_stale_figures_but_all_local_metrics() -> None:
    metrics = Metrics()
    shown(metrics, FIGURES)
    metrics.acknowledged(0.002)

    samples = shown(metrics, None)

    assert samples["tocsin_database_up"] == "0.0"
    for unknown in ("tocsin_escalations_armed", "tocsin_processes", "tocsin_requests_set_aside"):
        assert samples[unknown] == "NaN"
    assert not [name for name in samples if name.startswith("tocsin_incidents_open")]
    assert samples["tocsin_request_acknowledgement_seconds_count"] == "1.0"


@pytest.mark.parametrize(("seconds", "in_time"), [(3.0, "1.0"), (3.001, "0.0")])
def test_an_acknowledgement_after_three_seconds_is_outside_the_last_bucket(seconds: float, in_time: str) -> None:
    metrics = Metrics()
    metrics.acknowledged(seconds)

    assert shown(metrics)['tocsin_request_acknowledgement_seconds_bucket{le="3.0"}'] == in_time


def test_lateness_is_labelled_by_channel_and_calls_by_method_and_outcome() -> None:
    metrics = Metrics()
    metrics.page_lateness(0.02, "email")
    metrics.slack_called("chat.postMessage", 0.2)
    metrics.slack_called("chat.postMessage", 0.1, "ratelimited")

    samples = shown(metrics)

    assert samples['tocsin_page_lateness_seconds_count{via="email"}'] == "1.0"
    assert samples['tocsin_slack_call_seconds_count{method="chat.postMessage",outcome="ok"}'] == "1.0"
    assert samples['tocsin_slack_call_seconds_count{method="chat.postMessage",outcome="ratelimited"}'] == "1.0"


def test_two_bots_in_one_process_share_no_metrics() -> None:
    one, other = Metrics(), Metrics()
    one.acknowledged(1)

    assert shown(other)["tocsin_request_acknowledgement_seconds_count"] == "0.0"
