"""Checks that the keywords of a JSON Schema have the form that the standard gives them, before anything is read."""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from glane.errors import ConfigError, did_you_mean
from glane.task.keywords import ANNOTATIONS, FOREIGN_RULES, RULES

_NEAR = 0.86  # a keyword this similar to one of JSON Schema is taken for a misspelt one


def check_shape(schema: Mapping[str, Any], place: str) -> None:
    """Check the keywords of one schema, not those of the schemas in it.

    Raises:
        ConfigError: for a keyword that has another form, is misspelt, or is a rule of another language.
    """
    for key, value in schema.items():
        if key in _FORMS:
            is_right, words = _FORMS[key]
            if not is_right(value):
                raise ConfigError(f"{place}.{key}: {shown(value)} is not {words}.")
        elif key not in RULES and key not in ANNOTATIONS and not key.startswith("x-"):
            _refuse_misspelt(key, place)
    for inclusive, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if schema.get(exclusive) is True and inclusive not in schema:
            raise ConfigError(f"{place}.{exclusive}: true has no meaning without {inclusive} beside it.")


def _refuse_misspelt(key: str, place: str) -> None:
    if key in FOREIGN_RULES:
        raise ConfigError(
            f"{place}: {key!r} is a rule that JSON Schema does not have, and glane would not enforce it. "
            "Leave it out of the schema, and check it afterwards or write it as one of task.rules."
        )
    lower = {name.lower(): name for name in RULES}
    if difflib.get_close_matches(key.lower(), lower, n=1, cutoff=_NEAR):
        raise ConfigError(f"{place}: {key!r} is no keyword of JSON Schema. {did_you_mean(key, RULES)}")


def shown(value: Any) -> str:
    """A value of a schema as JSON, cut to 60 characters."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:57]}…"


def is_number(value: Any) -> bool:
    """Whether a value is a finite number that a double can hold."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


def _is_size(value: Any) -> bool:
    return is_number(value) and value >= 0 and float(value).is_integer()


def _is_schema(value: Any) -> bool:
    return isinstance(value, Mapping | bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool)


def _are_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _are_schemas(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_schema, value))


def _is_mapping(value: Any) -> bool:
    return isinstance(value, Mapping)


def _are_needs(value: Any) -> bool:
    """Whether a value says of names what their presence needs: names, or in older drafts a name or a schema."""
    return isinstance(value, Mapping) and all(
        _are_names(one) or isinstance(one, Mapping | bool | str) for one in value.values()
    )


def _is_type(value: Any) -> bool:
    kinds = value if isinstance(value, list) else [value]
    return bool(kinds) and all(isinstance(one, str) for one in kinds)


_Form = tuple[Callable[[Any], bool], str]
_SIZE: _Form = (_is_size, "a whole number from 0 on")
_NUMBER: _Form = (is_number, "a finite number")
_BOUND: _Form = (lambda value: is_number(value) or isinstance(value, bool), "a finite number, or true or false")
_SCHEMA: _Form = (_is_schema, "a schema")
_SCHEMAS: _Form = (_are_schemas, "a list of schemas")
_MAPPING: _Form = (_is_mapping, "a mapping of name to schema")
_TEXT: _Form = (_is_text, "text")
_BOOL: _Form = (_is_bool, "true or false")

_FORMS: Mapping[str, _Form] = {
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems", "minContains", "maxContains"), _SIZE),
    **dict.fromkeys(("minProperties", "maxProperties"), _SIZE),
    **dict.fromkeys(("minimum", "maximum", "multipleOf", "divisibleBy"), _NUMBER),
    **dict.fromkeys(("exclusiveMinimum", "exclusiveMaximum"), _BOUND),
    **dict.fromkeys(("not", "if", "then", "else", "contains", "propertyNames"), _SCHEMA),
    **dict.fromkeys(("additionalProperties", "unevaluatedProperties", "additionalItems", "unevaluatedItems"), _SCHEMA),
    **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), _SCHEMAS),
    **dict.fromkeys(("properties", "patternProperties", "dependentSchemas", "$defs", "definitions"), _MAPPING),
    **dict.fromkeys(("dependencies", "dependentRequired"), (_are_needs, "a mapping of name to names")),
    **dict.fromkeys(("$ref", "$dynamicRef", "$recursiveRef", "pattern", "format", "$schema", "$id"), _TEXT),
    **dict.fromkeys(("uniqueItems", "nullable"), _BOOL),
    "items": (lambda value: _is_schema(value) or _are_schemas(value), "a schema"),
    "required": (lambda value: _are_names(value) or isinstance(value, bool), "a list of names"),
    "enum": (lambda value: isinstance(value, list) and bool(value), "a list of at least one value"),
    "type": (_is_type, "the name of a type, or a list of such names"),
}
