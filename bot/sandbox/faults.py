"""Fault injection: refusals, slowness, broken answers and lost connections, per method and count."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from bot.sandbox.model import Json

FaultKind = Literal["error", "ratelimited", "html", "hang", "drop"]
EVERY_METHOD = "*"
PAGE = "<!DOCTYPE html><html><body><h1>Server Error</h1></body></html>"


@dataclass
class Fault:
    """`after`: the fault comes after the call was carried out, so the app can't know that it was. `kept`: it is carried
    out much later."""

    method: str
    kind: FaultKind
    times: int | None
    code: str = ""
    seconds: float = 0
    status: int = 500
    body: str = ""
    after: bool = False
    when: Callable[[Json], bool] | None = None
    kept: bool = False

    def strikes(self, method: str, arguments: Json) -> bool:
        if self.times == 0 or self.method not in (method, EVERY_METHOD):
            return False
        return self.when is None or self.when(arguments)


class Faults:
    """Each fault hits `times` calls (None: unlimited) of a method (`*`: all), only those for which
    `when(arguments)`."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self.latency_ms = 0.0
        self.withheld_scopes: set[str] = set()
        self.revoked = False
        self._files_kept_back = 0
        self.kept: list[Callable[[], object]] = []

    def keep_files_back(self, times: int) -> None:
        """Refuse this many messages that show an uploaded file, as Slack does while it processes the file."""
        self._files_kept_back = times

    def keeps_file_back(self) -> bool:
        """Is this message one of those to refuse? Counts it."""
        is_kept_back = self._files_kept_back > 0
        self._files_kept_back -= is_kept_back
        return is_kept_back

    def refuse(
        self, method: str, code: str, *, times: int | None = 1, when: Callable[[Json], bool] | None = None
    ) -> None:
        """Answer with this error code, such as `fatal_error`; the call isn't carried out."""
        self._faults.append(Fault(method, "error", times, code=code, when=when))

    def limit(
        self, method: str, *, retry_after: int, times: int | None = 1, when: Callable[[Json], bool] | None = None
    ) -> None:
        """Answer 429 with `Retry-After` in seconds."""
        self._faults.append(Fault(method, "ratelimited", times, seconds=retry_after, when=when))

    def break_down(
        self,
        method: str,
        *,
        times: int | None = 1,
        after: bool = False,
        when: Callable[[Json], bool] | None = None,
        status: int = 500,
        body: str = PAGE,
    ) -> None:
        """Answer as Slack never would; by default 500 with an HTML page."""
        self._faults.append(Fault(method, "html", times, status=status, body=body, after=after, when=when))

    def hang(
        self,
        method: str,
        seconds: float,
        *,
        times: int | None = 1,
        after: bool = False,
        when: Callable[[Json], bool] | None = None,
    ) -> None:
        """Answer normally, but this much later."""
        self._faults.append(Fault(method, "hang", times, seconds=seconds, after=after, when=when))

    def drop(
        self,
        method: str,
        *,
        times: int | None = 1,
        after: bool = True,
        when: Callable[[Json], bool] | None = None,
    ) -> None:
        """Close the connection without an answer, by default after the call was carried out."""
        self._faults.append(Fault(method, "drop", times, after=after, when=when))

    def lag(self, method: str, *, times: int | None = 1, when: Callable[[Json], bool] | None = None) -> None:
        """Close the connection without an answer, and carry the call out only at `catch_up`."""
        self._faults.append(Fault(method, "drop", times, kept=True, when=when))

    def catch_up(self) -> None:
        """Carry out all calls that lag behind."""
        kept, self.kept = self.kept, []
        for carry_out in kept:
            carry_out()

    def slow_down(self, latency_ms: float) -> None:
        """Delay every call of every method by this much."""
        self.latency_ms = latency_ms

    def withhold(self, *scopes: str) -> None:
        """Act as if the app had been installed without these scopes."""
        self.withheld_scopes.update(scopes)

    def heal(self, method: str) -> None:
        """Remove all faults registered for exactly this method name (`*` for those of all methods)."""
        self._faults = [fault for fault in self._faults if fault.method != method]

    def clear(self) -> None:
        self._faults.clear()
        self.latency_ms, self.revoked = 0.0, False
        self.withheld_scopes.clear()

    def strike(self, method: str, arguments: Json) -> Fault | None:
        """The fault for this call, counted; None if there is none."""
        fault = next((fault for fault in self._faults if fault.strikes(method, arguments)), None)
        if fault is not None and fault.times is not None:
            fault.times -= 1
        return fault
