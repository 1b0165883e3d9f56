"""Azure Monitor: the common alert schema (learn.microsoft.com, “Common alert schema”).

    {"schemaId": "azureMonitorCommonAlertSchema", "data": {"essentials": {
        "alertId": "/subscriptions/…/alerts/b956…", "alertRule": "CPU high", "severity": "Sev2", "signalType": "Metric",
        "monitorCondition": "Fired", "alertTargetIDs": ["/subscriptions/…/virtualmachines/web-1"],
        "firedDateTime": "2026-08-06T12:32:08.3713213Z", "originAlertId": "…"}, "alertContext": {…}}}

When Resolved, `firedDateTime` is still the beginning, and `resolvedDateTime` is the end. A rule that isn't stateful
uses a new `alertId` each time it fires, so here an alert's identity is its rule, its targets and its conditions'
dimensions. `alertTargetIDs` may also be spelled `alertTargetIds`. Older schemas lack `essentials`.

Alerts about Azure's own services (`ServiceHealth`) are always Fired: `stage` in the context's properties says whether
it is over, and `trackingId` what it's about. Not verified: the list of stages, and that the test of an action group
uses the subscription 11111111-1111-1111-1111-111111111111 or a rule such as `test-metricAlertRule`.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import AliasChoices, BeforeValidator, Field

from bot.domain.alerts.received import ReceivedAlert, fingerprint_of, identity
from bot.domain.errors import Refused
from bot.sources import Headers, Reading, WrongShape
from bot.sources._shapes import (
    Labels,
    Loose,
    Moment,
    Shape,
    known,
    labels_of,
    measured,
    named_links,
    one_line,
    read_json,
    severity_word,
    shaped,
    some_text,
    web_address,
)

NAME = "azure"
TITLE = "Azure Monitor"

SCHEMA = "azureMonitorCommonAlertSchema"
HOW = "In the action group edit the webhook, and switch on “Enable the common alert schema”"
TEST_SUBSCRIPTION = "/subscriptions/11111111-1111-1111-1111-111111111111/"
TEST_RULE = re.compile(r"test-\w{1,60}AlertRule\S{0,20}")
# Stages of a service-health message that mean it's over, in lower case.
OVER = ("resolved", "rca", "complete", "canceled")
SEVERITIES = {"sev0": "critical", "sev1": "error", "sev2": "warning", "sev3": "info", "sev4": "info"}
# The most conditions read per alert.
MOST_CONDITIONS = 20


def _as_texts(value: object) -> list[str]:
    found = value if isinstance(value, list) else [value]
    return [one for one in found if isinstance(one, str) and one.strip()]


Texts = Annotated[list[str], BeforeValidator(_as_texts)]


class _Essentials(Shape):
    alertId: Loose = ""
    alertRule: Loose = ""
    severity: Loose = ""
    signalType: Loose = ""
    monitorCondition: Loose = ""
    monitoringService: Loose = ""
    alertTargetIDs: Texts = Field(
        default_factory=list, validation_alias=AliasChoices("alertTargetIDs", "alertTargetIds")
    )
    configurationItems: Texts = Field(default_factory=list)
    originAlertId: Loose = ""
    firedDateTime: Moment = None
    resolvedDateTime: Moment = None
    description: Loose = ""
    investigationLink: Loose = ""

    @property
    def targets(self) -> list[str]:
        """Names of the affected resources: the rule's own, otherwise the last parts of their paths. Subscriptions have
        none."""
        paths = [one.strip("/").split("/") for one in self.alertTargetIDs]
        return self.configurationItems or [path[-1] for path in paths if len(path) > 2]

    @property
    def is_test(self) -> bool:
        return self.alertId.startswith(TEST_SUBSCRIPTION) or bool(TEST_RULE.fullmatch(self.alertRule))


class _Health(Shape):
    """A message about one of Azure's own services; empty for any other alert."""

    title: Loose = ""
    trackingId: Loose = ""
    stage: Loose = ""

    @property
    def is_over(self) -> bool:
        return self.stage.lower() in OVER


def parse(body: bytes, headers: Headers) -> Reading:
    content = read_json(body)
    essentials, data = _essentials(content), content["data"]
    condition = essentials.monitorCondition.lower()
    if not condition:
        raise WrongShape("data.essentials.monitorCondition is missing from the body")
    if condition not in ("fired", "resolved"):
        return Reading([], odd=[one_line(f"monitorCondition is {condition}: neither fired nor resolved")])
    health = _health(essentials, data)
    return Reading([_received(essentials, data, health, is_firing=condition == "fired" and not health.is_over)])


def delivery(body: bytes, headers: Headers) -> str | None:
    try:
        essentials = _essentials(read_json(body))
    except Refused:
        return None
    at = essentials.resolvedDateTime or essentials.firedDateTime
    return f"{essentials.alertId} {essentials.monitorCondition} {at}" if essentials.alertId and at else None


def _essentials(content: object) -> _Essentials:
    """Raises WrongShape; for older schemas it says which setting to switch on."""
    data = content.get("data") if isinstance(content, Mapping) else None
    found = data.get("essentials") if isinstance(data, Mapping) else None
    if isinstance(found, Mapping):
        return shaped(_Essentials, found)
    outer = content if isinstance(content, Mapping) else {}
    schema = outer.get("schemaId") or outer.get("SchemaId")
    own = f" but “{one_line(schema, 60)}”" if isinstance(schema, str) and schema != SCHEMA else ""
    raise WrongShape(f"data.essentials: the body is not in the common alert schema{own}. {HOW}")


def _health(essentials: _Essentials, data: Mapping[str, Any]) -> _Health:
    context = data.get("alertContext")
    found = context.get("properties") if isinstance(context, Mapping) else None
    is_theirs = essentials.monitoringService == "ServiceHealth" and isinstance(found, Mapping)
    return shaped(_Health, found) if is_theirs else _Health()


def _received(essentials: _Essentials, data: Mapping[str, Any], health: _Health, *, is_firing: bool) -> ReceivedAlert:
    conditions = list(_conditions(data.get("alertContext")))
    own = known(shaped(_Custom, data).customProperties)
    values = {_name(one): one.get("metricValue", one.get("metricMeasureValue")) for one in conditions}
    results = next((one["linkToSearchResultsUI"] for one in conditions if "linkToSearchResultsUI" in one), None)
    return ReceivedAlert(
        title=_title(essentials, health),
        firing=is_firing,
        fingerprint=_fingerprint(essentials, health, conditions),
        severity=severity_word(SEVERITIES.get(essentials.severity.lower(), essentials.severity)),
        description=some_text(essentials.description),
        url=web_address(essentials.investigationLink),
        runbook_url=web_address(own.get("runbook_url")),
        labels=labels_of(own | {name: value for name, value in _labels(essentials).items() if value}),
        group=identity(f"{essentials.alertRule} {' '.join(sorted(essentials.alertTargetIDs)).lower()}"),
        starts_at=essentials.firedDateTime,
        ends_at=None
        if is_firing
        else essentials.resolvedDateTime or (essentials.firedDateTime if health.is_over else None),
        links=named_links({"Query results": results if isinstance(results, str) else None}),
        measured=measured({name: value for name, value in values.items() if value is not None}),
        is_test=essentials.is_test,
    )


class _Custom(Shape):
    customProperties: Labels = Field(default_factory=dict)


def _conditions(context: object) -> Iterator[Mapping[str, Any]]:
    condition = context.get("condition") if isinstance(context, Mapping) else None
    found = condition.get("allOf") if isinstance(condition, Mapping) else None
    for one in found[:MOST_CONDITIONS] if isinstance(found, list) else ():
        if isinstance(one, Mapping):
            yield one


def _name(condition: Mapping[str, Any]) -> str:
    names = (condition.get("metricName"), condition.get("metricMeasureColumn"))
    return next((one for one in names if isinstance(one, str) and one), "value")


def _dimensions(condition: Mapping[str, Any]) -> list[str]:
    found = condition.get("dimensions")
    pairs = [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []
    return sorted(f"{one.get('name')}={one.get('value')}" for one in pairs)


def _fingerprint(essentials: _Essentials, health: _Health, conditions: list[Mapping[str, Any]]) -> str:
    """The identity. Target paths are lower-cased because Azure's capitalisation varies."""
    if not essentials.alertRule:
        return identity(essentials.originAlertId or essentials.alertId or "an alert without a rule")
    targets = sorted(one.lower() for one in essentials.alertTargetIDs)
    dimensions = sorted(" ".join(_dimensions(one)) for one in conditions)
    return fingerprint_of({"rule": essentials.alertRule}, *targets, health.trackingId, *dimensions)


def _title(essentials: _Essentials, health: _Health) -> str:
    if health.title:
        return one_line(f"{essentials.alertRule}: {health.title}")
    rule, targets = essentials.alertRule or "An alert without a rule", essentials.targets
    more = f" and {len(targets) - 1} more" if len(targets) > 1 else ""
    return one_line(f"{rule}: {targets[0]}{more}" if targets else rule) or "An alert without a rule"


def _labels(essentials: _Essentials) -> dict[str, str]:
    first = essentials.alertTargetIDs[0] if essentials.alertTargetIDs else ""
    path = first.strip("/").split("/")
    parts = {path[at].lower(): path[at + 1] for at in range(0, len(path) - 1, 2)}
    return {
        "rule": essentials.alertRule,
        "sev": essentials.severity,
        "signal": essentials.signalType,
        "service": essentials.monitoringService,
        "resource": essentials.targets[0] if essentials.targets else "",
        "resource_group": parts.get("resourcegroups", ""),
        "subscription": parts.get("subscriptions", ""),
    }
