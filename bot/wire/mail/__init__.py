"""Outgoing mail: letters, and a mail server that takes them."""

from bot.wire.mail.letter import Letter, one_line, subject_and_body
from bot.wire.mail.server import Mail

__all__ = ["Letter", "Mail", "one_line", "subject_and_body"]
