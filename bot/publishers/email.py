"""Sends updates to an audience by mail: one letter per reader, so that readers don't see each other's addresses."""

from collections.abc import Callable

from bot.domain.updates.update import Outlet, Update
from bot.publishers import OutletFacts, Publication, Publisher, PublisherParts, key_of
from bot.wire.mail import Letter, Mail

OUTLET = OutletFacts(
    "email", addresses=lambda audience: audience.email, credentials="SMTP_URL", is_set_up=lambda settings: settings.smtp
)


def publisher(parts: PublisherParts) -> Publisher | None:
    return EmailPublisher(parts.mail, parts.lay_out) if parts.mail else None


class EmailPublisher:
    """The reference is the Message-ID and the mail server's reply. All letters about an incident form one thread."""

    via: Outlet = "email"

    def __init__(self, mail: Mail, lay_out: Callable[[Update], str]) -> None:
        self._mail = mail
        self._lay_out = lay_out

    async def publish(self, publication: Publication) -> str:
        """Send the letter. A mail server can't be asked what it accepted, so a repeat reuses the first Message-ID."""
        return await self._mail.send(self._letter(publication))

    def shown(self, publication: Publication) -> str:
        """The plain-text part; the HTML part has the same words."""
        letter = self._letter(publication)
        return f"To: {letter.to}\nSubject: {letter.subject}\n\n{letter.body}"

    def _letter(self, publication: Publication) -> Letter:
        delivery, update = publication.delivery, publication.update
        return Letter(
            delivery.address,
            update.subject,
            update.text,
            key=key_of(publication),
            thread=publication.thread,
            due_at=update.created_at,
            html=self._lay_out(update),
            list_name=update.audience,
        )
