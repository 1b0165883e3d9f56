"""The shape a Slack request must have before anything is done with it."""

import math
from collections.abc import Callable, Iterable, Mapping
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
    values: dict[str, dict[str, _Element]]


class _Block(_Shape):
    """An input's value is found by its block's id."""

    type: str
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
    view: _View | None = None
    callback_id: str = ""
    trigger_id: str | None = ""
    response_url: str | None = ""


class _Pressed(_Interaction):
    message: dict[str, Any] | None = None
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


class _Said(_Shape):
    """A message: known in its channel by its `ts`."""

    ts: Annotated[str, Field(pattern=r"^[0-9]{1,12}\.[0-9]{1,12}$")]
    text: str | None = None


class _Used(_Interaction):
    """A shortcut, of a message."""

    message: _Said


class _Renamed(_Named):
    name: Id


class _Happened(_Shape):
    type: str
    user: str | _Named | None = None
    channel: str | _Named | None = None
    item: dict[str, Any] | None = None

    @model_validator(mode="wrap")
    @classmethod
    def _must_have_its_own(cls, event: Any, check: Callable[[Any], Self]) -> Self:
        """What is done about it needs these."""
        checked = check(event)
        if checked.type in ("channel_rename", "group_rename"):
            _Renamed.model_validate(event.get("channel"))
        if (checked.item or {}).get("type") == "message":
            _Place.model_validate(checked.item)
        return checked


class _Place(_Shape):
    channel: Id
    ts: Id


class _Event(_Shape):
    event: _Happened


BY_TYPE: Mapping[object, type[_Shape]] = {
    "block_actions": _Pressed,
    "view_submission": _Form,
    "view_closed": _Interaction,
    "shortcut": _Interaction,
    "message_action": _Used,
    "event_callback": _Event,
    # Nothing of ours asks for these, which Bolt takes for a button.
    "interactive_message": _Pressed,
    "dialog_submission": _Pressed,
}
# Slack's own go down a few dozen steps: what quotes what is quoted.
DEEPEST = 200


def fault_in(body: Mapping[str, Any]) -> str | None:
    """The path of the first part that is not as Slack sends it; None: all parts we know are fine."""
    if fault := _unkeepable_in(body):
        return fault
    shape = _Typed if "command" in body else BY_TYPE.get(body.get("type"))
    if shape is None:
        return None
    try:
        shape.model_validate(body)
    except ValidationError as error:
        return ".".join(str(step) for step in error.errors(include_url=False, include_input=False)[0]["loc"])
    return None


def _unkeepable_in(body: Mapping[str, Any]) -> str | None:
    """What Python reads and no database keeps. Level by level: it may be nested deeper than functions may call."""
    level: list[Any] = [body]
    for _ in range(DEEPEST):
        if any(isinstance(one, float) and not math.isfinite(one) for one in level):
            return "a number"
        level = [inner for one in level for inner in _inner(one)]
        if not level:
            return None
    return "what is nested too deeply"


def _inner(one: Any) -> Iterable[Any]:
    if isinstance(one, Mapping):
        return one.values()
    return one if isinstance(one, list) else ()
