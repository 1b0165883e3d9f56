"""What the bot sends, as the page draws it: every block, and text that stays text."""

from typing import Any

from playwright.async_api import Page, expect
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.workspace import Workspace
from tests.sandbox.page.browsing import IN_A_BROWSER
from tests.sandbox.page.samples import EVIL, button, every_block, options, plain, rich_text, section

pytestmark = IN_A_BROWSER


async def test_every_block_type_is_drawn(page: Page, client: AsyncWebClient, general: str) -> None:
    await client.chat_postMessage(channel=general, text="Payments failing", blocks=every_block())
    message = page.get_by_role("article", name="Tocsin").last
    await expect(message.get_by_role("heading", name="Payments failing 🔥")).to_be_visible()
    await expect(message.locator("strong", has_text="Status")).to_be_visible()
    await expect(message.get_by_role("button", name="Attach")).to_be_visible()
    await expect(message.get_by_text("since 2026-03-02")).to_be_visible()
    await expect(message.get_by_role("separator")).to_have_count(1)
    await expect(message.get_by_role("combobox", name="Who leads?")).to_be_visible()
    await expect(message.locator("input[type=date]")).to_have_value("2026-03-02")
    await expect(message.get_by_role("radio", name="Yes")).to_be_visible()
    await expect(message.get_by_role("button", name="More actions")).to_be_visible()
    await expect(message.get_by_role("img", name="A dot")).to_be_attached()
    await expect(message.get_by_role("textbox", name="Quick note")).to_be_visible()
    await expect(message.get_by_role("listitem")).to_have_text("first thing")
    await expect(message.get_by_role("blockquote")).to_have_text("a quotation")
    await expect(message.locator("pre")).to_have_text("pm2 restart")
    await expect(message.get_by_role("cell", name="orders")).to_be_visible()
    assert await message.get_by_text("@Ben Moss").count() == 2


async def test_mrkdwn_is_drawn_as_slack_draws_it(page: Page, client: AsyncWebClient, general: str) -> None:
    text = "*bold* _italic_ ~gone~ `code` 2 * 3 * 4 snake_case_word\n> quoted\n```a &lt; b\n  c```\n<https://example.com/|here>"
    await client.chat_postMessage(channel=general, text=text)
    message = page.get_by_role("article", name="Tocsin").last
    for tag, words in (
        ("strong", "bold"),
        ("em", "italic"),
        ("s", "gone"),
        ("blockquote", "quoted"),
        ("pre", "a < b\n  c"),
    ):
        await expect(message.locator(tag)).to_have_text([words])
    await expect(message.get_by_role("link", name="here")).to_have_attribute("href", "https://example.com/")
    await expect(message).to_contain_text("2 * 3 * 4 snake_case_word")


async def test_attachments_are_drawn_under_the_message_and_their_buttons_work(
    page: Page, app: AsyncApp, client: AsyncWebClient, general: str
) -> None:
    pressed: list[str] = []

    @app.action("attach")
    async def press(ack: Any, action: dict[str, Any]) -> None:
        await ack()
        pressed.append(action["value"])

    inside = [section("Error rate above 5 %"), {"type": "actions", "elements": [button("Attach")]}]
    attachments: list[dict[str, Any]] = [
        {"color": "#cc0000", "blocks": inside},
        {"fallback": "in words", "text": "in *words*"},
    ]
    await client.chat_postMessage(channel=general, text="An alert", attachments=attachments)
    message = page.get_by_role("article", name="Tocsin").last
    await expect(message).to_contain_text("Error rate above 5 %")
    await expect(message.locator("strong")).to_have_text(["words"])
    async with page.expect_response("**/sandbox/press"):
        await message.get_by_role("button", name="Attach").click()
    assert pressed == ["INC-1"]


async def test_text_from_outside_stays_text(
    page: Page, client: AsyncWebClient, general: str, workspace: Workspace
) -> None:
    actions = {"type": "actions", "elements": [button(EVIL[:75]), {"type": "overflow", "options": options(EVIL[:75])}]}
    blocks = [{"type": "header", "text": plain(EVIL)}, section(EVIL), actions, rich_text()]
    blocks[-1]["elements"][0]["elements"] = [{"type": "text", "text": EVIL}]
    await client.chat_postMessage(channel=general, text=EVIL, blocks=blocks)
    await client.chat_postMessage(channel=general, text=EVIL)
    await client.conversations_setTopic(channel=general, topic=EVIL)
    await workspace.person("ben").says(EVIL, "#general")
    await expect(page.get_by_role("article", name="Ben Moss")).to_have_count(1)
    await expect(page.get_by_role("article", name="Ben Moss")).to_contain_text(EVIL)
    assert await page.locator("#messages script, #messages img, header img").count() == 0
    assert await page.locator("a[href^='javascript']").count() == 0
    assert await page.evaluate("window.caught") is None


async def test_a_channels_canvas_is_shown_as_it_is_written_and_holds_no_markup_of_its_own(
    page: Page, client: AsyncWebClient, general: str
) -> None:
    def content(text: str) -> dict[str, str]:
        return {"type": "markdown", "markdown": text}

    await expect(page.get_by_role("button", name="Canvas")).to_have_count(0)
    made = await client.conversations_canvases_create(channel_id=general, document_content=content("# What happened"))
    await page.get_by_role("button", name="Canvas").click()
    canvas = page.frame_locator(".canvas-frame")
    await expect(canvas.get_by_role("heading", name="What happened")).to_be_visible()
    written = content(f"# Why\n\n{EVIL}\n\n| What | Who |\n|---|---|\n| Alert | Ada |")
    change = {"operation": "replace", "document_content": written}
    await client.canvases_edit(canvas_id=made["canvas_id"], changes=[change])
    await expect(canvas.get_by_role("heading", name="Why")).to_be_visible()
    await expect(canvas.get_by_role("cell", name="Alert")).to_be_visible()
    assert await canvas.locator("script, img").count() == 0
