"""The page on loopback, and a browser that opens it.

Starting a browser takes longer than most tests, so all tests of a worker share one, each with a context of its own. A
browser belongs to one event loop, so all of these tests and their fixtures share that loop.
"""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, Page, async_playwright
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.clock import Clock
from bot.sandbox.server import Server, serving
from bot.sandbox.workspace import Workspace
from tests.sandbox.conftest import in_socket_mode
from tests.sandbox.page.browsing import CHROMIUM, QUIET, Surroundings, look
from tests.sandbox.page.samples import asks, form

on_one_loop = pytest_asyncio.fixture(loop_scope="session")


@pytest.fixture
def surroundings(workspace: Workspace, clock: Clock) -> Surroundings:
    return Surroundings(workspace, clock)


@on_one_loop
async def slack(workspace: Workspace) -> AsyncIterator[Server]:
    async with serving(workspace) as server:
        yield server


@on_one_loop
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@on_one_loop
async def connected(app: AsyncApp, workspace: Workspace) -> AsyncIterator[AsyncSocketModeHandler]:
    async with in_socket_mode(app, workspace) as handler:
        yield handler


@on_one_loop
async def served(surroundings: Surroundings) -> AsyncIterator[web.AppRunner]:
    runner = await surroundings.serve()
    yield runner
    await runner.cleanup()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        await browser.close()


@on_one_loop
async def browser(chromium: Browser) -> AsyncIterator[Browser]:
    yield chromium
    for context in chromium.contexts:
        await context.close()


@on_one_loop
async def page(browser: Browser, served: web.AppRunner) -> Page:
    return await look(browser, served)


@pytest.fixture
def submitted(app: AsyncApp) -> list[dict[str, Any]]:
    """The values of each submitted form; a title containing `taken` is refused."""
    values: list[dict[str, Any]] = []

    @app.command("/incident")
    async def open_form(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        more = asks("lead", "Lead", {"type": "users_select"}, optional=True)
        await client.views_open(trigger_id=body["trigger_id"], view=form(more))

    @app.view("declare")
    async def submit(ack: Any, view: dict[str, Any]) -> None:
        values.append(view["state"]["values"])
        taken = "taken" in view["state"]["values"]["what"]["v"]["value"]
        await (ack(response_action="errors", errors={"what": "There is one called so."}) if taken else ack())

    return values
