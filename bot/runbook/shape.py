"""Finds the keys that a part of the file may have, from the models, to suggest the intended one."""

from collections.abc import Iterable
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, Tag


def known_keys(location: Iterable[str | int], root: type[BaseModel]) -> list[str]:
    """The keys of the part at pydantic's `location` in `root`; empty if there is no such part."""
    part: Any = root
    for step in location:
        part = _bare(_inside(part, step))
    if not _is_model(part):
        return []
    # `key` is set by us for every entry of a group, never written.
    return [field.alias or name for name, field in part.model_fields.items() if name != "key"]


def _inside(annotation: Any, step: str | int) -> Any:
    if isinstance(step, str) and step.startswith("kind:"):
        return next((choice for choice in get_args(annotation) if _has_tag(choice, step)), None)
    if _is_model(annotation):
        return next(
            (field.annotation for name, field in annotation.model_fields.items() if step in (name, field.alias)), None
        )
    arguments = get_args(annotation)
    if get_origin(annotation) is dict:
        return _bare(arguments[1])
    return _bare(arguments[0]) if get_origin(annotation) is tuple else None


def _bare(annotation: Any) -> Any:
    """The type without `Annotated` and without `| None`."""
    if get_origin(annotation) is Annotated:
        return _bare(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        choices = [choice for choice in get_args(annotation) if choice is not NoneType]
        return _bare(choices[0]) if len(choices) == 1 else annotation
    return annotation


def _has_tag(choice: Any, tag: str) -> bool:
    return any(isinstance(mark, Tag) and mark.tag == tag for mark in get_args(choice)[1:])


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
