"""Buttons, menus, forms and the app's home, used by pointer and by keyboard."""

from typing import Any

from playwright.async_api import Page, expect
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.workspace import Workspace
from tests.sandbox.page.browsing import IN_A_BROWSER, composer
from tests.sandbox.page.samples import button, form, mrkdwn, options, plain, section

pytestmark = IN_A_BROWSER


async def test_a_pressed_button_reaches_the_bot_and_its_card_changes_in_place(
    page: Page, app: AsyncApp, client: AsyncWebClient, general: str
) -> None:
    @app.action("acknowledge")
    async def acknowledge(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        ada = body["user"]["id"]
        await client.chat_update(channel=general, ts=body["message"]["ts"], text=f"Acknowledged by <@{ada}>", blocks=[])

    card = [section("P1"), {"type": "actions", "elements": [button("Acknowledge", style="primary")]}]
    await client.chat_postMessage(channel=general, text="P1", blocks=card)
    await page.get_by_role("button", name="Acknowledge").click()
    await expect(page.get_by_text("Acknowledged by @Ada Obi")).to_be_visible()
    await expect(page.get_by_role("button", name="Acknowledge")).to_have_count(0)


async def test_a_dangerous_button_asks_first(page: Page, app: AsyncApp, client: AsyncWebClient, general: str) -> None:
    pressed: list[str] = []

    @app.action("resolve")
    async def resolve(ack: Any, action: dict[str, Any]) -> None:
        await ack()
        pressed.append(action["value"])

    question = {
        "title": plain("Resolve?"),
        "text": mrkdwn("It *ends*."),
        "confirm": plain("End it"),
        "deny": plain("No"),
    }
    blocks = [{"type": "actions", "elements": [button("Resolve", style="danger", confirm=question)]}]
    await client.chat_postMessage(channel=general, text="P1", blocks=blocks)
    await page.get_by_role("button", name="Resolve").click()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    assert pressed == []
    await page.get_by_role("button", name="Resolve").click()
    async with page.expect_response("**/sandbox/press"):
        await page.get_by_role("dialog", name="Resolve?").get_by_role("button", name="End it").click()
    assert pressed == ["INC-1"]


async def test_a_menu_is_chosen_from_with_the_keyboard(
    page: Page, app: AsyncApp, client: AsyncWebClient, general: str
) -> None:
    chosen: list[str] = []

    @app.action("severity")
    async def choose(ack: Any, action: dict[str, Any]) -> None:
        await ack()
        chosen.append(action["selected_option"]["value"])

    menu = {
        "type": "static_select",
        "action_id": "severity",
        "placeholder": plain("Severity"),
        "options": options("P1", "P2"),
    }
    await client.chat_postMessage(channel=general, text="P1", blocks=[section("How bad?", accessory=menu)])
    field = page.get_by_role("combobox", name="How bad?")
    await field.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("option")).to_have_text(["P1", "P2"])
    await page.keyboard.press("ArrowDown")
    async with page.expect_response("**/sandbox/press"):
        await page.keyboard.press("Enter")
    assert chosen == ["p2"]
    await expect(field).to_have_value("P2")


async def test_an_external_menu_offers_what_the_app_answers_to_what_is_typed(
    page: Page, app: AsyncApp, client: AsyncWebClient, general: str
) -> None:
    asked: list[str] = []
    chosen: list[str] = []

    @app.options("procedure")
    async def offer(ack: Any, payload: dict[str, Any]) -> None:
        asked.append(payload["value"])
        await ack(options=options("Database timeout", "Database restore"))

    @app.action("procedure")
    async def choose(ack: Any, action: dict[str, Any]) -> None:
        await ack()
        chosen.append(action["selected_option"]["value"])

    menu = {"type": "external_select", "action_id": "procedure", "placeholder": plain("Procedure")}
    await client.chat_postMessage(channel=general, text="P1", blocks=[section("Which one?", accessory=menu)])
    field = page.get_by_role("combobox", name="Which one?")
    await field.click()
    await field.press_sequentially("data")
    await expect(page.get_by_role("option")).to_have_text(["Database timeout", "Database restore"])
    async with page.expect_response("**/sandbox/press"):
        await page.get_by_role("option", name="Database restore").click()
    assert asked[-1] == "data"
    assert chosen == [options("Database timeout", "Database restore")[1]["value"]]


async def test_a_form_shows_what_is_wrong_beside_its_field_and_keeps_what_was_typed(
    page: Page, submitted: list[dict[str, Any]]
) -> None:
    await composer(page).fill("/incident")
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    title = dialog.get_by_role("textbox", name="What is wrong?")
    await expect(title).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(dialog.get_by_role("alert").filter(has_text="required")).to_have_count(1)
    assert submitted == []
    await title.fill("taken")
    await dialog.get_by_role("combobox", name="Lead").click()
    await dialog.get_by_role("option", name="Ben Moss").click()
    await dialog.get_by_role("button", name="Declare").click()
    await expect(dialog.get_by_text("There is one called so.")).to_be_visible()
    await expect(title).to_have_attribute("aria-invalid", "true")
    await expect(title).to_have_value("taken")
    await title.fill("Payments failing")
    await page.keyboard.press("Enter")
    await expect(dialog).to_be_hidden()
    assert submitted[-1]["what"]["v"] == {"type": "plain_text_input", "value": "Payments failing"}
    assert submitted[-1]["severity"]["v"]["selected_option"]["value"] == "p2"
    assert submitted[-1]["lead"]["v"]["selected_user"] == "U0BEN"


async def test_escape_closes_a_form_without_sending_it(
    page: Page, submitted: list[dict[str, Any]], workspace: Workspace
) -> None:
    await composer(page).fill("/incident")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_be_visible()
    async with page.expect_response("**/sandbox/dismiss"):
        await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    assert submitted == []
    assert workspace.screens.modals("U0ADA") == []


async def test_the_apps_home_is_drawn_and_its_buttons_work(
    page: Page, app: AsyncApp, submitted: list[dict[str, Any]]
) -> None:
    @app.event("app_home_opened")
    async def publish(event: dict[str, Any], client: AsyncWebClient) -> None:
        blocks = [section("Good morning"), {"type": "actions", "elements": [button("Begin")]}]
        await client.views_publish(user_id=event["user"], view={"type": "home", "blocks": blocks})

    @app.action("begin")
    async def begin(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=form())

    await page.get_by_role("link", name="Tocsin").click()
    await expect(page.get_by_role("tab", name="Home")).to_have_attribute("aria-selected", "true")
    await expect(page.get_by_text("Good morning")).to_be_visible()
    await page.get_by_role("button", name="Begin").click()
    await expect(page.get_by_role("dialog", name="Declare an incident")).to_be_visible()
