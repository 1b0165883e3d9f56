"""How long the workspace waits for the app, in real seconds."""

from dataclasses import dataclass

from bot.sandbox.limits import limits


@dataclass
class Timing:
    """Slack's own values by default; `retry_scale` shortens the waits between an event's retries.

    `warning_seconds`: between the warning and the request to disconnect; `leave_seconds`: until it is forced.
    """

    ack_seconds: float
    retry_seconds: tuple[float, ...]
    retry_scale: float = 1.0
    warning_seconds: float = 10.0
    leave_seconds: float = 5.0


def slack_timing() -> Timing:
    figures = limits()["timing"]
    return Timing(float(figures["ack_s"]), tuple(map(float, figures["event_retries_s"])))
