"""Who is told about an incident, and where."""

import re
from typing import Annotated, Literal, get_args

from pydantic import Field, field_validator, model_validator

from bot.domain.errors import Refused
from bot.runbook.addresses import Webhook
from bot.runbook.parts import Keyed, Part
from bot.runbook.places import BackupPlace
from bot.runbook.values import Channels, Duration, Emails, Name, refused_as_wrong, wrong
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


class OwnPage(Part):
    """A status page of our own. `title` None: named after the organisation. `to` None: served, and not written."""

    title: Name | None = None
    to: BackupPlace | None = None


# What an incident may make of a component, the worst last.
ComponentState = Literal["degraded_performance", "partial_outage", "major_outage"]
COMPONENT_STATES: tuple[str, ...] = ("operational", "under_maintenance", *get_args(ComponentState))


class StatusPage(Part):
    """A page of statuspage.io, by its id. `components`: what an open incident makes of each, None: by its severity."""

    page: Annotated[str, refused_as_wrong(_page_id)]
    components: dict[Annotated[str, refused_as_wrong(_component_id)], ComponentState | None] = Field(
        default_factory=dict
    )

    @field_validator("components", mode="before")
    @classmethod
    def _may_be_listed(cls, components: object) -> object:
        return dict.fromkeys(components) if isinstance(components, list) else components


class Audience(Keyed):
    """`automatic`: told at declaration, status changes and resolution; whoever is told by a webhook alone always is.
    `approval`: a person says yes first.

    `update_every` None: the severity's rhythm.
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
