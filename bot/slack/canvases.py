"""A channel's canvas: the one document beside its messages."""

from bot.domain.errors import Rejected
from bot.slack.calls import Calls

# Slack's limit for one write.
CANVAS_LENGTH = 1_048_576


class Canvases(Calls):
    """Everybody in the channel may read its canvas and write in it."""

    async def make_canvas(self, channel: str, title: str, markdown: str) -> str:
        """Create a canvas and return its id. Raises Rejected if the channel has one, or the workspace doesn't offer
        any."""
        made = await self.call(
            "conversations.canvases.create", channel_id=channel, title=title, document_content=_content(markdown)
        )
        return str(made["canvas_id"])

    async def write_canvas(self, canvas: str, markdown: str) -> None:
        """Replace its whole content."""
        change = {"operation": "replace", "document_content": _content(markdown)}
        await self.call("canvases.edit", canvas_id=canvas, changes=[change])

    async def canvas_of(self, channel: str) -> str | None:
        """The id of the channel's canvas; None if Slack reports none."""
        answer = await self.call("conversations.info", params={"channel": channel})
        properties = answer["channel"].get("properties") or {}
        return (properties.get("canvas") or {}).get("file_id")


def _content(markdown: str) -> dict[str, str]:
    if len(markdown) > CANVAS_LENGTH:
        raise Rejected("it is longer than Slack lets a canvas be", "too_long")
    return {"type": "markdown", "markdown": markdown}
