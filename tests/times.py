"""Where the time of a test run goes, into computing or waiting: `make test ARGS=--times`.

Per test: the elapsed time (*wall*), the CPU time of its worker (*Python*) and of programs it started that have ended
(*programs*), and the rest (*waiting*): for PostgreSQL, running programs, time-outs. Time spent queueing for a CPU isn't
counted as waiting, where Linux reports it.
"""

import os
import time
from collections import defaultdict
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

PROPERTY = "times"
SHOWN = 40
RUN_DELAY = Path("/proc/self/schedstat")
PROCESSORS = Path("/proc/stat")
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class Times(NamedTuple):
    """In seconds, since an arbitrary start."""

    wall: float = 0.0
    python: float = 0.0
    programs: float = 0.0
    queued: float = 0.0

    def __add__(self, other: object) -> "Times":
        assert isinstance(other, Times)
        return Times(*(mine + its for mine, its in zip(self, other, strict=True)))

    def __sub__(self, other: "Times") -> "Times":
        return Times(*(mine - its for mine, its in zip(self, other, strict=True)))

    @property
    def waiting(self) -> float:
        return max(0.0, self.wall - self.python - self.programs - self.queued)


def now() -> Times:
    used = os.times()
    return Times(time.perf_counter(), used.user + used.system, used.children_user + used.children_system, _queued())


def _queued() -> float:
    """How long this worker was runnable but had no CPU."""
    return int(RUN_DELAY.read_text().split()[1]) / 1e9 if RUN_DELAY.exists() else 0.0


def idle() -> float:
    """Idle seconds of all CPUs together; 0 where the system doesn't report it."""
    if not PROCESSORS.exists():
        return 0.0
    _, _, _, _, idle, iowait, *_ = PROCESSORS.read_text().split(maxsplit=7)
    return (int(idle) + int(iowait)) / TICKS_PER_S


class Meter:
    """Measures tests in each worker, and adds up the results in the controlling process."""

    def __init__(self) -> None:
        self.tests: dict[str, Times] = defaultdict(Times)
        self.workers: list[Times] = []
        self._begun = self._test_begun = now()
        self._idle_begun = idle()
        self._measured_after = "teardown"

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, nextitem: pytest.Item | None) -> Generator[None, object, object]:
        self._test_begun = now()
        # After the last test, shared servers are stopped, which must not be charged to that test.
        self._measured_after = "teardown" if nextitem else "call"
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if call.when == self._measured_after:
            report.user_properties.append((PROPERTY, [*(now() - self._test_begun)]))
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for name, value in report.user_properties:
            if name == PROPERTY and isinstance(value, list):
                self.tests[report.nodeid] = Times(*value)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        output = getattr(session.config, "workeroutput", None)
        if output is not None:
            output[PROPERTY] = [*(now() - self._begun)]

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        # A crashed worker has no output.
        if measured := getattr(node, "workeroutput", {}).get(PROPERTY):
            self.workers.append(Times(*measured))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        run, idle_s = now() - self._begun, idle() - self._idle_begun
        terminalreporter.section("where the time went, in seconds")
        for line in self._lines(run, idle_s):
            terminalreporter.write_line(line)

    def _lines(self, run: Times, idle_s: float) -> Iterator[str]:
        every = sum(self.workers, Times()) if self.workers else run
        yield f"{run.wall:.0f} s from beginning to end, by {len(self.workers) or 1} workers."
        yield f"The {os.cpu_count()} processors had nothing to do for {idle_s:.0f} s, added up."
        yield f"Python of the workers {every.python:.0f} s, programs {every.programs:.0f} s."
        folders: dict[str, Times] = defaultdict(Times)
        files: dict[str, Times] = defaultdict(Times)
        for name, times in self.tests.items():
            file = name.partition("::")[0]
            folders[str(Path(file).parent)] += times
            files[file] += times
        yield from _table("by folder", folders)
        yield from _table("by file", files)
        yield from _table("by test", self.tests)


def _table(title: str, rows: Mapping[str, Times]) -> Iterator[str]:
    """The longest waiting first."""
    yield f"{'wall':>8}{'Python':>8}{'programs':>9}{'waiting':>9}  {title}"
    for name, it in sorted(rows.items(), key=lambda row: -row[1].waiting)[:SHOWN]:
        yield f"{it.wall:8.1f}{it.python:8.1f}{it.programs:9.1f}{it.waiting:9.1f}  {name}"
