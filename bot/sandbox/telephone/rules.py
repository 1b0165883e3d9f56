"""What Twilio objects to in a request for a text or call."""

import re
from collections.abc import Mapping
from typing import Any

from bot.sandbox.telephone.items import Kind, Refusal

NUMBER = re.compile(r"\+[1-9]\d{6,14}")
LONGEST_TEXT = 1600
LONGEST_TWIML = 4000
FIELDS: Mapping[Kind, frozenset[str]] = {
    "sms": frozenset({"To", "From", "Body", "StatusCallback"}),
    "voice": frozenset({"To", "From", "Url", "Twiml", "Timeout", "StatusCallback", "StatusCallbackEvent"}),
}


def must_be_right(kind: Kind, fields: Mapping[str, Any], *, number: str, stopped: set[str]) -> None:
    """Raises Refusal. `number`: the account's own; `stopped`: the numbers that have opted out of texts."""
    to = str(fields.get("To", ""))
    checks = [
        (NUMBER.fullmatch(to) is not None, 21211, "The 'To' number is not a valid phone number"),
        (fields.get("From") == number, 21606, "The 'From' number is not yours"),
        (to != number, 21266, "'To' and 'From' number cannot be the same"),
    ]
    if kind == "sms":
        body = str(fields.get("Body", ""))
        checks += [
            (bool(body), 21602, "Message body is required"),
            (len(body) <= LONGEST_TEXT, 21617, "The message body exceeds the 1600 character limit"),
            (to not in stopped, 21610, "Attempt to send to unsubscribed recipient"),
        ]
    else:
        checks += [
            (("Url" in fields) != ("Twiml" in fields), 21205, "Url or Twiml is needed, and not both"),
            (len(str(fields.get("Twiml", ""))) <= LONGEST_TWIML, 21205, "The Twiml is longer than 4000 characters"),
        ]
    for is_right, code, message in checks:
        if not is_right:
            raise Refusal(400, code, message)


def unknown(kind: Kind, fields: Mapping[str, Any]) -> list[str]:
    """Fields that don't exist; the real Twilio ignores them silently."""
    return sorted(set(fields) - FIELDS[kind])
