"""The runbook file as JSON Schema (draft 2020-12), so that editors can complete and check it.

It describes the keys, their values, and what is required. Inconsistencies between parts, such as a tier that doesn't
exist, are found only by `tocsin check`.
"""

from collections.abc import Mapping
from typing import Any

from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

from bot.runbook.addresses import Dsn
from bot.runbook.models import Runbook
from bot.runbook.parts import Keyed
from bot.runbook.written import JsonSchema, shape_of, without

DIALECT = "https://json-schema.org/draft/2020-12/schema"
KEY = frozenset({"key"})
# What `defaults` fills in, so that the file may leave it out.
FILLED: Mapping[str, frozenset[str]] = {
    "Severity": frozenset({"escalation"}),
    "EscalationPolicy": frozenset({"steps"}),
    "EscalationStep": frozenset({"wait"}),
    "Schedule": frozenset({"timezone"}),
    "WorkingTimes": frozenset({"timezone"}),
}


def runbook_schema() -> JsonSchema:
    made = Runbook.model_json_schema(mode="validation", schema_generator=_OfTheFile)
    return {"$schema": DIALECT, **made, "title": "Tocsin runbook"}


class _OfTheFile(GenerateJsonSchema):
    """Describes values as written in the file, not as stored."""

    def function_before_schema(self, schema: core_schema.BeforeValidatorFunctionSchema) -> JsonSchema:
        shape = shape_of(schema["function"]["function"])
        return shape(lambda: self.generate_inner(schema["schema"])) if shape else super().function_before_schema(schema)

    def function_plain_schema(self, schema: core_schema.PlainValidatorFunctionSchema) -> JsonSchema:
        kind: Any = getattr(schema["function"]["function"], "__self__", None)
        if isinstance(kind, type) and issubclass(kind, Dsn):
            return {"type": "string", "description": f"an address such as {kind.example}"}
        return super().function_plain_schema(schema)

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchema:
        made, kind = super().model_schema(schema), schema["cls"]
        made.pop("description", None)
        if issubclass(kind, Keyed):
            made = without(KEY, made, known=False)
        return without(FILLED.get(kind.__name__, frozenset()), made, known=True)

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchema:
        """Omit the default: its stored form isn't valid in the file."""
        return self.generate_inner(schema["schema"])
