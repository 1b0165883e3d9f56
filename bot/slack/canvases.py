"""The canvas of a channel: a document beside its messages, of which it has one."""

from bot.domain.errors import Rejected
from bot.slack.calls import Calls

# Slack's limit for what is written at a time.
CANVAS_LENGTH = 1_048_576


class Canvases(Calls):
    """Whoever is in the channel may read its canvas, and write in it."""

    async def make_canvas(self, channel: str, title: str, markdown: str) -> str:
        """Its id. Raises Rejected where the channel has one, or the workspace none."""
        made = await self.call(
            "conversations.canvases.create", channel_id=channel, title=title, document_content=_content(markdown)
        )
        return str(made["canvas_id"])

    async def write_canvas(self, canvas: str, markdown: str) -> None:
        """All that it says from now on."""
        change = {"operation": "replace", "document_content": _content(markdown)}
        await self.call("canvases.edit", canvas_id=canvas, changes=[change])

    async def canvas_of(self, channel: str) -> str | None:
        """The id of the canvas that the channel has; None: none that Slack names."""
        answer = await self.call("conversations.info", params={"channel": channel})
        properties = answer["channel"].get("properties") or {}
        return (properties.get("canvas") or {}).get("file_id")


def _content(markdown: str) -> dict[str, str]:
    if len(markdown) > CANVAS_LENGTH:
        raise Rejected("it is longer than Slack lets a canvas be", "too_long")
    return {"type": "markdown", "markdown": markdown}
