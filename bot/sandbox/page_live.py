"""The browser page's live connection: each change becomes a frame for everybody who may see it."""

import asyncio
from collections.abc import Callable
from typing import Any

from aiohttp import WSCloseCode, web

from bot.sandbox import page_json
from bot.sandbox.changes import Change
from bot.sandbox.happenings import Stage
from bot.sandbox.model import Channel, Json, User
from bot.sandbox.workspace import Workspace

_CLOCK_SECONDS = 1.0
# How long a page may take to confirm the close.
_GOODBYE_S = 0.5


class Viewer:
    """One open page and its person."""

    def __init__(self, me: User) -> None:
        self.me = me
        self.frames: asyncio.Queue[Json] = asyncio.Queue()


class Live:
    def __init__(self, workspace: Workspace, stage: Stage) -> None:
        self._workspace, self._stage = workspace, stage
        self._viewers: list[Viewer] = []
        self._shown_next: Any = None
        self._links: set[web.WebSocketResponse] = set()
        workspace.changes.listen(self._hear)

    async def serve(self, request: web.Request, me: User) -> web.WebSocketResponse:
        """Send frames until the page is closed."""
        link = web.WebSocketResponse(heartbeat=30, timeout=_GOODBYE_S)
        await link.prepare(request)
        viewer = Viewer(me)
        self._viewers.append(viewer)
        self._links.add(link)
        writing = asyncio.create_task(_write(link, viewer))
        try:
            async for _ in link:
                pass  # the page sends nothing; reading detects that it was closed
        finally:
            writing.cancel()
            self._viewers.remove(viewer)
            self._links.discard(link)
        return link

    async def watch_clock(self) -> None:
        """Send every page the next due event when it changes; looks every second while somebody is connected."""
        while True:
            await asyncio.sleep(_CLOCK_SECONDS)
            if self._viewers:
                clock = await page_json.clock_json(self._workspace, self._stage.next_due)
                if clock["next"] != self._shown_next:
                    self.show_clock(clock)

    def show_clock(self, clock: Json) -> None:
        self._shown_next = clock["next"]
        for viewer in self._viewers:
            viewer.frames.put_nowait({"type": "clock", "clock": clock})

    async def close(self) -> None:
        """Close all connections at once, without waiting for replies: a sleeping tab sends none."""
        await asyncio.gather(*(link.close(code=WSCloseCode.GOING_AWAY) for link in self._links))

    def _hear(self, change: Change) -> None:
        describe = _FRAMES.get(change.kind)
        if describe is None:
            return
        for viewer in self._viewers:
            for frame in describe(self, change, viewer.me):
                viewer.frames.put_nowait(frame)

    def _message(self, change: Change, me: User) -> list[Json]:
        channel, message = change.channel, change.message
        if channel is None or message is None or not page_json.may_see(channel, me):
            return []
        if message.ephemeral_for not in (None, me.id):
            return []
        kind = "message" if change.kind == "message" else "message_changed"
        frame = {"type": kind, "message": page_json.message_json(self._workspace, message)}
        return [frame, *self._channel(change, me)] if kind == "message" else [frame]

    def _message_deleted(self, change: Change, me: User) -> list[Json]:
        channel, message = change.channel, change.message
        if channel is None or message is None or not page_json.may_see(channel, me):
            return []
        return [{"type": "message_deleted", "channel": channel.id, "ts": message.ts}, *self._channel(change, me)]

    def _channel(self, change: Change, me: User) -> list[Json]:
        channel = change.channel
        if channel is None or not (page_json.may_see(channel, me) or change.user == me.id):
            return []
        return [self._channel_frame(channel, me)]

    def _channel_frame(self, channel: Channel, me: User) -> Json:
        return {"type": "channel", "channel": page_json.channel_json(self._workspace, channel, me)}

    def _read(self, change: Change, me: User) -> list[Json]:
        return self._channel(change, me) if change.user == me.id else []

    def _modals(self, change: Change, me: User) -> list[Json]:
        if change.user != me.id:
            return []
        return [{"type": "modals", "modals": page_json.modals_json(self._workspace, me)}]

    def _home(self, change: Change, me: User) -> list[Json]:
        if change.user != me.id:
            return []
        return [{"type": "home", "home": page_json.home_json(self._workspace, me)}]

    def _notice(self, change: Change, me: User) -> list[Json]:
        return [{"type": "notice", **change.notes}] if change.user in ("", me.id) else []

    def _mail(self, change: Change, me: User) -> list[Json]:
        return [{"type": "mail", "mail": page_json.mail_json(change.notes["mail"])}]

    def _users(self, change: Change, me: User) -> list[Json]:
        return [{"type": "users", "users": page_json.users_json(self._workspace)}]

    def _connection(self, change: Change, me: User) -> list[Json]:
        return [{"type": "bot", "bot": change.notes}]

    def _happened(self, change: Change, me: User) -> list[Json]:
        shown = [page_json.happening_json(happening) for happening in self._stage.happenings]
        return [{"type": "happenings", "happenings": shown}]


_FRAMES: dict[str, Callable[[Live, Change, User], list[Json]]] = {
    "message": Live._message,
    "message_changed": Live._message,
    "reaction_added": Live._message,
    "reaction_removed": Live._message,
    "message_deleted": Live._message_deleted,
    "channel": Live._channel,
    "channel_created": Live._channel,
    "channel_renamed": Live._channel,
    "channel_archived": Live._channel,
    "channel_unarchived": Live._channel,
    "channel_deleted": Live._channel,
    "member_joined": Live._channel,
    "member_left": Live._channel,
    "read": Live._read,
    "modals": Live._modals,
    "home": Live._home,
    "notice": Live._notice,
    "mail": Live._mail,
    "users": Live._users,
    "connection": Live._connection,
    "happenings": Live._happened,
}


async def _write(link: web.WebSocketResponse, viewer: Viewer) -> None:
    while not link.closed:
        await link.send_json(await viewer.frames.get())
