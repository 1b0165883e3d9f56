"""A browser that opens the simulated workspace, and common actions in it."""

import os
import re
import shutil
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from playwright.async_api import Browser, Locator, Page, expect

from bot.clock import Clock
from bot.sandbox.happenings import Happening, Link, Stage, Suggestion
from bot.sandbox.page_api import add_page
from bot.sandbox.page_guard import PageGuard
from bot.sandbox.stand_ins import Replaced
from bot.sandbox.workspace import Workspace

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# If CI is set, a missing browser fails the tests instead of skipping them.
IN_A_BROWSER = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None and "CI" not in os.environ,
        reason="no chromium, chromium-browser or google-chrome on the PATH",
    ),
    pytest.mark.usefixtures("connected", "general"),
    pytest.mark.asyncio(loop_scope="session"),  # the browser's
]


class Surroundings:
    """What surrounds the workspace: the page's guard, one happening, and one due event."""

    def __init__(self, workspace: Workspace, clock: Clock) -> None:
        self.workspace, self.clock, self.broken = workspace, clock, False
        self.guard = PageGuard()

    async def break_website(self) -> None:
        self.broken = not self.broken

    async def next_due(self) -> Any:
        return self.clock.now() + timedelta(minutes=15), "Engineering Lead is paged"

    async def forward(self, by: timedelta) -> None:
        self.clock.move(by)

    async def serve(self, port: int = 0, *, patience_s: float = 0.2) -> web.AppRunner:
        application = web.Application()
        broken = Happening("break", "Break the website", "It answers 500.", self.break_website, lambda: self.broken)
        replaced = [Replaced("health.checks.website", "https://example.com", "an example website")]
        links = [Link("Status page", "/status", "What everybody reads")]
        suggestions = [
            Suggestion("/incident declare P1 Payments failing", "Opens a channel, pages who is on call"),
            Suggestion("/health", "Every check, worst first"),
        ]
        stage = Stage(self.forward, self.next_due, [broken], replaced, links, suggestions)
        add_page(application, self.workspace, stage, self.guard)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=patience_s)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        return runner


async def look(browser: Browser, served: web.AppRunner, **context: Any) -> Page:
    """Open the page as Ada in #general."""
    page = await (await browser.new_context(**{"viewport": {"width": 1280, "height": 800}} | context)).new_page()
    await page.route(re.compile("^https:"), lambda route: route.abort())  # no requests to the outside
    await page.goto(f"http://127.0.0.1:{served.addresses[0][1]}/")
    await expect(page.get_by_role("heading", name="general", level=1)).to_be_visible()
    return page


def composer(page: Page) -> Locator:
    return page.get_by_role("combobox", name=re.compile("^Message "))


async def be(page: Page, name: str) -> None:
    await page.get_by_role("button", name="You are").click()
    await page.get_by_role("menuitemradio", name=name).click()
    await expect(page.get_by_role("button", name=f"You are {name}")).to_be_visible()


async def overflows(page: Page) -> bool:
    return bool(await page.evaluate("document.documentElement.scrollWidth > innerWidth"))
