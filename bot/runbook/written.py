"""How values are written in the file if they are parsed into something else; for the JSON schema that editors use."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

JsonSchema = dict[str, Any]
# Returns the schema of the parsed value.
Inner = Callable[[], JsonSchema]
Reader = TypeVar("Reader", bound=Callable[..., object])

SCALAR: JsonSchema = {"type": ["string", "number", "boolean"]}


def written(shape: Callable[[Inner], JsonSchema]) -> Callable[[Reader], Reader]:
    """Decorate a function that parses a value before pydantic validates it."""

    def mark(read: Reader) -> Reader:
        read.written = shape  # type: ignore[attr-defined]
        return read

    return mark


def shape_of(read: object) -> Callable[[Inner], JsonSchema] | None:
    """None: it is written in the form it is parsed into."""
    shape: Callable[[Inner], JsonSchema] | None = getattr(read, "written", None)
    return shape


def said(shape: str) -> Callable[[Inner], JsonSchema]:
    """One text or number; `shape` describes it."""
    return lambda inner: SCALAR | {"description": shape}


def scalar(inner: Inner) -> JsonSchema:
    return SCALAR


def or_text(inner: Inner) -> JsonSchema:
    return {"anyOf": [{"type": "string"}, inner()]}


def each_or_text(inner: Inner) -> JsonSchema:
    """A list whose entries may be bare texts."""
    whole = inner()
    return whole | {"items": {"anyOf": [{"type": "string"}, whole["items"]]}}


def each_scalar(inner: Inner) -> JsonSchema:
    return inner() | {"items": SCALAR}


def values_scalar(inner: Inner) -> JsonSchema:
    return inner() | {"additionalProperties": SCALAR}


def without(names: frozenset[str], schema: Mapping[str, Any], *, known: bool) -> JsonSchema:
    """Make `names` optional; unless they are `known`, remove them, because nobody writes them."""
    kept = {name: one for name, one in schema.get("properties", {}).items() if known or name not in names}
    required = [name for name in schema.get("required", ()) if name not in names]
    rest = {name: part for name, part in schema.items() if name not in ("properties", "required")}
    return rest | {"properties": kept} | ({"required": required} if required else {})
