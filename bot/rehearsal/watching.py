"""Notes what reaches people where it arrives: in Slack, in mailboxes, on telephones and on statuspage.io."""

import re

from bot.clock import Clock
from bot.rehearsal.addresses import Addresses
from bot.rehearsal.facts import Fact
from bot.rendering import unescape_mrkdwn
from bot.sandbox.changes import Change
from bot.sandbox.mailbox import Mail
from bot.sandbox.model import Channel, Message
from bot.sandbox.outside import Outside

MENTION, LABELLED = re.compile(r"<@(\w+)(?:\|[^>]*)?>"), re.compile(r"<[^<>|]*\|([^<>]*)>")
PAGE_MAIL = re.compile(r"<tocsin\.page-")


class Watch:
    """Records from its creation on. What was never accepted isn't recorded, whatever the bot says about it."""

    def __init__(self, clock: Clock, around: Outside, addresses: Addresses) -> None:
        self._clock = clock
        self._around = around
        self._addresses = addresses
        self._written_at_statuspage = 0
        self.facts: list[Fact] = []
        around.workspace.changes.listen(self._on_change)

    def look_at_statuspage(self) -> None:
        """Poll statuspage.io, because it doesn't notify us of updates; called after each moment."""
        updates = [
            (incident["page_id"], update)
            for incident in self._around.statuspage.incidents
            for update in incident["incident_updates"]
        ]
        # Incidents and their updates are newest first; the order within one moment doesn't matter.
        for page, update in updates[: len(updates) - self._written_at_statuspage]:
            for audience in self._addresses.readers_of(page):
                self._note(
                    Fact(self._clock.now(), "told", str(update.get("body", "")), via="statuspage", audience=audience)
                )
        self._written_at_statuspage = len(updates)

    def _on_change(self, change: Change) -> None:
        if change.kind == "mail":
            self._on_mail(change.notes["mail"])
        elif change.kind == "message" and change.message and change.channel and change.message.by_bot:
            self._on_message(change.message, change.channel)

    def _on_message(self, message: Message, channel: Channel) -> None:
        now, key, text = self._clock.now(), _key_of(message), self.as_read(message.text)
        if channel.kind == "im":
            reader = next(user for user in channel.members if user != message.user)
            who = self._addresses.by_account(reader)
            self._note(Fact(now, "paged" if key.startswith("page:") else "said", text, who=who, via="slack"))
            return
        if message.ephemeral_for is None:
            self._note(Fact(now, "said", text, place=channel.name))
        if key.startswith("update:"):
            for audience in self._addresses.readers_in(channel.name):
                self._note(Fact(now, "told", text, via="slack", audience=audience, place=channel.name))

    def _on_mail(self, mail: Mail) -> None:
        now, addresses = self._clock.now(), self._addresses
        if mail.kind in ("sms", "voice"):
            self._note(Fact(now, "paged", mail.text, who=addresses.by_phone(mail.to), via=mail.kind))
        elif mail.kind == "webhook":
            if who := addresses.by_hook(mail.to):
                self._note(Fact(now, "paged", mail.text, who=who, via="webhook"))
            for audience in addresses.readers_by_hook(mail.to):
                self._note(Fact(now, "told", mail.text, via="webhook", audience=audience))
        elif PAGE_MAIL.match(mail.header("Message-ID") or ""):
            self._note(Fact(now, "paged", mail.subject, who=addresses.by_mail(mail.to), via="email"))
        elif mail.header("List-Id"):
            for audience in addresses.readers_by_mail(mail.to):
                self._note(Fact(now, "told", mail.subject, via="email", audience=audience))

    def as_read(self, text: str) -> str:
        """mrkdwn as a person sees it, with names and times in place of their markup."""
        users = self._around.workspace.users
        shown = MENTION.sub(lambda found: users[found[1]].real_name if found[1] in users else found[0], text)
        return unescape_mrkdwn(LABELLED.sub(r"\1", shown).replace("*", ""))

    def _note(self, fact: Fact) -> None:
        self.facts.append(fact)


def _key_of(message: Message) -> str:
    payload = (message.metadata or {}).get("event_payload") or {}
    return str(payload.get("key", ""))
