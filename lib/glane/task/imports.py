"""Fields from a JSON Schema file or a Pydantic model that a project already has."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from glane.errors import ConfigError
from glane.task.fields import Field, fields_from

# What carries no rule, and may stand anywhere.
_ANNOTATIONS = {"title", "default", "examples", "$defs", "$schema", "$id", "$comment", "definitions"}
_RULES = {
    "string": {"type", "maxLength", "format", "enum", "const", "description"},
    "integer": {"type", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "description"},
    "number": {"type", "minimum", "maximum", "description"},
    "boolean": {"type", "description"},
    "array": {"type", "items", "minItems", "maxItems", "description"},
    "object": {"type", "properties", "required", "additionalProperties", "description"},
}


def fields_of_schema_file(path: Path) -> dict[str, Field]:
    """Read the fields of a JSON Schema file.

    Raises:
        ConfigError: if it cannot be read, or asks for a rule that glane would not enforce.
    """
    try:
        schema = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"task.json_schema_file: no file {path}.") from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"task.json_schema_file: {path} is not readable JSON ({error}).") from None
    return fields_of_schema(schema, place=str(path))


def fields_of_model(name: str) -> dict[str, Field]:
    """Read the fields of a Pydantic model named `module:Class`.

    Raises:
        ConfigError: if it cannot be imported, or is no Pydantic model.
    """
    module_name, _, class_name = name.partition(":")
    try:
        model = getattr(importlib.import_module(module_name), class_name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(f"task.pydantic_model: {name!r} cannot be imported as module:Class ({error}).") from None
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        raise ConfigError(f"task.pydantic_model: {name!r} is no Pydantic model.")
    return fields_of_schema(model.model_json_schema(), place=name)


def fields_of_schema(schema: Any, *, place: str) -> dict[str, Field]:
    """Read the fields of a JSON Schema whose top is an object."""
    if not isinstance(schema, Mapping) or not isinstance(schema.get("properties"), Mapping):
        raise ConfigError(f"{place}: the top of the schema is not an object with properties.")
    definitions = {**schema.get("definitions", {}), **schema.get("$defs", {})}
    return fields_from(_object(schema, definitions, place, ())["fields"], place=place)


def _object(
    schema: Mapping[str, Any], definitions: Mapping[str, Any], place: str, trail: tuple[str, ...]
) -> dict[str, Any]:
    return {
        "type": "object",
        "fields": {
            name: _definition(value, definitions, f"{place}.{name}", trail)
            for name, value in schema.get("properties", {}).items()
        },
    }


def _definition(schema: Any, definitions: Mapping[str, Any], place: str, trail: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(schema, Mapping):
        raise ConfigError(f"{place}: {schema!r} is no schema.")
    if "$ref" in schema:
        target = str(schema["$ref"]).rsplit("/", 1)[-1]
        if target in trail:
            raise ConfigError(f"{place}: {target!r} contains itself; answers of unbounded depth cannot be columns.")
        if target not in definitions:
            raise ConfigError(f"{place}: no definition {target!r} in this schema.")
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        return _definition({**definitions[target], **rest}, definitions, place, (*trail, target))
    options = schema.get("anyOf") or schema.get("oneOf")
    if options is None and isinstance(schema.get("type"), list):
        rest = {key: value for key, value in schema.items() if key != "type"}
        options = [{"type": kind} if kind == "null" else {**rest, "type": kind} for kind in schema["type"]]
    if options is not None:
        others = [option for option in options if option.get("type") != "null"]
        if len(others) != 1 or len(options) > 2:
            raise ConfigError(f"{place}: a column has one type; anyOf is read only as `one type or null`.")
        if strange := sorted(set(schema) - {"anyOf", "oneOf", "type", "description"} - _ANNOTATIONS - set(others[0])):
            raise ConfigError(f"{place}: {strange[0]!r} beside anyOf is not read; put it into the type's own schema.")
        found = _definition(others[0], definitions, place, trail) | {"nullable": len(options) == 2}
        return found | ({"description": schema["description"]} if "description" in schema else {})
    return _typed(schema, definitions, place, trail)


def _typed(
    schema: Mapping[str, Any], definitions: Mapping[str, Any], place: str, trail: tuple[str, ...]
) -> dict[str, Any]:
    kind = schema.get("type") or ("string" if "enum" in schema or "const" in schema else None)
    if kind not in _RULES:
        raise ConfigError(f"{place}.type: {kind!r} is not supported. Valid: {', '.join(_RULES)}.")
    if strange := sorted(set(schema) - _RULES[kind] - _ANNOTATIONS):
        raise ConfigError(f"{place}: {strange[0]!r} is not supported here. Valid: {', '.join(sorted(_RULES[kind]))}.")
    found: dict[str, Any] = {"description": schema["description"]} if "description" in schema else {}
    renamed = {"maxLength": "max_length", "minItems": "min_items", "maxItems": "max_items"}
    found |= {
        renamed.get(key, key): schema[key]
        for key in ("maxLength", "minItems", "maxItems", "minimum", "maximum")
        if key in schema
    }
    if "exclusiveMinimum" in schema:
        found["minimum"] = schema["exclusiveMinimum"] + 1
    if "exclusiveMaximum" in schema:
        found["maximum"] = schema["exclusiveMaximum"] - 1
    match kind:
        case "array":
            return found | {
                "type": "list",
                "items": _definition(schema.get("items"), definitions, f"{place}.items", trail),
            }
        case "object":
            return found | _object(schema, definitions, place, trail)
        case "string" if "enum" in schema or "const" in schema:
            return found | {"type": "enum", "values": schema.get("enum") or [schema["const"]]}
        case "string" if "format" in schema:
            if schema["format"] != "date":
                raise ConfigError(f"{place}.format: {schema['format']!r} is not supported. Valid: date.")
            return found | {"type": "date"}
        case _:
            return found | {"type": kind}
