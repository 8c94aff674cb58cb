"""The keywords of JSON Schema, and helpers to read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Keywords without a rule, allowed in any schema.
ANNOTATIONS = frozenset(
    {
        "title", "description", "default", "examples", "example", "deprecated", "readOnly", "writeOnly", "$schema",
        "$id", "id",
        "$comment", "$defs", "definitions", "$anchor", "$vocabulary", "contentMediaType", "contentEncoding",
        "contentSchema",
    }
)  # fmt: skip
# Keywords with a rule, each with the JSON types that it applies to. Empty: it applies to every type.
RULES: Mapping[str, tuple[str, ...]] = {
    "type": (), "enum": (), "const": (), "allOf": (), "anyOf": (), "oneOf": (), "not": (), "if": (), "then": (),
    "else": (),
    "$ref": (), "$dynamicRef": (), "$recursiveRef": (), "extends": (), "disallow": (),
    "format": ("string", "integer", "number"),
    "maxLength": ("string",), "minLength": ("string",), "pattern": ("string",),
    "multipleOf": ("integer", "number"), "divisibleBy": ("integer", "number"),
    "minimum": ("integer", "number"), "maximum": ("integer", "number"),
    "exclusiveMinimum": ("integer", "number"), "exclusiveMaximum": ("integer", "number"),
    "items": ("array",), "prefixItems": ("array",), "additionalItems": ("array",), "contains": ("array",),
    "minContains": ("array",), "maxContains": ("array",), "maxItems": ("array",), "minItems": ("array",),
    "uniqueItems": ("array",), "unevaluatedItems": ("array",),
    "properties": ("object",), "required": ("object",), "additionalProperties": ("object",),
    "patternProperties": ("object",), "propertyNames": ("object",), "maxProperties": ("object",),
    "minProperties": ("object",), "dependencies": ("object",), "dependentRequired": ("object",),
    "dependentSchemas": ("object",), "unevaluatedProperties": ("object",),
}  # fmt: skip

# Rules of other languages that are written into JSON Schemas: of ajv's additions, MongoDB, JSON Type Definition, forms
# of HTML, and bounds that Pydantic cannot translate.
FOREIGN_RULES = frozenset(
    {
        "formatMinimum", "formatMaximum", "formatExclusiveMinimum", "formatExclusiveMaximum", "instanceof", "typeof",
        "regexp", "range", "exclusiveRange", "uniqueItemProperties", "allRequired", "anyRequired", "oneRequired",
        "patternRequired", "prohibited", "deepProperties", "deepRequired", "select", "$merge", "$patch", "bsonType",
        "optionalProperties", "elements", "propertyDependencies", "min", "max", "minLen",
        "maxLen", "minValue", "maxValue", "gt", "ge", "lt", "le",
    }
)  # fmt: skip
GROUP_KEYS = {"oneOf": "exactly_one_of", "anyOf": "at_least_one_of"}  # keys of a record with groups of required fields


def without_draft_3(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema without draft 3's boolean `required`, which a property has of itself."""
    return {key: value for key, value in schema.items() if not (key == "required" and isinstance(value, bool))}


def without_draft_4(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema without draft 4's boolean `exclusiveMinimum` and `exclusiveMaximum`: the bound itself becomes exclusive.

    Without a bound beside it, the boolean has no meaning.
    """
    found = dict(schema)
    for inclusive, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if isinstance(found.get(exclusive), bool) and found.pop(exclusive) and inclusive in found:
            found[exclusive] = found.pop(inclusive)
    return found


def groups_of(schema: Mapping[str, Any]) -> tuple[str, list[list[str]]] | None:
    """The keyword and its groups of required names, if each option of oneOf or anyOf has `required` only."""
    for word in GROUP_KEYS:
        options = schema.get(word)
        if isinstance(options, list) and options and all(_is_group(option) for option in options):
            return word, [option["required"] for option in options]
    return None


def _is_group(option: Any) -> bool:
    return (
        isinstance(option, Mapping)
        and set(option) - ANNOTATIONS == {"required"}
        and isinstance(option["required"], list)
        and all(isinstance(name, str) for name in option["required"])
    )


def about(kind: Any, schema: Mapping[str, Any]) -> dict[str, Any]:
    """The keywords of a schema that apply to this JSON type."""
    return {key: value for key, value in schema.items() if key != "type" and (not RULES.get(key) or kind in RULES[key])}


def values_of(schema: Mapping[str, Any]) -> list[Any]:
    """The values that a schema lists."""
    if "const" in schema:
        return [schema["const"]]
    values = schema.get("enum")
    return values if isinstance(values, list) else []


def says_nothing(key: str, value: Any, kind: str) -> bool:
    """Whether every value of the JSON type fulfils the rule, so that it can be ignored."""
    return (key == "uniqueItems" and value is False) or (key == "multipleOf" and value == 1 and kind == "integer")


def allows_all(schema: Any) -> bool:
    """Whether a schema has no rule. It is not compared with true, as Python takes a 1 for the same."""
    return schema is True or schema == {}
