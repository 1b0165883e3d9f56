"""Who gets updates about an incident, and where."""

import re
from collections.abc import Collection, Iterable
from typing import Annotated, Literal, get_args

from pydantic import BeforeValidator, Field, model_validator

from bot.domain.errors import Refused
from bot.runbook.addresses import Webhook
from bot.runbook.parts import Keyed, Part
from bot.runbook.places import BackupPlace
from bot.runbook.values import Channels, Duration, Emails, Name, a_list, refused_as_wrong, wrong
from bot.runbook.written import or_text, written
from bot.shipped import shelf

USUAL_TEMPLATE = "stakeholder"


def _page_id(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", text):
        raise Refused(f"“{text}” is not the id of a page: say one such as abc123, from the page's settings")
    return text


def _component_id(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", text):
        raise Refused(f"“{text}” is not the id of a component: say one such as ftgks51sfs2d, from its settings")
    return text


def _without_comma(name: str) -> str:
    if "," in name:
        raise Refused(f"“{name}” has a comma, which separates names: write it with “and” or a dash instead")
    return name


ComponentName = Annotated[Name, refused_as_wrong(_without_comma)]


class OwnPage(Part):
    """A status page of our own. `title` None: named after the organisation. `to` None: only served, not written to
    files. `components`: what planned work may affect, in the readers' words."""

    title: Name | None = None
    to: BackupPlace | None = None
    components: Annotated[tuple[ComponentName, ...], a_list("names")] = ()


# The states an incident may put a component into, the worst last.
ComponentState = Literal["degraded_performance", "partial_outage", "major_outage"]
COMPONENT_STATES: tuple[str, ...] = ("operational", "under_maintenance", *get_args(ComponentState))


class Component(Part):
    """A component at statuspage.io. `name`: what readers call it, None: it can't be named. `down`: its state during an
    open incident, None: by the severity."""

    name: ComponentName | None = None
    down: ComponentState | None = None


@written(or_text)
def _state_alone(component: object) -> object:
    return {"down": component} if isinstance(component, str | None) else component


@written(lambda inner: {"anyOf": [{"type": "array", "items": {"type": "string"}}, inner()]})
def _may_be_listed(components: object) -> object:
    return dict.fromkeys(components) if isinstance(components, list) else components


ComponentId = Annotated[str, refused_as_wrong(_component_id)]
Components = Annotated[
    dict[ComponentId, Annotated[Component, BeforeValidator(_state_alone)]], BeforeValidator(_may_be_listed)
]


class StatusPage(Part):
    """A page at statuspage.io, by its id. `components` by their ids."""

    page: Annotated[str, refused_as_wrong(_page_id)]
    components: Components = Field(default_factory=dict)

    def concerned(self, named: Collection[str]) -> list[str]:
        """The ids of the components with these names, ignoring case; all of them if no name is given."""
        wanted = {name.lower() for name in named}
        return [id for id, one in self.components.items() if not wanted or (one.name or id).lower() in wanted]


class Audience(Keyed):
    """`automatic`: gets updates at declaration, status changes and resolution; the default for an audience with only a
    webhook. `approval`: a person has to approve each update first.

    `update_every` None: the severity's interval.
    """

    email: Emails = ()
    slack: Channels = ()
    statuspage: StatusPage | None = None
    webhook: Webhook | None = None
    page: OwnPage | None = None
    template: Name = USUAL_TEMPLATE
    automatic: bool = False
    approval: bool = False
    update_every: Duration | None = None

    @model_validator(mode="before")
    @classmethod
    def _can_be_told(cls, audience: object) -> object:
        if not isinstance(audience, dict):
            return audience
        outlets = audience.keys() & set(shelf("publishers"))
        if not outlets:
            *others, last = shelf("publishers")
            raise wrong(f"where to tell them is missing: add {', '.join(others)} or {last}")
        return {"automatic": True, **audience} if outlets == {"webhook"} else audience


def component_names(audiences: Iterable[Audience]) -> list[str]:
    """The components that planned work can affect, each once: by name, or at statuspage.io by id if it has none."""
    own = [name for one in audiences if one.page for name in one.page.components]
    there = [each.name or id for one in audiences if one.statuspage for id, each in one.statuspage.components.items()]
    return list(dict.fromkeys([*own, *there]))
