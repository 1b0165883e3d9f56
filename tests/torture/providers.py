"""The providers of a torture run, Slack and a mail server: what they accepted, and their faults."""

import asyncio
import json
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from aiosmtpd.smtp import SMTP, Envelope, Session

from bot.sandbox.workspace import Workspace
from tests.mail_server import PostOffice
from tests.processes import arrived_at, key_of

# The mark of a page that may have been sent before and was not found.
MARK = "This may be a repeat"
PAGE_OF_MAIL = re.compile(r"<[\w.]*page-(\d+)\.")

Trouble = Literal["later", "never", "silent", "silent after", "dropped", "dropped after"]


@dataclass(frozen=True)
class Taken:
    """A page a provider accepted. `reference`: the provider's own; mails with equal ones are one mail."""

    via: Literal["slack", "email"]
    page: int
    place: str
    at: datetime
    reference: str
    marked: bool


class TroubledPost(PostOffice):
    """A mail server whose next letters meet the `troubles`, in order. Until `hangs_until`, by the steady counter, it
    says nothing to any of them."""

    def __init__(self) -> None:
        super().__init__()
        self.troubles: list[Trouble] = []
        self.hangs_until = 0.0
        self.taken: list[Taken] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        await asyncio.sleep(max(0.0, self.hangs_until - time.monotonic()))
        trouble = self.troubles.pop(0) if self.troubles else None
        if trouble in (None, "silent after", "dropped after"):
            answer = await super().handle_DATA(server, session, envelope)
            self._record(envelope)
        else:
            answer = "554 no such mailbox" if trouble == "never" else "451 come again"
        if trouble in ("dropped", "dropped after"):
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        if trouble in ("silent", "silent after"):
            await asyncio.Event().wait()
        return answer

    def _record(self, envelope: Envelope) -> None:
        message_id = str(self.letters[-1]["Message-ID"])
        if found := PAGE_OF_MAIL.match(message_id):
            to = ", ".join(envelope.rcpt_tos)
            self.taken.append(Taken("email", int(found[1]), to, datetime.now(UTC), message_id, marked=False))


def pages_taken(workspace: Workspace, post: TroubledPost) -> list[Taken]:
    """Every page accepted by any provider, oldest first."""
    messages = [one for one in workspace.sent if one.method == "chat.postMessage" and key_of(one).startswith("page:")]
    posted = [
        Taken("slack", int(key_of(one)[5:]), str(one.user), arrived_at(one), f"{one.channel}/{one.ts}", _is_marked(one))
        for one in messages
    ]
    return sorted([*posted, *post.taken], key=lambda one: one.at)


def _is_marked(sent: Any) -> bool:
    return MARK in json.dumps([sent.text, sent.blocks])
