"""From fields to the JSON Schema that constrains decoding.

A field that asks for evidence, reasons of absence or assertion is answered by an object around its value. The value
comes first in it, so that its probability depends on the document alone and not on a quote just written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from glane.form import QUOTE_MAX_LENGTH
from glane.task.fields import Field, ListField, ObjectField
from glane.types import Missing

VALUE, ASSERTION, QUOTE, MISSING = "value", "assertion", "quote", "missing"


def json_schema(fields: Mapping[str, Field]) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of an answer: one closed object, every key required, in order."""
    return _closed({name: _schema(field) for name, field in fields.items()})


def wrapper_keys(field: Field) -> list[str]:
    """The keys of the object around a value of `field`, or around each item of a list; none if it stands bare."""
    keys = [ASSERTION] * bool(field.assertion) + [QUOTE] * field.evidence
    return [VALUE, *keys] if keys or (field.missing and not isinstance(field, ListField)) else []


def min_items(field: ListField) -> int:
    """The fewest items of a list: where a reason says why there are none, an empty list would say nothing."""
    return max(1, field.min_items) if field.missing else field.min_items


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _schema(field: Field) -> dict[str, Any]:
    plain = plain_schema(field)
    options = [plain if isinstance(field, ListField) else _wrapped(field, plain)]
    if field.missing:
        options += _reasons(field)
    elif field.nullable:
        options.append({"type": "null"})
    return options[0] if len(options) == 1 else {"anyOf": options}


def _wrapped(field: Field, plain: dict[str, Any]) -> dict[str, Any]:
    keys = wrapper_keys(field)
    if not keys:
        return plain
    schemas = {
        VALUE: plain,
        ASSERTION: {"type": "string", "enum": [str(one) for one in field.assertion]},
        QUOTE: _QUOTE,
    }
    return _closed({key: schemas[key] for key in keys})


_QUOTE = {"type": "string", "minLength": 1, "maxLength": QUOTE_MAX_LENGTH}


def _reasons(field: Field) -> list[dict[str, Any]]:
    """Silence has no quote; every other reason is something that the text says."""
    silent = [str(reason) for reason in field.missing if reason is Missing.NOT_STATED or not field.evidence]
    said = [str(reason) for reason in field.missing if str(reason) not in silent]
    options = [_closed({MISSING: {"type": "string", "enum": silent}})] if silent else []
    return options + ([_closed({MISSING: {"type": "string", "enum": said}, QUOTE: _QUOTE})] if said else [])


def plain_schema(field: Field) -> dict[str, Any]:
    """Return the schema of a value of `field`, without what stands around it, and never null."""
    if isinstance(field, ListField):
        item = plain_schema(field.items)
        item = {"anyOf": [item, {"type": "null"}]} if field.items.nullable else item
        return {
            "type": "array",
            "items": _wrapped(field, item),
            "minItems": min_items(field),
            "maxItems": field.max_items,
        }
    return json_schema(field.fields) if isinstance(field, ObjectField) else field.value_schema()
