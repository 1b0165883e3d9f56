"""The composer, and what happens to what is written there."""

from playwright.async_api import Page, expect
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.workspace import Workspace
from tests.sandbox.page.browsing import IN_A_BROWSER, composer
from tests.sandbox.page.samples import asks

pytestmark = IN_A_BROWSER


async def test_a_command_is_completed_with_the_keyboard(page: Page) -> None:
    await composer(page).press_sequentially("/")
    await expect(page.get_by_role("option")).to_have_count(4)
    await expect(page.get_by_role("option").nth(1)).to_contain_text("Page the next tier")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Tab")
    await expect(composer(page)).to_have_value("/escalate ")
    await expect(composer(page)).to_be_focused()
    await page.keyboard.type("@be")
    await page.keyboard.press("Enter")
    await expect(composer(page)).to_have_value("/escalate @ben ")


async def test_a_refused_command_says_why_and_loses_nothing(page: Page) -> None:
    await composer(page).fill("/incidnet declare")
    await page.keyboard.press("Enter")
    failed = page.get_by_role("alert").filter(has_text="/incidnet")
    await expect(failed).to_be_visible()
    await failed.get_by_role("button", name="Edit").click()
    await expect(composer(page)).to_have_value("/incidnet declare")


async def test_arrow_up_recalls_the_last_line(page: Page) -> None:
    await composer(page).fill("Looking at it")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("article", name="Ada Obi")).to_contain_text("Looking at it")
    await page.keyboard.press("ArrowUp")
    await expect(composer(page)).to_have_value("Looking at it")
    await page.keyboard.press("ArrowDown")
    await expect(composer(page)).to_have_value("")


async def test_a_draft_survives_arriving_messages(page: Page, client: AsyncWebClient, general: str) -> None:
    await client.chat_postMessage(
        channel=general, text="note", blocks=[asks("n", "Note", {"type": "plain_text_input"})]
    )
    note = page.get_by_role("textbox", name="Note")
    await note.fill("half a th")
    sent = await client.chat_postMessage(channel=general, text="Something arrives")
    await expect(page.get_by_text("Something arrives")).to_be_visible()
    await expect(note).to_be_focused()
    await composer(page).fill("half a thought")
    await client.chat_update(channel=general, ts=sent["ts"], text="Something changes")
    await expect(page.get_by_text("Something changes")).to_be_visible()
    await expect(composer(page)).to_have_value("half a thought")
    await expect(composer(page)).to_be_focused()
    await page.get_by_role("link", name="random").click()
    await expect(composer(page)).to_have_value("")
    await page.get_by_role("link", name="general").click()
    await expect(composer(page)).to_have_value("half a thought")
    await expect(note).to_have_value("half a th")


async def test_a_reply_goes_into_its_thread(page: Page, workspace: Workspace) -> None:
    await workspace.person("ben").says("Who looks at the gateway?", "#general")
    message = page.get_by_role("article", name="Ben Moss")
    await message.hover()
    await message.get_by_role("button", name="Reply in thread").click()
    reply = page.get_by_role("combobox", name="Reply in the thread")
    await expect(reply).to_be_focused()
    await reply.fill("I do")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("log", name="Thread").get_by_text("I do")).to_be_visible()
    await expect(message.first.get_by_role("button", name="1 reply")).to_be_visible()
    assert workspace.messages("#general")[-1].is_reply


async def test_a_message_is_pinned_to_the_timeline_with_the_keyboard(page: Page, workspace: Workspace) -> None:
    await workspace.person("ben").says("The gateway answers again", "#general")
    await page.get_by_role("article", name="Ben Moss").focus()
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name="React with :pushpin:")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="pushpin, 1: Ada Obi")).to_be_visible()
    await page.get_by_role("article", name="Ben Moss").hover()
    await page.get_by_role("button", name="More message actions").click()
    await expect(page.get_by_role("menuitem", name="Add to timeline")).to_be_focused()


async def test_suggestions_fill_the_composer_and_can_be_dismissed(page: Page) -> None:
    await page.get_by_role("button", name="/incident declare P1 Payments failing").click()
    await expect(composer(page)).to_have_value("/incident declare P1 Payments failing")
    await expect(composer(page)).to_be_focused()
    await page.get_by_role("button", name="Dismiss the suggestions").click()
    await page.reload()
    await expect(page.get_by_role("button", name="Show suggestions")).to_be_visible()
    await expect(page.get_by_role("button", name="/health")).to_have_count(0)
