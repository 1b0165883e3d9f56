"""What the bot wrote in Slack during a torture run, with every version of edited messages."""

from collections.abc import Iterator
from datetime import UTC, datetime

from bot.sandbox.model import Message
from bot.sandbox.records import Sent
from bot.sandbox.workspace import Workspace
from tests.processes import key_of
from tests.torture.evidence import Written
from tests.world import words_of


def written_in(workspace: Workspace) -> list[Written]:
    """Oldest first."""
    return list(_written(workspace))


def names_in(workspace: Workspace) -> dict[str, str]:
    """People's names by Slack id, and by user name, which is their key in the runbook."""
    return {key: user.real_name for user in workspace.humans for key in (user.id, user.name)}


def _written(workspace: Workspace) -> Iterator[Written]:
    writings = [one for one in workspace.sent if one.method in ("chat.postMessage", "chat.update")]
    last = {(one.channel, one.ts): one for one in writings}
    at = datetime.min.replace(tzinfo=UTC)
    for one in writings:
        # An edit has the timestamp of the message it edits; its real time is after every earlier post.
        if one.method == "chat.postMessage":
            at = max(at, datetime.fromtimestamp(float(one.ts or 0), UTC))
        is_last = last[one.channel, one.ts] is one
        yield Written(key_of(one), str(one.channel), _words(one), at, is_last)


def _words(sent: Sent) -> str:
    shown = Message(sent.ts or "", sent.channel or "", "", sent.text or "", sent.blocks)
    return f"{sent.text or ''}\n{words_of(shown)}"
