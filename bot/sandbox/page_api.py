"""The sandbox's browser page: its files, its data, and the actions it offers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

from aiohttp import web

from bot.domain.errors import Refused
from bot.sandbox import page_json
from bot.sandbox.changes import Change
from bot.sandbox.errors import NotOnScreen
from bot.sandbox.happenings import Stage
from bot.sandbox.looking import Place
from bot.sandbox.model import Channel, Json, Message, User, View
from bot.sandbox.page_guard import PageGuard
from bot.sandbox.page_live import Live
from bot.sandbox.people import Person
from bot.sandbox.workspace import Workspace

PAGE = Path(__file__).parent / "page"
_FURTHEST = timedelta(days=366)
_SHOWN_INLINE = ("image/png", "image/jpeg", "image/gif", "text/plain")


def add_page(application: web.Application, workspace: Workspace, stage: Stage, guard: PageGuard) -> None:
    """Serve the page at `/` and its API under `/sandbox/`, to whoever `guard` admits."""
    page = PageApi(workspace, stage, guard)
    # Outermost, so that refused requests aren't even routed.
    application.middlewares.insert(0, guard.middleware)
    router = application.router
    router.add_get("/", page.index)
    router.add_static("/sandbox/page", PAGE)
    router.add_get("/sandbox/state", page.state)
    router.add_get("/sandbox/messages", page.messages)
    router.add_get("/sandbox/live", page.live)
    router.add_get("/sandbox/files/{id}", page.file)
    router.add_post("/sandbox/{deed}", page.do)
    application.cleanup_ctx.append(page.watching)
    application.on_shutdown.append(page.part)


class PageApi:
    def __init__(self, workspace: Workspace, stage: Stage, guard: PageGuard) -> None:
        self._workspace, self._stage, self._guard = workspace, stage, guard
        self._live = Live(workspace, stage)

    async def index(self, request: web.Request) -> web.StreamResponse:
        page = web.FileResponse(PAGE / "index.html", headers={"Cache-Control": "no-cache"})
        self._guard.admit(request, page)
        return page

    async def state(self, request: web.Request) -> web.Response:
        workspace, me = self._workspace, self._viewer(request)
        return web.json_response(
            {
                "me": me.id,
                "team": {"id": workspace.team_id, "name": workspace.team_name, "domain": workspace.domain},
                "users": page_json.users_json(workspace),
                "channels": page_json.channels_json(workspace, me),
                **page_json.installed_json(workspace),
                "clock": await page_json.clock_json(workspace, self._stage.next_due),
                "mailbox": [page_json.mail_json(mail) for mail in workspace.mailbox.items],
                "happenings": [page_json.happening_json(happening) for happening in self._stage.happenings],
                "replaced": [asdict(one) for one in self._stage.replaced],
                "links": [asdict(one) for one in self._stage.links],
                "suggestions": [asdict(one) for one in self._stage.suggestions],
                "home": page_json.home_json(workspace, me),
                "modals": page_json.modals_json(workspace, me),
                "bot": {"connected": workspace.connected},
            }
        )

    async def messages(self, request: web.Request) -> web.Response:
        me, channel = self._viewer(request), self._workspace.find_channel(request.query.get("channel", ""))
        if channel is None or not page_json.may_see(channel, me):
            raise web.HTTPNotFound(text="no such channel")
        return web.json_response({"messages": page_json.messages_json(self._workspace, channel, me)})

    async def live(self, request: web.Request) -> web.WebSocketResponse:
        return await self._live.serve(request, self._viewer(request))

    async def file(self, request: web.Request) -> web.Response:
        file = self._workspace.files.get(request.match_info["id"])
        if file is None or file.content is None:
            raise web.HTTPNotFound(text="no such file")
        headers = {"X-Content-Type-Options": "nosniff"}
        if file.mimetype not in _SHOWN_INLINE:
            headers["Content-Disposition"] = "attachment"
        return web.Response(body=file.content, content_type=file.mimetype, headers=headers)

    async def do(self, request: web.Request) -> web.Response:
        """Perform one action of a person; if it's impossible, the answer is a sentence."""
        deed = _DEEDS.get(request.match_info["deed"])
        if deed is None:
            raise web.HTTPNotFound(text="no such deed")
        if request.content_type != "application/json":
            raise web.HTTPUnsupportedMediaType(text="JSON only")
        try:
            return web.json_response({"ok": True, **await deed(self, await request.json())})
        except Refused as refused:
            return web.json_response({"ok": False, "error": str(refused)})
        except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as mistake:
            return web.json_response({"ok": False, "error": f"The request is not complete: {mistake!r}."})

    async def watching(self, _: web.Application) -> AsyncIterator[None]:
        watching = asyncio.create_task(self._live.watch_clock())
        yield
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)

    async def part(self, _: web.Application) -> None:
        """Close live connections before the server waits for connections to end, because these never would."""
        await self._live.close()

    async def _say(self, body: Json) -> Json:
        text, channel, thread_ts = str(body["text"]).strip(), str(body["channel"]), body.get("thread_ts")
        person = self._person(body)
        if not text:
            raise NotOnScreen("There is nothing to send.")
        if text.startswith("/") and not thread_ts:
            await person.types(text, channel)
        else:
            await person.says(text, channel, thread_ts=thread_ts)
        return {}

    async def _press(self, body: Json) -> Json:
        values = body.get("state", {}).get("values", {})
        await self._person(body).acts(self._place(body), body["action"], values)
        return {}

    async def _suggest(self, body: Json) -> Json:
        block_id, action_id, typed = str(body["block_id"]), str(body["action_id"]), str(body["value"])
        offered = await self._person(body).is_offered(self._place(body), block_id, action_id, typed)
        return {"options": offered}

    async def _submit(self, body: Json) -> Json:
        answer = await self._person(body).submits_values(self._view(body), body.get("values", {}))
        if answer.error is not None:
            raise NotOnScreen("We had some trouble connecting. Try again?")
        return {"errors": answer.errors} if answer.errors else {}

    async def _dismiss(self, body: Json) -> Json:
        await self._person(body).dismisses(self._view(body), everything=bool(body.get("all")))
        return {}

    async def _react(self, body: Json) -> Json:
        person, message = self._person(body), self._message(body)
        deed = person.unreacts if body.get("remove") else person.reacts
        await deed(str(body["name"]), message)
        return {}

    async def _shortcut(self, body: Json) -> Json:
        await self._person(body).uses_shortcut(str(body["callback_id"]), self._message(body))
        return {}

    async def _open_home(self, body: Json) -> Json:
        await self._person(body).opens_home()
        return {}

    async def _read(self, body: Json) -> Json:
        self._workspace.conversations.mark_read(self._channel(body), self._person(body).id)
        return {}

    async def _join(self, body: Json) -> Json:
        await self._person(body).joins(self._channel(body))
        return {}

    async def _open_direct(self, body: Json) -> Json:
        other = self._workspace.users[str(body["with"])]
        return {"channel": self._workspace.conversations.direct(self._person(body).id, other.id).id}

    async def _move_clock(self, body: Json) -> Json:
        if body.get("until_next"):
            due = await self._stage.next_due()
            if due is None:
                raise NotOnScreen("Nothing is due.")
            await self._stage.forward(max(due[0] - self._workspace.clock.now(), timedelta(0)))
        else:
            await self._stage.forward(_forward(float(body["advance_seconds"])))
        shown = await page_json.clock_json(self._workspace, self._stage.next_due)
        self._live.show_clock(shown)
        return {"clock": shown}

    async def _happen(self, body: Json) -> Json:
        happening = next((one for one in self._stage.happenings if one.id == body["id"]), None)
        if happening is None:
            raise NotOnScreen(f"There is no {body['id']!r} to happen.")
        await happening.happen()
        self._workspace.tell(Change("happenings"))
        return {}

    async def _answer(self, body: Json) -> Json:
        return {"said": await self._workspace.mailbox.answer(int(body["mail"]), str(body["answer"]))}

    def _viewer(self, request: web.Request) -> User:
        wanted = request.query.get("as")
        if wanted is None:
            return self._workspace.humans[0]
        user = self._workspace.users.get(wanted)
        if user is None or user.is_bot:
            raise web.HTTPNotFound(text="no such person")
        return user

    def _person(self, body: Json) -> Person:
        return self._workspace.person(str(body["as"]))

    def _channel(self, body: Json) -> Channel:
        return self._workspace.channel(str(body["channel"]))

    def _message(self, body: Json) -> Message:
        message = self._channel(body).message(str(body.get("ts") or body["message_ts"]))
        if message is None or message.ephemeral_for not in (None, body["as"]):
            raise NotOnScreen("This message is gone.")
        return message

    def _view(self, body: Json) -> View:
        view = self._workspace.screens.find(str(body["view_id"]))
        if view is None or view.user != body["as"]:
            raise NotOnScreen("This form is not open any more.")
        return view

    def _place(self, body: Json) -> Place:
        return self._view(body) if body.get("view_id") else self._message(body)


def _forward(seconds: float) -> timedelta:
    if not 0 <= seconds <= _FURTHEST.total_seconds():
        raise NotOnScreen("The clock goes forward only, and a year at most.")
    return timedelta(seconds=seconds)


_DEEDS: dict[str, Callable[[PageApi, Json], Awaitable[dict[str, Any]]]] = {
    "say": PageApi._say,
    "press": PageApi._press,
    "suggest": PageApi._suggest,
    "submit": PageApi._submit,
    "dismiss": PageApi._dismiss,
    "react": PageApi._react,
    "shortcut": PageApi._shortcut,
    "open-home": PageApi._open_home,
    "read": PageApi._read,
    "join": PageApi._join,
    "open-dm": PageApi._open_direct,
    "clock": PageApi._move_clock,
    "happen": PageApi._happen,
    "answer": PageApi._answer,
}
