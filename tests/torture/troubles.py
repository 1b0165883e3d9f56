"""The faults in a torture run: of processes, providers, and the database."""

import asyncio
import time
from typing import Any

from bot.sandbox.faults import EVERY_METHOD
from tests.processes import Replica
from tests.torture.plan import Event
from tests.torture.providers import Trouble
from tests.torture.scene import RUNBOOK, RUNBOOK_CHANGED, Run

# A Slack page refused permanently, for one person at a time.
REFUSAL = "messages_tab_disabled"
# Answers by proxies and login pages in between, not by Slack.
NOT_SLACK = [(200, "<html>Sign in</html>"), (200, ""), (200, "[]"), (302, ""), (403, "<html>"), (404, ""), (408, "")]


class Troubles:
    def __init__(self, run: Run) -> None:
        self._run = run
        self._frozen: set[Replica] = set()

    def end(self) -> None:
        """Ends all faults of the providers."""
        self._run.fleet.workspace.faults.clear()
        self._run.post.troubles.clear()
        self._run.post.hangs_until = 0.0

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
        """Faults the next call of the method; `page`: the next page."""
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
            case "not slack":
                status, body = NOT_SLACK[int(event.for_s * 10) % len(NOT_SLACK)]
                faults.break_down(method, after=after, when=when, status=status, body=body)

    async def trouble_mail(self, event: Event) -> None:
        self._run.counts[f"mail {event.what}"] += 1
        trouble: Trouble = event.what  # type: ignore[assignment]
        self._run.post.troubles.append(trouble)

    async def let_hang(self, event: Event) -> None:
        """One provider answers too late; the other works."""
        self._run.counts[f"{event.what} hangs"] += 1
        if event.what == "mail":
            self._run.post.hangs_until = time.monotonic() + event.for_s
            return
        faults = self._run.fleet.workspace.faults
        faults.hang(EVERY_METHOD, event.for_s, times=None)
        await asyncio.sleep(event.for_s)
        faults.heal(EVERY_METHOD)

    async def take_slack_away(self, event: Event) -> None:
        """Only a proxy answers for Slack, and a process is killed, so that its successor starts without Slack."""
        self._run.counts["Slack away"] += 1
        faults = self._run.fleet.workspace.faults
        faults.break_down(EVERY_METHOD, times=None, status=503)
        await self.kill(event)
        await asyncio.sleep(event.for_s)
        faults.heal(EVERY_METHOD)

    async def change_runbook(self, event: Event) -> None:
        """Replaces the runbook file: processes started from now on use it, the others keep the old one."""
        self._run.counts["runbook changed"] += 1
        file = self._run.fleet.folder / "runbook.yml"
        changed = self._run.counts["runbook changed"] % 2
        file.write_text(RUNBOOK_CHANGED if changed else RUNBOOK)
        await self.kill(event)


def _is_page(arguments: dict[str, Any]) -> bool:
    return "page:" in str(arguments.get("metadata"))
