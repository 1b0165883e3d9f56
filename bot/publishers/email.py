"""Tells an audience by mail: one letter for each reader, who does not learn who the others are."""

from bot.domain.updates.update import Outlet
from bot.publishers import OutletFacts, Publication, Publisher, PublisherParts
from bot.wire.mail import Letter, Mail

OUTLET = OutletFacts(
    "email", addresses=lambda audience: audience.email, credentials="SMTP_URL", is_set_up=lambda settings: settings.smtp
)


def publisher(parts: PublisherParts) -> Publisher | None:
    return EmailPublisher(parts.mail) if parts.mail else None


class EmailPublisher:
    """The reference is the Message-ID and what the mail server said. All letters of an incident form one thread."""

    via: Outlet = "email"

    def __init__(self, mail: Mail) -> None:
        self._mail = mail

    async def publish(self, publication: Publication) -> str:
        """A mail server cannot be asked what it took: a repeat has the Message-ID of the first."""
        delivery, update, incident = publication.delivery, publication.update, publication.incident
        # The instants are part of the ids: mailboxes drop what they have seen, and a new database counts from 1 again.
        key = f"update-{delivery.id}.{update.created_at.timestamp():.0f}"
        thread = f"{incident.ref}-{update.audience}.{incident.declared_at.timestamp():.0f}"
        return await self._mail.send(
            Letter(delivery.address, update.subject, update.text, key, thread, due_at=update.created_at)
        )
