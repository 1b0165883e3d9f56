"""Rows as the driver returns them, and as a statement that takes many rows expects them."""

import json
from datetime import datetime
from functools import partial
from typing import Any

from psycopg.types.json import Jsonb

Row = dict[str, Any]


def as_json(rows: list[Row]) -> Jsonb:
    """The `%(rows)s` of such a statement, which reads them with `jsonb_to_recordset`. Datetimes become ISO 8601."""
    return Jsonb(rows, dumps=partial(json.dumps, default=_in_words))


def _in_words(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no form in JSON")
