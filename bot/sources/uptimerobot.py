"""UptimeRobot: its webhook, whose body is made of its variables (help.uptimerobot.com, “Webhook Integration”).

    {"monitorID": "777888999", "monitorFriendlyName": "Shop", "monitorURL": "https://shop.example.com",
     "alertType": "1", "alertTypeFriendlyName": "Down", "alertDateTime": "1786019528", "alertDetails": "HTTP 503"}

As JSON, as a form, or in the query of a GET. Every value is text. Users name the fields themselves: names enclosed in
asterisks, or with `_` between words, are accepted too. Not verified, and so read leniently: that `alertType` is 1 down,
2 up, 3 expiry of a certificate or domain (otherwise the words of `alertTypeFriendlyName` decide), and that
`alertDateTime` is seconds since 1970.

A variable that doesn't apply is sent unreplaced (`*sslExpiryDate*` when something is down). If an essential one is
unreplaced, the body is wrong. `alertDetails` is text from the watched site and may break the JSON.
"""

from collections.abc import Mapping

from bot.domain.alerts.received import ReceivedAlert, fingerprint_of, identity
from bot.sources import Headers, Reading, WrongShape
from bot.sources._shapes import labels_of, one_line, some_text, web_address
from bot.sources._templated import epoch, fields_of, texts, unreplaced

NAME = "uptimerobot"
TITLE = "UptimeRobot"
BY_QUERY = True

FIELDS = (
    "monitorID", "monitorURL", "monitorFriendlyName", "alertType", "alertTypeFriendlyName", "alertDetails",
    "alertDuration", "alertFriendlyDuration", "alertDateTime", "monitorAlertContacts", "sslExpiryDate",
    "sslExpiryDaysLeft", "domainExpireDate", "dashboardURL",
)  # fmt: skip
KINDS = {"1": "down", "2": "up", "3": "expiry"}
ADVICE = "Write each one with an asterisk on both sides in the POST value, such as `*monitorID*`"


def _plain_name(name: str) -> str:
    return name.strip(" *$").replace("_", "").lower()


BY_PLAIN_NAME = {_plain_name(name): name for name in FIELDS}


def parse(body: bytes, headers: Headers) -> Reading:
    sent = {
        BY_PLAIN_NAME[plain]: value
        for name, value in texts(fields_of(body, FIELDS)).items()
        if (plain := _plain_name(name)) in BY_PLAIN_NAME
    }
    fields = {name: value for name, value in sent.items() if _plain_name(value) not in BY_PLAIN_NAME}
    left = [value for name, value in sent.items() if name not in fields]
    name = fields.get("monitorFriendlyName") or fields.get("monitorURL") or fields.get("monitorID")
    kind = _kind(fields)
    if left and not (name and kind):
        raise unreplaced("UptimeRobot", left, ADVICE)
    if not name:
        raise WrongShape("none of monitorFriendlyName, monitorURL and monitorID is in the body")
    if not kind:
        raise WrongShape("alertType is missing from the body")
    if kind not in KINDS.values():
        return Reading([], odd=[f"alertType is {one_line(kind, 60)}: neither down, up nor an expiry"])
    return Reading([_received(fields, name, kind)])


def _kind(fields: Mapping[str, str]) -> str:
    """One of `KINDS`, otherwise the sender's word for something else; '' if there is none."""
    word = fields.get("alertTypeFriendlyName", "").lower()
    if number := KINDS.get(fields.get("alertType", "")):
        return number
    return "expiry" if "expir" in word else word or fields.get("alertType", "").lower()


def _received(fields: Mapping[str, str], name: str, kind: str) -> ReceivedAlert:
    at, details = epoch(fields.get("alertDateTime")), fields.get("alertDetails", "")
    watched = web_address(fields.get("monitorURL"))
    dashboard = web_address(fields.get("dashboardURL"))
    labels = {"monitor": name, "url": fields.get("monitorURL", "")}
    return ReceivedAlert(
        title=_title(fields, name, kind),
        firing=kind != "up",
        fingerprint=_fingerprint(fields, kind),
        severity="warning" if kind == "expiry" else "down",
        description=some_text(details),
        url=dashboard or watched,
        labels=labels_of({label: value for label, value in labels.items() if value}),
        starts_at=at if kind != "up" else None,
        ends_at=at if kind == "up" else None,
        links={"Watched page": watched} if dashboard and watched else {},
    )


def _fingerprint(fields: Mapping[str, str], kind: str) -> str:
    """The identity. An expiry is an alert of its own, which isn't ended when the site comes up again."""
    own = fields.get("monitorID")
    known = own or fingerprint_of({}, fields.get("monitorURL") or fields.get("monitorFriendlyName", ""))
    return identity(f"{known} {_what_expires(fields)}" if kind == "expiry" else known)


def _title(fields: Mapping[str, str], name: str, kind: str) -> str:
    if kind == "up":
        return one_line(f"{name} is up")
    if kind == "down":
        return one_line(f"{name} is down")
    left = fields.get("sslExpiryDaysLeft", "")
    days = {"0": "today", "1": "in 1 day"}.get(left, f"in {left} days" if left.isdigit() else "soon")
    return one_line(f"{name}: the {_what_expires(fields)} expires {days}")


def _what_expires(fields: Mapping[str, str]) -> str:
    word = fields.get("alertTypeFriendlyName", "").lower()
    return "domain" if "domain" in word or "domainExpireDate" in fields else "certificate"
