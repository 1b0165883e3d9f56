"""The report form, as a phone shows it."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from playwright.async_api import ViewportSize, async_playwright, expect

from tests.sandbox.page.browsing import CHROMIUM, IN_A_BROWSER, QUIET
from tests.stories.alerts.reporter import DECLARING, PUBLIC, outsider
from tests.world import World

pytestmark = IN_A_BROWSER[:2]

NARROW: ViewportSize = {"width": 320, "height": 640}
# CSS pixels: the smallest target a thumb hits reliably at night.
THUMB = 44


async def test_the_form_works_on_a_small_phone_in_dark_mode_without_scripts(
    new_world: Callable[..., AbstractAsyncContextManager[World]],
) -> None:
    async with new_world(runbook=DECLARING, PUBLIC_URL=PUBLIC) as world, outsider(world) as jo:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
            phone = await browser.new_context(viewport=NARROW, color_scheme="dark", java_script_enabled=False)
            page = await phone.new_page()
            said: list[str] = []
            page.on("console", lambda message: said.append(message.text))

            await page.goto(f"http://127.0.0.1:{world.app.port}{jo.path}")
            await expect(page.locator("html")).to_have_attribute("lang", "en")
            fields = [page.get_by_label(name) for name in ("What is wrong?", "Since when?", "How many", "How can we")]
            for field in (*fields, page.get_by_role("button", name="Send")):
                box = await field.bounding_box()
                assert box is not None
                assert box["height"] >= THUMB
                assert box["x"] + box["width"] <= NARROW["width"], "nothing is cut off"
            await page.get_by_label("What is wrong?").focus()
            await expect(page.get_by_label("What is wrong?")).to_have_css("outline-style", "solid")
            box = await page.locator("#trap").bounding_box()
            assert box is not None
            assert box["x"] + box["width"] <= 0, "nobody sees the trap"
            await page.keyboard.press("Tab")
            await page.keyboard.press("Tab")
            await page.keyboard.press("Tab")
            await page.keyboard.press("Tab")
            await expect(page.get_by_role("button", name="Send")).to_be_focused()

            await fields[0].fill("   ")
            await fields[3].fill("jo@customer.example.com")
            await page.get_by_role("button", name="Send").click()
            await expect(page.get_by_text("Say what is wrong.")).to_be_visible()
            await expect(page.get_by_label("How can we")).to_have_value("jo@customer.example.com")
            await expect(page.get_by_label("What is wrong?")).to_have_attribute("aria-invalid", "true")

            await page.get_by_label("What is wrong?").fill("I can't pay" * 30)
            await page.get_by_role("button", name="Send").click()
            await expect(page.get_by_role("heading", name="Report received")).to_be_visible()
            refused = [one for one in said if "status of 422" not in one]
            assert refused == [], "the policy of the page forbids nothing that it needs"
            await browser.close()
        await world.settled()
        (paged,) = world.pages_of("ada")
        assert "I can't pay" in paged.text
