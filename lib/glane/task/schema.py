"""From fields to the JSON Schema that constrains decoding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_never

from glane.task.fields import (
    BooleanField,
    DateField,
    EnumField,
    Field,
    IntegerField,
    ListField,
    NumberField,
    ObjectField,
    StringField,
)

_YEAR, _MONTH, _DAY = "[12][0-9]{3}", "(0[1-9]|1[0-2])", "(0[1-9]|[12][0-9]|3[01])"
DAY_PATTERN = f"^{_YEAR}-{_MONTH}-{_DAY}$"
PARTIAL_PATTERN = f"^{_YEAR}(-{_MONTH}(-{_DAY})?)?$"


def json_schema(fields: Mapping[str, Field]) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of an answer: one closed object, every key required, in order."""
    return {
        "type": "object",
        "properties": {name: _schema(field) for name, field in fields.items()},
        "required": list(fields),
        "additionalProperties": False,
    }


def _schema(field: Field) -> dict[str, Any]:
    plain = _plain(field)
    return {"anyOf": [plain, {"type": "null"}]} if field.nullable else plain


def _plain(field: Field) -> dict[str, Any]:
    match field:
        case StringField():
            return {"type": "string", "maxLength": field.max_length}
        case IntegerField():
            return {"type": "integer", "minimum": field.minimum, "maximum": field.maximum}
        case NumberField():
            bounds = {"minimum": field.minimum, "maximum": field.maximum}
            return {"type": "number"} | {key: bound for key, bound in bounds.items() if bound is not None}
        case BooleanField():
            return {"type": "boolean"}
        case DateField():
            return {"type": "string", "pattern": DAY_PATTERN if field.precision == "day" else PARTIAL_PATTERN}
        case EnumField():
            return {"type": "string", "enum": list(field.values)}
        case ListField():
            return {
                "type": "array",
                "items": _schema(field.items),
                "minItems": field.min_items,
                "maxItems": field.max_items,
            }
        case ObjectField():
            return json_schema(field.fields)
        case _:
            assert_never(field)
