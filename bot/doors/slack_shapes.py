"""The shape a Slack request must have before anything is done with it."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

Id = Annotated[str, Field(min_length=1)]


class _Shape(BaseModel):
    """A part of a request; other fields of Slack's are ignored."""

    model_config = ConfigDict(extra="ignore")


class _Named(_Shape):
    id: Id


class _Option(_Shape):
    value: str


class _Element(_Shape):
    """What was filled in, or what a button carries."""

    value: str | None = None
    selected_option: _Option | None = None
    selected_options: list[_Option] | None = None
    selected_user: str | None = None
    selected_channel: str | None = None
    selected_date: str | None = None


class _Action(_Element):
    action_id: str


class _State(_Shape):
    values: dict[str, dict[str, _Element]] = {}


class _Block(_Shape):
    """An input's value is found by its block's id."""

    type: str = ""
    block_id: str = ""

    @model_validator(mode="after")
    def _must_be_known(self) -> Self:
        if self.type == "input" and not self.block_id:
            raise ValueError("an input without a block_id")
        return self


class _View(_Shape):
    id: str
    callback_id: str = ""
    private_metadata: str = ""
    state: _State | None = None
    blocks: list[_Block] = []


class _Submitted(_View):
    state: _State
    blocks: list[_Block]


class _Interaction(_Shape):
    user: _Named
    channel: _Named | None = None
    message: dict[str, Any] | None = None
    view: _View | None = None
    callback_id: str = ""
    trigger_id: str | None = ""
    response_url: str | None = ""


class _Pressed(_Interaction):
    actions: Annotated[list[_Action], Field(min_length=1)]


class _Form(_Interaction):
    view: _Submitted


class _Typed(_Shape):
    command: str
    user_id: Id
    channel_id: str = ""
    text: str = ""
    trigger_id: str | None = ""
    response_url: str | None = ""


class _Event(_Shape):
    class Happened(_Shape):
        type: str
        user: str | _Named | None = None
        channel: str | _Named | None = None

    event: Happened


BY_TYPE: Mapping[object, type[_Shape]] = {
    "block_actions": _Pressed,
    "view_submission": _Form,
    "view_closed": _Interaction,
    "shortcut": _Interaction,
    "message_action": _Interaction,
    "event_callback": _Event,
}


def fault_in(body: Mapping[str, Any]) -> str | None:
    """The path of the first part that is not as Slack sends it; None: all parts we know are fine."""
    shape = _Typed if "command" in body else BY_TYPE.get(body.get("type"))
    if shape is None:
        return None
    try:
        shape.model_validate(body)
    except ValidationError as error:
        return ".".join(str(step) for step in error.errors(include_url=False, include_input=False)[0]["loc"])
    return None
