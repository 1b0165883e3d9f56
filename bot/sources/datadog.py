"""Datadog: its webhook, whose body users write around its variables (docs.datadoghq.com, “Webhooks”).

    {"alert_id": "$ALERT_ID", "alert_transition": "$ALERT_TRANSITION", "alert_title": "$ALERT_TITLE", "id": "$ID",
     "alert_scope": "$ALERT_SCOPE", "date": "$DATE", "tags": "$TAGS", "text": "$TEXT_ONLY_MSG", "link": "$LINK", …}

The full body is in `docs/alerts/datadog.md`. Every value is text, dates too: milliseconds since 1970. Alerts of one
monitor for several hosts differ in their scope. A title may begin with the transition and the scope in brackets; the
body that Datadog proposes says them nowhere else. Events that aren't a monitor's leave variables empty, and a test
leaves some unreplaced. Not verified: that a test's title begins with `[TEST]`. Texts may be enclosed in `%%%`.
"""

import re
from collections.abc import Mapping

from bot.domain.alerts.received import ReceivedAlert, fingerprint_of, identity
from bot.domain.errors import Refused
from bot.sources import Headers, Reading, WrongShape
from bot.sources._shapes import labels_of, one_line, severity_word, some_text, web_address
from bot.sources._templated import epoch, fields_of, severity_among, texts, unreplaced

NAME = "datadog"
TITLE = "Datadog"

FIELDS = (
    "alert_id", "aggreg_key", "alert_transition", "alert_priority", "alert_type", "alert_title", "event_title", "title",
    "alert_scope", "alert_status", "date", "last_updated", "id", "link", "snapshot", "hostname", "tags", "text", "body",
)  # fmt: skip
PLACEHOLDER = re.compile(r"\$[A-Z][A-Z0-9_]*(?:\[[^\]]*\])?")
ADVICE = "Check the names of the variables in the webhook's payload, and that it is a monitor that sends it"
RESOLVED = "recovered"
FIRING = ("triggered", "re-triggered", "warn", "re-warn", "no data", "re-no data", "renotify")
TEST = "test"
# The most tags read per alert.
MOST_TAGS = 50


def parse(body: bytes, headers: Headers) -> Reading:
    sent = _sent(body)
    fields = {name: value for name, value in sent.items() if not PLACEHOLDER.fullmatch(value)}
    left = [value for name, value in sent.items() if name not in fields]
    marks, scope, name = _title(fields)
    transition = fields.get("alert_transition", "").lower() or next((one for one in marks if one != TEST), "")
    if left and not (name and transition):
        raise unreplaced("Datadog", left, ADVICE)
    if not name:
        raise WrongShape("alert_title is missing from the body")
    if not transition:
        raise WrongShape("alert_transition is missing or empty, as in an event that no monitor sent")
    if transition not in (RESOLVED, *FIRING):
        return Reading([], odd=[one_line(f"alert_transition is {transition}: neither triggered nor recovered")])
    fields = {"alert_scope": scope} | fields
    return Reading([_received(fields, name, transition, is_test=TEST in marks)])


def delivery(body: bytes, headers: Headers) -> str | None:
    """The event's id, the same on a retry, with the transition and time, because events may share an id."""
    try:
        sent = _sent(body)
    except Refused:
        return None
    parts = [sent.get(name, "") for name in ("id", "alert_transition", "date")]
    return None if not parts[0] or PLACEHOLDER.fullmatch(parts[0]) else " ".join(parts)


def _sent(body: bytes) -> dict[str, str]:
    """The fields by lower-case name; a list of tags is joined as Datadog writes tags in text."""
    content = {name.lower(): value for name, value in fields_of(body, FIELDS).items()}
    if isinstance(tags := content.get("tags"), list):
        content["tags"] = ",".join(one for one in tags if isinstance(one, str))
    return texts(content)


def _title(fields: Mapping[str, str]) -> tuple[list[str], str, str]:
    """The bracketed marks before the title, such as “Triggered on {host:web-1}”, in lower case; the scope in them; and
    the title itself."""
    title = next((fields[name] for name in ("alert_title", "event_title", "title") if name in fields), "")
    marks: list[str] = []
    scope = ""
    while title.startswith("[") and "]" in title:
        mark, _, rest = title[1:].partition("]")
        before, _, named = mark.partition(" on {")
        word = before.strip().lower()
        if word not in (TEST, RESOLVED, *FIRING):
            break
        marks.append(word)
        scope = scope or named.rstrip("} ")
        title = rest.strip()
    return marks, scope, title


def _received(fields: Mapping[str, str], name: str, transition: str, *, is_test: bool) -> ReceivedAlert:
    at = epoch(fields.get("date")) or epoch(fields.get("last_updated"))
    scope, is_firing = fields.get("alert_scope", ""), transition != RESOLVED
    monitor = fields.get("alert_id") or fields.get("aggreg_key") or name
    said = fields.get("text") or fields.get("body") or fields.get("alert_status", "")
    return ReceivedAlert(
        title=_whole_title(name, scope, transition),
        firing=is_firing,
        fingerprint=fingerprint_of({"monitor": monitor, "scope": scope}),
        severity=severity_word(_severity(fields, transition)),
        description=some_text(said.replace("%%%", "")),
        url=web_address(fields.get("link")),
        labels=labels_of(_labels(fields)),
        group=identity(monitor),
        starts_at=at if is_firing else None,
        ends_at=None if is_firing else at,
        image=web_address(fields.get("snapshot")),
        is_test=is_test,
    )


def _whole_title(name: str, scope: str, transition: str) -> str:
    """The title with its scope, unless the title already names part of it."""
    values = [part.rpartition(":")[2].strip() for part in scope.split(",")]
    where = "" if scope in ("", "*") or any(value and value in name for value in values) else f" ({scope})"
    return one_line(f"{name}{where}: no data" if "no data" in transition else f"{name}{where}")


def _severity(fields: Mapping[str, str], transition: str) -> str | None:
    """The monitor's priority, otherwise its `severity:` tag, otherwise the alert type. A warning of a grave monitor is
    a warning."""
    priority = fields.get("alert_priority", "")
    if "warn" in transition and priority not in ("P4", "P5"):
        return "warning"
    if re.fullmatch(r"P[1-5]", priority):
        return priority
    tagged = [tag for tag in fields.get("tags", "").split(",") if tag.strip().startswith("severity:")]
    kind = fields.get("alert_type", "").lower()
    return severity_among(tagged) or (kind if kind in ("error", "warning", "info") else None)


def _labels(fields: Mapping[str, str]) -> dict[str, str]:
    tags = [tag.strip().partition(":") for tag in fields.get("tags", "").split(",")[:MOST_TAGS]]
    own = {"scope": fields.get("alert_scope", ""), "host": fields.get("hostname", "")}
    return {name: value for name, _, value in tags if name and value} | {n: v for n, v in own.items() if v}
