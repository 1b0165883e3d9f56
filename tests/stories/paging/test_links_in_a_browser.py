"""The page behind a link, as a phone shows it."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from playwright.async_api import ViewportSize, async_playwright, expect

from bot.store.paging import pages
from tests.sandbox.page.browsing import CHROMIUM, IN_A_BROWSER, QUIET
from tests.stories.asking import declared
from tests.world import World

NewWorld = Callable[..., AbstractAsyncContextManager[World]]

pytestmark = IN_A_BROWSER[:2]

PUBLIC = "https://tocsin.example.com"
NARROW: ViewportSize = {"width": 320, "height": 640}
# Points: large enough for a thumb.
THUMB = 44


async def test_the_button_works_on_a_small_phone_at_night_without_any_script(new_world: NewWorld) -> None:
    async with new_world(PUBLIC_URL=PUBLIC) as world, async_playwright() as playwright:
        await declared(world, "P1 " + "Paymentsfailing" * 12)
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        phone = await browser.new_context(viewport=NARROW, color_scheme="dark", java_script_enabled=False)
        page = await phone.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))

        await page.goto(await link_for(world))
        button = page.get_by_role("button", name="Acknowledge")
        await expect(page.locator("body")).to_have_css("background-color", "rgb(20, 21, 23)")
        box = await button.bounding_box()
        assert box is not None
        assert box["height"] >= THUMB
        assert box["x"] + box["width"] <= NARROW["width"], "nothing is cut off"

        await button.click()
        await expect(page.get_by_text("Acknowledged by Ada Obi.")).to_be_visible()
        await expect(button).to_have_count(0)
        assert said == [], "the policy of the page forbids nothing that it needs"
        await world.settled()
        assert (await world.house.incidents.find("INC-1")).acknowledged_by == "ada"
        await browser.close()


async def link_for(world: World) -> str:
    async with world.house.db.transaction() as conn:
        (page,) = await pages.of_incident(conn, 1)
    link = str(await world.house.links.link_to(page))
    return link.replace(PUBLIC, f"http://127.0.0.1:{world.app.port}")
