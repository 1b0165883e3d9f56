"""The browser page of the sandbox, used as people use it: with a pointer, with the keyboard alone, on a phone."""

import re
import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from playwright.async_api import Browser, Page, async_playwright, expect
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.clock import Clock
from bot.sandbox.happenings import Happening
from bot.sandbox.page_api import add_page
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
EVIL = "<img src=x onerror=window.caught=1> <script>window.caught=1</script> <javascript:window.caught=1|press me>"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium, chromium-browser or google-chrome on the PATH"),
    pytest.mark.usefixtures("connected", "general"),
]


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def section(text: str, **more: Any) -> dict[str, Any]:
    return {"type": "section", "text": mrkdwn(text), **more}


def button(label: str, **more: Any) -> dict[str, Any]:
    return {"type": "button", "action_id": label.lower(), "text": plain(label), "value": "INC-1", **more}


def options(*labels: str) -> list[dict[str, Any]]:
    return [{"text": plain(label), "value": label.lower()} for label in labels]


def asks(block_id: str, label: str, element: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "type": "input",
        "block_id": block_id,
        "label": plain(label),
        "element": {"action_id": "v"} | element,
        **more,
    }


def form(*more: dict[str, Any]) -> dict[str, Any]:
    severity = {"type": "static_select", "options": options("P1", "P2", "P3"), "initial_option": options("P2")[0]}
    blocks = [
        asks("what", "What is wrong?", {"type": "plain_text_input"}),
        asks("severity", "Severity", severity),
        *more,
    ]
    heading = {"title": plain("Declare an incident"), "submit": plain("Declare"), "close": plain("Cancel")}
    return {"type": "modal", "callback_id": "declare", **heading, "blocks": blocks}


def rich_text() -> dict[str, Any]:
    words = [{"type": "text", "text": "bold", "style": {"bold": True}}, {"type": "user", "user_id": "U0BEN"}]
    item = {"type": "rich_text_section", "elements": [{"type": "text", "text": "first thing"}]}
    return {
        "type": "rich_text",
        "elements": [
            {"type": "rich_text_section", "elements": words},
            {"type": "rich_text_list", "style": "ordered", "elements": [item]},
            {"type": "rich_text_quote", "elements": [{"type": "text", "text": "a quotation"}]},
            {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "pm2 restart"}]},
        ],
    }


def every_block() -> list[dict[str, Any]]:
    menus = [
        {"type": "users_select", "action_id": "who", "placeholder": plain("Who leads?")},
        {"type": "datepicker", "action_id": "day", "initial_date": "2026-03-02"},
        {"type": "radio_buttons", "action_id": "sure", "options": options("Yes", "No")},
        {"type": "overflow", "action_id": "more", "options": options("Silence")},
    ]
    cells = [[{"type": "raw_text", "text": text} for text in row] for row in (("Database", "Age"), ("orders", "3 h"))]
    picture = {"type": "image", "image_url": "https://example.com/dot.png", "alt_text": "A dot"}
    return [
        {"type": "header", "text": plain("Payments failing :fire:")},
        section("*Status* investigating", fields=[mrkdwn("*Lead* <@U0BEN>")], accessory=button("Attach")),
        {"type": "context", "elements": [mrkdwn("since <!date^1772442000^{date_num}|nine>")]},
        {"type": "divider"},
        {"type": "actions", "elements": menus},
        picture,
        asks("note", "Quick note", {"type": "plain_text_input"}, dispatch_action=True),
        rich_text(),
        {"type": "table", "rows": cells},
    ]


class World:
    """What the tests of the page can make happen around the workspace."""

    def __init__(self, workspace: Workspace, clock: Clock) -> None:
        self.workspace, self.clock, self.broken = workspace, clock, False

    async def break_website(self) -> None:
        self.broken = not self.broken

    async def next_due(self) -> Any:
        return self.clock.now() + timedelta(minutes=15), "Engineering Lead is paged"

    async def serve(self, port: int = 0) -> web.AppRunner:
        application = web.Application()
        broken = Happening("break", "Break the website", "It answers 500.", self.break_website, lambda: self.broken)
        add_page(application, self.workspace, happenings=[broken], next_due=self.next_due)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.2)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        return runner


@pytest.fixture
def world(workspace: Workspace, clock: Clock) -> World:
    return World(workspace, clock)


@pytest.fixture
async def served(world: World) -> AsyncIterator[web.AppRunner]:
    runner = await world.serve()
    yield runner
    await runner.cleanup()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        await browser.close()


async def look(browser: Browser, served: web.AppRunner, **context: Any) -> Page:
    """The page as Ada in #general."""
    page = await (await browser.new_context(**{"viewport": {"width": 1280, "height": 800}} | context)).new_page()
    await page.route(re.compile("^https:"), lambda route: route.abort())  # nothing is fetched from the outside
    await page.goto(f"http://127.0.0.1:{served.addresses[0][1]}/")
    await expect(page.get_by_role("log")).to_be_visible()
    return page


@pytest.fixture
async def page(browser: Browser, served: web.AppRunner) -> Page:
    return await look(browser, served)


def composer(page: Page) -> Any:
    return page.get_by_role("combobox", name=re.compile("^Message "))


async def be(page: Page, name: str) -> None:
    await page.get_by_role("button", name="You are").click()
    await page.get_by_role("menuitemradio", name=name).click()
    await expect(page.get_by_role("button", name=f"You are {name}")).to_be_visible()


async def overflows(page: Page) -> bool:
    return bool(await page.evaluate("document.documentElement.scrollWidth > innerWidth"))


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


async def test_arrow_up_brings_the_last_line_back(page: Page) -> None:
    await composer(page).fill("Looking at it")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("article", name="Ada Obi")).to_contain_text("Looking at it")
    await page.keyboard.press("ArrowUp")
    await expect(composer(page)).to_have_value("Looking at it")
    await page.keyboard.press("ArrowDown")
    await expect(composer(page)).to_have_value("")


async def test_what_is_being_typed_survives_what_arrives(page: Page, client: AsyncWebClient, general: str) -> None:
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


async def test_being_somebody_else_shows_their_side_and_each_keeps_their_place(
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


async def test_ctrl_k_goes_anywhere(page: Page) -> None:
    await page.keyboard.press("Control+k")
    await page.keyboard.type("rand")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="random", level=1)).to_be_visible()
    await expect(page.get_by_role("dialog")).to_have_count(0)


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


async def test_new_mail_is_counted_and_runs_no_script(page: Page, workspace: Workspace) -> None:
    html = "<b>You are paged</b><script>parent.caught=1</script><a href='https://example.com/ack/1'>Acknowledge</a>"
    workspace.mailbox.add("email", "ada@example.com", "P1 Payments failing", "You are paged", html)
    await page.get_by_role("button", name="Mailbox, 1 new").click()
    await expect(page.get_by_role("button", name="Mailbox", exact=True)).to_be_visible()
    await page.get_by_text("E-mail to ada@example.com").click()
    letter = page.frame_locator("iframe")
    await expect(letter.get_by_text("You are paged")).to_be_visible()
    await expect(letter.get_by_role("link", name="Acknowledge")).to_have_attribute("href", "https://example.com/ack/1")
    assert await page.evaluate("window.caught") is None
    workspace.mailbox.add("sms", "+447700900001", "", "Acknowledge: https://example.com/ack/2")
    await page.get_by_text("Text to +447700900001").click()
    await expect(page.get_by_role("link", name="https://example.com/ack/2")).to_be_visible()


async def test_the_clock_is_moved_and_says_what_comes_next(page: Page, clock: Clock) -> None:
    before = clock.now()
    async with page.expect_response("**/sandbox/clock"):
        await page.get_by_role("button", name="Move the clock one minute on").click()
    assert clock.now() - before == timedelta(minutes=1)
    async with page.expect_response("**/sandbox/clock"):
        await page.get_by_role("button", name="Engineering Lead is paged").click()
    assert clock.now() - before == timedelta(minutes=16)


async def test_a_happening_is_a_switch_that_shows_its_state(page: Page, world: World) -> None:
    await page.get_by_role("button", name="Events").click()
    switch = page.get_by_role("button", name="Break the website")
    await expect(switch).to_have_attribute("aria-pressed", "false")
    await switch.click()
    await expect(switch).to_have_attribute("aria-pressed", "true")
    assert world.broken
    await page.keyboard.press("Escape")
    await expect(switch).to_be_hidden()


async def test_a_lost_connection_is_said_and_what_was_missed_is_fetched(
    page: Page, served: web.AppRunner, world: World, workspace: Workspace
) -> None:
    port = served.addresses[0][1]
    await composer(page).fill("half a thought")
    await served.cleanup()
    await expect(page.get_by_text("Reconnecting")).to_be_visible()
    await workspace.person("ben").says("While you were away", "#general")
    again = await world.serve(port)
    await expect(page.get_by_text("Reconnecting")).to_be_hidden()
    await expect(page.get_by_text("While you were away")).to_be_visible()
    await expect(composer(page)).to_have_value("half a thought")
    await page.close()
    await again.cleanup()


async def test_dark_follows_the_system_until_somebody_chooses(browser: Browser, served: web.AppRunner) -> None:
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


async def test_the_suggestions_fill_the_composer_and_can_be_sent_away(page: Page) -> None:
    await page.get_by_role("button", name="/incident declare P1 Payments failing").click()
    await expect(composer(page)).to_have_value("/incident declare P1 Payments failing")
    await expect(composer(page)).to_be_focused()
    await page.get_by_role("button", name="Dismiss the suggestions").click()
    await page.reload()
    await expect(page.get_by_role("button", name="Show suggestions")).to_be_visible()
    await expect(page.get_by_role("button", name="/health")).to_have_count(0)


async def test_every_control_has_a_name(page: Page, client: AsyncWebClient, general: str) -> None:
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
