"""Getting around: channels, people, other devices, dark and light mode."""

import re

import pytest
from aiohttp import web
from playwright.async_api import Browser, Page, expect
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.workspace import Workspace
from tests.sandbox.page.browsing import IN_A_BROWSER, be, look, overflows
from tests.sandbox.page.samples import every_block

pytestmark = IN_A_BROWSER


async def test_switching_to_another_person_shows_their_view_and_each_keeps_their_place(
    page: Page, client: AsyncWebClient, general: str
) -> None:
    await client.chat_postEphemeral(channel=general, user="U0ADA", text="A word for Ada")
    await expect(page.get_by_text("A word for Ada")).to_be_visible()
    await be(page, "Ben Moss")
    await page.get_by_role("link", name="random").click()
    await be(page, "Ada Obi")
    await expect(page.get_by_role("heading", name="general", level=1)).to_be_visible()
    await expect(page.get_by_text("A word for Ada")).to_be_visible()
    await be(page, "Ben Moss")
    await expect(page.get_by_role("heading", name="random", level=1)).to_be_visible()
    await page.get_by_role("link", name="general").click()
    await expect(page.get_by_role("heading", name="general", level=1)).to_be_visible()
    await expect(page.get_by_text("A word for Ada")).to_have_count(0)


async def test_a_mention_elsewhere_is_marked_until_it_is_read(page: Page, workspace: Workspace) -> None:
    await workspace.person("ben").says("@ada, please look", "#random")
    await page.get_by_role("link", name="random, 1 unread, you are mentioned").click()
    await expect(page.get_by_role("separator", name="New")).to_be_visible()
    await expect(page.get_by_text("@Ada Obi, please look")).to_be_visible()
    await page.get_by_role("link", name="general").click()
    await expect(page.get_by_role("link", name="random", exact=True)).to_be_visible()


async def test_a_new_channel_is_offered_and_not_forced(page: Page, client: AsyncWebClient) -> None:
    room = (await client.conversations_create(name="inc-2026-03-02-payments"))["channel"]["id"]
    await client.conversations_invite(channel=room, users="U0ADA")
    offer = page.get_by_role("button", name="Go to #inc-2026-03-02-payments")
    await expect(offer).to_be_visible()
    await expect(page.get_by_role("heading", name="general", level=1)).to_be_visible()
    await offer.click()
    await expect(page.get_by_role("heading", name="inc-2026-03-02-payments", level=1)).to_be_visible()
    await expect(offer).to_have_count(0)


async def test_ctrl_k_goes_anywhere(page: Page) -> None:
    await page.keyboard.press("Control+k")
    await page.keyboard.type("rand")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="random", level=1)).to_be_visible()
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_dark_mode_follows_the_system_until_somebody_chooses(browser: Browser, served: web.AppRunner) -> None:
    page = await look(browser, served, color_scheme="dark")
    colour = "getComputedStyle(document.documentElement).backgroundColor"
    dark = await page.evaluate(colour)
    await page.get_by_role("radio", name="Light").check()
    light = await page.evaluate(colour)
    assert dark != light
    await page.reload()
    await expect(page.get_by_role("radio", name="Light")).to_be_checked()
    assert await page.evaluate(colour) == light
    await page.get_by_role("radio", name="System colours").check()
    assert await page.evaluate(colour) == dark


@pytest.mark.parametrize("width", [360, 390])
async def test_a_phone_never_scrolls_sideways(
    width: int, browser: Browser, served: web.AppRunner, client: AsyncWebClient, general: str, workspace: Workspace
) -> None:
    await client.chat_postMessage(channel=general, text="P1", blocks=every_block())
    await client.chat_postMessage(channel=general, text="x" * 300)
    workspace.mailbox.add("webhook", "https://example.com/" + "page/" * 30, "page", '{"incident": "INC-1"}')
    phone = {"viewport": {"width": width, "height": 740}, "is_mobile": True, "has_touch": True}
    page = await look(browser, served, **phone)
    await expect(page.get_by_role("link", name="random")).to_be_hidden()
    assert not await overflows(page)
    await page.get_by_role("button", name="Channels and people").tap()
    await expect(page.get_by_role("link", name="random")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("link", name="random")).to_be_hidden()
    for panel in ("Events", "Mailbox", "About this channel"):
        await page.get_by_role("button", name=panel).tap()
        await expect(page.get_by_role("button", name="Close the panel")).to_be_visible()
        assert not await overflows(page)
        await page.get_by_role("button", name="Close the panel").tap()


# For voice control: the accessible name contains the visible text.
NAMED_OTHERWISE = """() => {
  const plain = text => text.toLowerCase().replace(/[^\\p{L}\\p{N}]+/gu, " ").trim();
  const seen = one => {
    const copy = one.cloneNode(true);
    copy.querySelectorAll("[aria-hidden=true], .visually-hidden").forEach(hidden => hidden.remove());
    const texts = document.createNodeIterator(copy, NodeFilter.SHOW_TEXT);
    let words = "";
    for (let text = texts.nextNode(); text; text = texts.nextNode()) words += ` ${text.data}`;
    return words;
  };
  return [...document.querySelectorAll("button, a, [role=button], [role=tab], [role=link]")]
    .filter(one => one.offsetParent && one.getAttribute("aria-label"))
    .map(one => [plain(seen(one)), plain(one.getAttribute("aria-label"))])
    .filter(([words, name]) => words && !name.includes(words));
}"""


async def test_every_control_has_an_accessible_name(page: Page, client: AsyncWebClient, general: str) -> None:
    await client.chat_postMessage(channel=general, text="P1", blocks=every_block())
    await expect(page.get_by_role("button", name="Attach")).to_be_visible()
    for panel in ("Events", "Mailbox", "About this channel"):
        await page.get_by_role("button", name=panel).click()
        await expect(page.get_by_role("complementary")).to_be_visible()
        tree = await page.locator("body").aria_snapshot()
        nameless = [
            line
            for line in tree.splitlines()
            if re.search(r"- (button|combobox|textbox|link|radio|tab)\s*(\[|:|$)", line)
        ]
        assert nameless == []
        assert await page.evaluate(NAMED_OTHERWISE) == []
