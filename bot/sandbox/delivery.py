"""How a request reaches the app, by Socket Mode or HTTP, and the outcome."""

from dataclasses import dataclass
from time import perf_counter
from typing import Any, Literal, Protocol

from bot.sandbox.model import Json

Envelope = Literal["slash_commands", "interactive", "events_api"]
Outcome = Literal["acknowledged", "timeout", "failed"]


@dataclass(frozen=True)
class AppRequest:
    """One request to the app. The retry fields are used only for events."""

    envelope: Envelope
    payload: Json
    retry_attempt: int = 0
    retry_reason: str = ""

    @property
    def name(self) -> str:
        """Its name in a complaint: `/incident`, `block_actions`, `reaction_added`."""
        if self.envelope == "slash_commands":
            return str(self.payload["command"])
        if self.envelope == "interactive":
            return str(self.payload["type"])
        return str(self.payload["event"]["type"])


@dataclass(frozen=True)
class Acknowledgement:
    """`body`: the app's answer, None if empty; `reason`: Slack's code for a failure (`http_timeout`)."""

    outcome: Outcome
    latency_ms: float
    body: Any = None
    reason: str = ""
    wants_no_retry: bool = False

    @property
    def accepted(self) -> bool:
        return self.outcome == "acknowledged"

    @property
    def error(self) -> str | None:
        """The error that a person sees in Slack; None if all went well."""
        return {"acknowledged": None, "timeout": "operation_timeout", "failed": "dispatch_failed"}[self.outcome]


def milliseconds_since(started: float) -> float:
    """Real milliseconds since a reading of `perf_counter`."""
    return (perf_counter() - started) * 1000


class Transport(Protocol):
    @property
    def connected(self) -> bool:
        """Can the app be reached now?"""

    async def deliver(self, delivery: AppRequest) -> Acknowledgement:
        """Hand the request over and wait for the acknowledgement, until the deadline at most."""

    async def close(self) -> None:
        """Close the connections."""
