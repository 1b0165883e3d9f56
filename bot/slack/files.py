"""Files in Slack: put there in three steps, to be shown in a message."""

import json

import aiohttp

from bot.domain.errors import Rejected, Unanswered
from bot.slack.calls import CALL_TIMEOUT_S, Calls

ALT_LENGTH = 1000


class Files(Calls):
    """What is uploaded belongs to the bot, and is seen by whoever is shown a message with it."""

    async def upload(self, name: str, content: bytes, *, alt: str) -> str:
        """The id of the file. `alt` is what it shows, in words. Raises a kind of Failed."""
        announced = {"filename": name, "length": len(content), "alt_txt": alt[:ALT_LENGTH]}
        place = await self.call("files.getUploadURLExternal", params=announced)
        await self._send(place["upload_url"], content)
        files = json.dumps([{"id": place["file_id"], "title": name}])
        await self.call("files.completeUploadExternal", params={"files": files})
        return str(place["file_id"])

    async def _send(self, url: str, content: bytes) -> None:
        """The address is the permission: no token goes with it."""
        timeout = aiohttp.ClientTimeout(total=CALL_TIMEOUT_S)
        headers = {"Content-Type": "application/octet-stream"}
        try:
            async with self._session.post(url, data=content, headers=headers, timeout=timeout) as answer:
                if answer.status >= 400:
                    raise Rejected(f"Slack says {answer.status} to a file", str(answer.status))
        except (TimeoutError, aiohttp.ClientError) as error:
            raise Unanswered("Slack did not take a file") from error
