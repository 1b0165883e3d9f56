"""Pages a person by mail."""

from collections.abc import Awaitable, Callable
from contextlib import nullcontext

from bot.domain.paging.page import Page, Via
from bot.pagers import PageCall, Pager, PagerParts, Way
from bot.pagers._unconfirmed import may_have_arrived
from bot.rendering import Rendering
from bot.runbook import Person, Runbook
from bot.wire.mail import Letter, Mail, subject_and_body

WAY = Way("email", ("email",), "no email address", "SMTP_URL", lambda settings: settings.smtp)


def pager(parts: PagerParts) -> Pager | None:
    if parts.mail is None:
        return None
    return EmailPager(parts.mail, parts.rendering, parts.runbook, parts.acknowledge_link)


class EmailPager:
    """The text is `templates/page/email.j2`. The reference is the Message-ID and the mail server's reply."""

    via: Via = "email"

    def __init__(
        self,
        mail: Mail,
        rendering: Rendering,
        runbook: Runbook,
        acknowledge_link: Callable[[Page], Awaitable[str | None]],
    ) -> None:
        self._mail = mail
        self._rendering = rendering
        self._runbook = runbook
        self._acknowledge_link = acknowledge_link

    def contact(self, person: Person) -> str | None:
        return person.email

    async def page(self, call: PageCall) -> str:
        """Send the letter. A mail server can't be asked what it accepted, so a repeat reuses the first Message-ID."""
        page, incident = call.page, call.incident
        words = self._rendering.say(
            "page/email",
            page=page,
            incident=incident,
            person=call.person,
            severity=self._runbook.severity_as_declared(incident.severity),
            tier=self._runbook.tiers.get(page.tier or ""),
            organisation=self._runbook.organisation,
            link=await self._acknowledge_link(page),
        )
        call.leaves()
        subject, body = subject_and_body(words)
        # Mailboxes discard a Message-ID they have seen.
        key = f"page-{page.key}"
        thread = f"pages-{incident.ref}.{incident.declared_at.timestamp():.0f}"
        with may_have_arrived() if call.unsure else nullcontext():
            return await self._mail.send(
                Letter(page.contact, subject, body, key, thread, urgent=True, due_at=page.due_at)
            )
