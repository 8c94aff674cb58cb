"""Makes the JSON Schema that constrains decoding.

A field with evidence, missing reasons or assertions is answered by an object around its value (the wrapper). `Keys`
tells the order of its keys in an answer.
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
    """The keys of the object around a value of `field`, or around each item of a list; empty if there is none."""
    keys = [ASSERTION] * bool(field.assertion) + [QUOTE] * field.evidence
    return [VALUE, *keys] if keys or (field.missing and not isinstance(field, ListField)) else []


def min_items(field: ListField) -> int:
    """The least number of items of a list. With missing reasons it is at least 1: a reason replaces the empty list."""
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
    """The schemas of the missing reasons. "Not stated" has no quote; the text gives every other reason."""
    silent = [str(reason) for reason in field.missing if reason is Missing.NOT_STATED or not field.evidence]
    said = [str(reason) for reason in field.missing if str(reason) not in silent]
    options = [_closed({MISSING: {"type": "string", "enum": silent}})] if silent else []
    return options + ([_closed({MISSING: {"type": "string", "enum": said}, QUOTE: _QUOTE})] if said else [])


def plain_schema(field: Field) -> dict[str, Any]:
    """Return the schema of a value of `field`, without the object around it and without null."""
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
