"""The page on loopback, and a browser in front of it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from playwright.async_api import Browser, Page, async_playwright
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.clock import Clock
from bot.sandbox.workspace import Workspace
from tests.sandbox.page.browsing import CHROMIUM, QUIET, Surroundings, look
from tests.sandbox.page.samples import asks, form


@pytest.fixture
def surroundings(workspace: Workspace, clock: Clock) -> Surroundings:
    return Surroundings(workspace, clock)


@pytest.fixture
async def served(surroundings: Surroundings) -> AsyncIterator[web.AppRunner]:
    runner = await surroundings.serve()
    yield runner
    await runner.cleanup()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        await browser.close()


@pytest.fixture
async def page(browser: Browser, served: web.AppRunner) -> Page:
    return await look(browser, served)


@pytest.fixture
def submitted(app: AsyncApp) -> list[dict[str, Any]]:
    """The values of each form that was sent; a title with `taken` in it is refused."""
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
