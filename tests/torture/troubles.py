"""What breaks in a torture run: processes, providers, the database."""

import asyncio
import time
from typing import Any

from tests.processes import Replica
from tests.torture.plan import Event
from tests.torture.providers import Trouble
from tests.torture.scene import Run

# A page by Slack that is refused for good, of one person at a time.
REFUSAL = "messages_tab_disabled"


class Troubles:
    def __init__(self, run: Run) -> None:
        self._run = run
        self._frozen: set[Replica] = set()
        self._server_is_busy = asyncio.Lock()

    def end(self) -> None:
        """The providers have no more of them."""
        self._run.fleet.workspace.faults.clear()
        self._run.post.troubles.clear()

    async def kill(self, event: Event) -> None:
        if victim := self._victim(event):
            self._run.counts["kills"] += 1
            self._frozen.discard(victim)
            await victim.dies()

    async def freeze(self, event: Event) -> None:
        victim = self._victim(event)
        if victim is None or victim in self._frozen:
            return
        self._run.counts["long freezes" if event.for_s > 15 else "short freezes"] += 1
        self._frozen.add(victim)
        victim.freezes()
        await asyncio.sleep(event.for_s)
        if victim in self._frozen and victim.is_running:
            victim.thaws()
        self._frozen.discard(victim)

    def _victim(self, event: Event) -> Replica | None:
        running = [one for one in self._run.fleet.replicas if one.is_running]
        return running[event.number % len(running)] if running else None

    async def trouble_slack(self, event: Event) -> None:
        """It meets the next call of the method; `page`: the next page."""
        faults = self._run.fleet.workspace.faults
        self._run.counts[f"slack {event.what}"] += 1
        method, when = ("chat.postMessage", _is_page) if event.method == "page" else (event.method, None)
        after = event.what.endswith(" after")
        match event.what.removesuffix(" after"):
            case "429":
                faults.limit(method, retry_after=1 + int(event.for_s) // 4, when=when)
            case "500":
                faults.break_down(method, after=after, when=when)
            case "hang":
                faults.hang(method, event.for_s, after=after, when=when)
            case "drop":
                faults.drop(method, after=after, when=when)
            case "no":
                faults.refuse(method, REFUSAL, when=when)
            case "slow":
                faults.slow_down(20 * event.for_s)

    async def trouble_mail(self, event: Event) -> None:
        self._run.counts[f"mail {event.what}"] += 1
        trouble: Trouble = event.what  # type: ignore[assignment]
        self._run.post.troubles.append(trouble)

    async def break_database(self, event: Event) -> None:
        async with self._server_is_busy:
            self._run.counts["database stopped" if event.what == "stop" else "database crashed"] += 1
            began = time.monotonic()
            await (self._run.server.crash() if event.what == "crash" else self._run.server.stop())
            await asyncio.sleep(event.for_s)
            await self._run.server.start()
            self._run.away_s += time.monotonic() - began


def _is_page(arguments: dict[str, Any]) -> bool:
    return "page:" in str(arguments.get("metadata"))
