"""Simulates somebody without Slack who submits the report form from a browser."""

import re
from collections.abc import Awaitable, Callable

import aiohttp

from bot.sandbox.happenings import Happening

REPORT = {
    "what": "I can't pay for my lesson.\nI press Pay, the page turns white, and nothing is charged.",
    "since": "about ten minutes ago",
    "affected": "me and two parents I know",
    "contact": "jo@customer.example.com",
}

# Returns the form's full URL.
Form = Callable[[], Awaitable[str]]


def report_event(form: Form) -> Happening:
    async def report() -> None:
        address = await form()
        async with aiohttp.ClientSession() as session:
            async with session.get(address) as shown:
                hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', await shown.text()))
            async with session.post(address, data={**hidden, **REPORT}):
                pass

    return Happening("report", "A customer reports a problem", "Sends the form for people without Slack", report)
