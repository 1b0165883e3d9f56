"""What people and monitoring ask of the bot in a torture run, and the answers they get."""

import asyncio
import re
from collections.abc import Mapping
from contextlib import suppress

import aiohttp

from bot.sandbox.answers import AppAnswer
from bot.sandbox.errors import NotOnScreen
from tests.processes import key_of
from tests.torture.evidence import AlertAnswer, Said
from tests.torture.plan import Event
from tests.torture.scene import ALERTS_TOKEN, Run

# A monitoring system retries when it gets no answer.
ALERTS_TRIED = 8
COMES_AGAIN_AFTER_S = 1.0
ANSWERED_WITHIN_S = 4.0


class People:
    def __init__(self, run: Run) -> None:
        self._run = run

    async def declare(self, event: Event) -> None:
        title = title_of(event)
        answer = await self._run.fleet.workspace.person(event.who).types(f"/incident declare {event.what} {title}")
        self._note("declare", title, answer, event.who)

    async def alert(self, event: Event) -> None:
        """Sends it to any running process until accepted; it may have been accepted without a response before."""
        title = title_of(event)
        alert = {"title": title, "status": "firing", "fingerprint": title, "labels": {"alertname": title}}
        for number in range(ALERTS_TRIED):
            attempt = f"{title}, attempt {number}."
            if await self._is_taken(alert | {"description": attempt}, event.number + number, attempt):
                self._note("alert", title, AppAnswer())
                return
            await asyncio.sleep(COMES_AGAIN_AFTER_S)
        self._note("alert", title, AppAnswer(error="never taken"))

    async def _is_taken(self, alert: Mapping[str, object], turn: int, attempt: str) -> bool:
        ports = [found[1] for one in self._run.fleet.replicas if one.is_running and (found := _port_in(one.said()))]
        if not ports:
            return False
        url = f"http://127.0.0.1:{ports[turn % len(ports)]}/alerts/generic?token={ALERTS_TOKEN}"
        patience = aiohttp.ClientTimeout(total=ANSWERED_WITHIN_S)
        try:
            async with aiohttp.ClientSession(timeout=patience) as session, session.post(url, json=alert) as answer:
                self._run.alerts.append(AlertAnswer(attempt, answer.status, await answer.text()))
                return answer.status == 202
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def act(self, event: Event) -> None:
        """Acts on what the person sees: not on incidents they haven't heard of."""
        title = title_of(event)
        ref = self._ref_of(title)
        if ref is None:
            self._run.counts["not heard of"] += 1
            return
        typed = {
            "ack": f"/escalate ack {ref}",
            "resolve": f"/incident resolve {ref} over",
            "escalate": f"/escalate {ref}",
            "call": f"/escalate {ref} ceo we need a decision",
            "snooze": f"/escalate snooze {ref} 5s",
        }
        with suppress(NotOnScreen):
            if event.what == "press":
                who, answer = await self._press(title)
            else:
                who, answer = event.who, await self._run.fleet.workspace.person(event.who).types(typed[event.what])
            self._note(event.what, title, answer, who)

    async def _press(self, title: str) -> tuple[str, AppAnswer]:
        """Presses the button of the incident's latest page, as its recipient."""
        workspace = self._run.fleet.workspace
        for name in ("ada", "ben", "cleo", "dev"):
            for message in reversed(workspace.direct_messages(name)):
                if re.search(rf"{title}\b", message.text):
                    return name, await workspace.person(name).presses("Acknowledge", message)
        raise NotOnScreen("nobody has a page for it")

    def _ref_of(self, title: str) -> str | None:
        """The incident's reference, as read in Slack."""
        for sent in reversed(self._run.fleet.workspace.sent):
            found = re.search(rf"{title} \((INC-\d+)\)", sent.text or "")
            if found and key_of(sent).startswith("page:"):
                return found[1]
        return None

    def _note(self, deed: str, title: str, answer: AppAnswer, who: str = "") -> None:
        self._run.counts[f"{deed}"] += 1
        self._run.said.append(Said(deed, title, answer, who))


def title_of(event: Event) -> str:
    return f"Report {event.number}"


def _port_in(said: str) -> re.Match[str] | None:
    return re.search(r"http=127\.0\.0\.1:(\d+)", said)
