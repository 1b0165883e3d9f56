"""Files in Slack: uploaded in three steps, to be shown in a message."""

import json
from datetime import datetime

from bot.domain.errors import Unanswered
from bot.slack.calls import CALL_TIMEOUT_S, WHOSE, Calls
from bot.wire.http_client import ask

ALT_LENGTH = 1000
LOOKED_THROUGH = 200


class Files(Calls):
    """Uploads belong to the bot and are visible to everybody who sees a message with them."""

    async def upload(self, name: str, content: bytes, *, alt: str, channel: str | None = None) -> str:
        """Upload a file and return its id; with `channel`, post it there. `alt` describes it. Raises a kind of
        Failed."""
        announced = {"filename": name, "length": len(content), "alt_txt": alt[:ALT_LENGTH]}
        place = await self.call("files.getUploadURLExternal", params=announced)
        await self._send(place["upload_url"], content)
        files = json.dumps([{"id": place["file_id"], "title": name}])
        shared = {"channel_id": channel} if channel else {}
        await self.call("files.completeUploadExternal", params={"files": files, **shared})
        return str(place["file_id"])

    async def has_file(self, channel: str, name: str, *, since: datetime) -> bool:
        """Was a file of this name posted there since then, by our clock? Only the newest messages are read."""
        answer = await self.call("conversations.history", params={"channel": channel, "limit": LOOKED_THROUGH})
        oldest = since.timestamp() + min(self.ahead_s, 0)
        lately = [said for said in answer["messages"] if float(said["ts"]) >= oldest]
        return any(file.get("name") == name for said in lately for file in said.get("files") or ())

    async def _send(self, url: str, content: bytes) -> None:
        """Send the content. The URL itself is the credential, so no token is sent."""
        headers = {"Content-Type": "application/octet-stream"}
        answer = await ask(
            self._session, "POST", url, whose=WHOSE, timeout_s=CALL_TIMEOUT_S, proxy=self.client.proxy, data=content,
            headers=headers,
        )  # fmt: skip
        if not answer.is_yes or answer.is_web_page:
            raise Unanswered(f"Slack did not take a file: HTTP {answer.shown}")
