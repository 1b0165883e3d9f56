"""Sample alerts in each monitoring system's real format: one of each, and a storm of many."""

import json
from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Any

from bot.sandbox.happenings import Happening

SAMPLES = files("bot.sandbox") / "samples"
# Display names that can't be derived from the source's name.
NAMES = {
    "alertmanager": "Alertmanager", "pagerduty": "a sender made for PagerDuty", "uptimerobot": "UptimeRobot",
    "uptimekuma": "Uptime Kuma", "sns": "CloudWatch, through SNS", "errors": "an application", "azure": "Azure Monitor",
}  # fmt: skip
STORM_GROUPS, STORM_ALERTS = 5, 40

# Posts a body to `/alerts/<source>`.
Post = Callable[[str, bytes], Awaitable[None]]


def alert_events(post: Post) -> list[Happening]:
    """One happening per sample, and the storm."""
    names = sorted(file.name.removesuffix(".json") for file in SAMPLES.iterdir() if file.name.endswith(".json"))
    return [*(_event(name, post) for name in names), _storm(post)]


def _event(source: str, post: Post) -> Happening:
    async def fire() -> None:
        await post(source, _unsigned(source, (SAMPLES / f"{source}.json").read_bytes()))

    name = NAMES.get(source, source.capitalize())
    return Happening(f"alert-{source}", f"Alert from {name}", f"Posts to /alerts/{source} as it would", fire)


def _unsigned(source: str, body: bytes) -> bytes:
    """Only Amazon can sign SNS envelopes, so an SNS sample is posted as a raw delivery, without one."""
    return str(json.loads(body)["Message"]).encode() if source == "sns" else body


def _storm(post: Post) -> Happening:
    async def fire() -> None:
        for number in range(STORM_GROUPS):
            await post("alertmanager", json.dumps(_notification(number)).encode())

    words = f"{STORM_GROUPS * STORM_ALERTS} alerts of Prometheus in {STORM_GROUPS} groups, at once"
    return Happening("alert-storm", "An alert storm", words, fire)


def _notification(number: int) -> dict[str, Any]:
    name = f"ServiceDown{number + 1}"
    alerts = [
        {
            "status": "firing",
            "labels": {"alertname": name, "instance": f"web-{one}:9090", "severity": "warning"},
            "annotations": {"summary": f"web-{one} does not answer"},
            "startsAt": "2026-01-05T09:00:00Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "fingerprint": f"{number:04x}{one:012x}",
        }
        for one in range(STORM_ALERTS)
    ]
    key = f'{{}}:{{alertname="{name}"}}'
    return {"version": "4", "groupKey": key, "truncatedAlerts": 0, "status": "firing", "alerts": alerts}
