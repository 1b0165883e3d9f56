"""Healthchecks.io and self-hosted Healthchecks: the integration Webhook, whose body users write.

    {"code": "$CODE", "status": "$STATUS", "now": "$NOW", "tags": "$TAGS", "name": $NAME_JSON}

`$STATUS` is down or up, `$NOW` the time of sending, `$TAGS` the check's tags. `$NAME_JSON` includes its quotes; older
versions don't know it and leave it unreplaced (`hc/integrations/webhook/transport.py` of the project). With `"check":
$JSON`, its description is read too. The button “Test” sends a check named TEST, with a new code each time.
"""

import re
from collections.abc import Mapping
from typing import Any

from bot.domain.alerts.received import ReceivedAlert, identity
from bot.sources import Headers, Reading, WrongShape
from bot.sources._shapes import labels_of, one_line, some_text
from bot.sources._templated import fields_of, moment_of, severity_among, texts, unreplaced

NAME = "healthchecks"
TITLE = "Healthchecks"

FIELDS = ("code", "status", "now", "name", "tags", "check", "slug")
PLACEHOLDER = re.compile(r"\$[A-Z][A-Z0-9_]*")
ADVICE = "Paste the body into “Request body” of the integration, for down and for up"
TEST = "TEST"


def parse(body: bytes, headers: Headers) -> Reading:
    content = fields_of(body, FIELDS)
    sent = texts(content)
    fields = {name: value for name, value in sent.items() if not PLACEHOLDER.fullmatch(value)}
    left = [value for name, value in sent.items() if name in FIELDS and name not in fields]
    code, status = fields.get("code", ""), fields.get("status", "").lower()
    if left and not (code and status):
        raise unreplaced("Healthchecks", left, ADVICE)
    for name, value in (("code", code), ("status", status)):
        if not value:
            raise WrongShape(f"{name} is missing from the body")
    odd = [one_line(f"{one} was not replaced") for one in left]
    if status not in ("down", "up"):
        return Reading([], odd=[*odd, one_line(f"status is {status}: neither down nor up")])
    return Reading([_received(fields, _description(content), is_down=status == "down")], odd=odd)


def _received(fields: Mapping[str, str], description: str, *, is_down: bool) -> ReceivedAlert:
    name, tags = fields.get("name") or fields["code"], fields.get("tags", "")
    at, is_test = moment_of(fields.get("now")), fields.get("name") == TEST
    labels = {"check": fields.get("name", ""), "slug": fields.get("slug", ""), "tags": tags}
    return ReceivedAlert(
        title=one_line(f"{name} is down" if is_down else f"{name} is up"),
        firing=is_down,
        fingerprint="test" if is_test else identity(fields["code"]),
        severity=severity_among(tags.split()) or "down",
        description=some_text(description),
        labels=labels_of({label: value for label, value in labels.items() if value}),
        starts_at=at if is_down else None,
        ends_at=None if is_down else at,
        is_test=is_test,
    )


def _description(content: Mapping[str, Any]) -> str:
    check = content.get("check")
    return texts(check).get("desc", "") if isinstance(check, Mapping) else ""
