"""What only a sandbox has: the mailbox, the clock, happenings, and its connection."""

from datetime import timedelta

from aiohttp import web
from playwright.async_api import Page, expect

from bot.clock import Clock
from bot.sandbox.workspace import Workspace
from tests.sandbox.page.browsing import IN_A_BROWSER, Surroundings, composer

pytestmark = IN_A_BROWSER


async def test_new_mail_is_counted_and_runs_no_script(page: Page, workspace: Workspace) -> None:
    html = "<b>You are paged</b><script>parent.caught=1</script><a href='https://example.com/ack/1'>Acknowledge</a>"
    workspace.mailbox.add("email", "ada@example.com", "P1 Payments failing", "You are paged", html)
    await page.get_by_role("button", name="Mailbox, 1 new").click()
    await expect(page.get_by_role("button", name="Mailbox", exact=True)).to_be_visible()
    await page.get_by_text("Email to ada@example.com").click()
    letter = page.frame_locator("iframe")
    await expect(letter.get_by_text("You are paged")).to_be_visible()
    await expect(letter.get_by_role("link", name="Acknowledge")).to_have_attribute("href", "https://example.com/ack/1")
    assert await page.evaluate("window.caught") is None
    workspace.mailbox.add("sms", "+447700900001", "", "Acknowledge: https://example.com/ack/2")
    await page.get_by_text("Text to +447700900001").click()
    await expect(page.get_by_role("link", name="https://example.com/ack/2")).to_be_visible()


async def test_a_text_can_be_answered_from_the_phone_it_went_to(page: Page, workspace: Workspace) -> None:
    answers: list[str] = []

    async def answered(answer: str) -> str:
        answers.append(answer)
        return "INC-1 is acknowledged."

    workspace.mailbox.add("sms", "+447700900001", "", "P1: Payments failing", answers=("Reply ACK",), answered=answered)
    await page.get_by_role("button", name="Mailbox, 1 new").click()
    await page.get_by_text("Text to +447700900001").click()
    await page.get_by_role("button", name="Reply ACK").click()
    await expect(page.get_by_text("INC-1 is acknowledged.")).to_be_visible()
    assert answers == ["Reply ACK"]


async def test_the_clock_can_be_moved_and_says_what_comes_next(page: Page, clock: Clock) -> None:
    before = clock.now()
    async with page.expect_response("**/sandbox/clock"):
        await page.get_by_role("button", name="Move the clock one minute on").click()
    assert clock.now() - before == timedelta(minutes=1)
    async with page.expect_response("**/sandbox/clock"):
        await page.get_by_role("button", name="Engineering Lead is paged").click()
    assert clock.now() - before == timedelta(minutes=16)


async def test_what_others_see_is_linked(page: Page, surroundings: Surroundings) -> None:
    await page.get_by_role("button", name="Events").click()
    link = page.get_by_role("link", name="Status page")
    await expect(link).to_have_attribute("href", "/status")


async def test_a_happening_is_a_switch_that_shows_its_state(page: Page, surroundings: Surroundings) -> None:
    await page.get_by_role("button", name="Events").click()
    switch = page.get_by_role("button", name="Break the website")
    await expect(switch).to_have_attribute("aria-pressed", "false")
    await switch.click()
    await expect(switch).to_have_attribute("aria-pressed", "true")
    assert surroundings.broken
    await page.keyboard.press("Escape")
    await expect(switch).to_be_hidden()


async def test_a_lost_connection_is_shown_and_missed_messages_are_fetched(
    page: Page, served: web.AppRunner, surroundings: Surroundings, workspace: Workspace
) -> None:
    port = served.addresses[0][1]
    await composer(page).fill("half a thought")
    await served.cleanup()
    await expect(page.get_by_text("Reconnecting")).to_be_visible()
    await workspace.person("ben").says("While you were away", "#general")
    again = await surroundings.serve(port)
    await expect(page.get_by_text("Reconnecting")).to_be_hidden()
    await expect(page.get_by_text("While you were away")).to_be_visible()
    await expect(composer(page)).to_have_value("half a thought")
    await page.close()
    await again.cleanup()
