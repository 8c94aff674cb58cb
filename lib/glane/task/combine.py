"""Resolves JSON Schemas: follows `$ref`, and merges `allOf` into one schema if that changes nothing of its meaning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from glane.errors import ConfigError
from glane.task.keywords import RULES

_HIGHEST = {"minimum", "minLength", "minItems", "minProperties", "exclusiveMinimum"}
_LOWEST = {"maximum", "maxLength", "maxItems", "maxProperties", "exclusiveMaximum"}


def resolved(
    schema: Mapping[str, Any], root: Mapping[str, Any], place: str, trail: tuple[str, ...]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return a schema without `$ref` and `allOf` at its top level, and the references that were followed so far.

    Raises:
        ConfigError: for an unknown or circular reference, or for rules that cannot be merged.
    """
    found = dict(schema)
    while "$ref" in found or "allOf" in found:
        if "$ref" in found:
            reference = str(found.pop("$ref"))
            if reference in trail:
                raise ConfigError(
                    f"{place}: {reference!r} contains itself; answers of unbounded depth cannot be columns."
                )
            trail = (*trail, reference)
            parts: Sequence[Any] = [_target(reference, root, place)]
        else:
            parts = found.pop("allOf")
            if not isinstance(parts, list):
                raise ConfigError(f"{place}.allOf: not a list of schemas.")
        before = trail
        for part in parts:
            if not isinstance(part, Mapping):
                raise ConfigError(f"{place}: {part!r} is no schema.")
            inner, deeper = resolved(part, root, place, before)
            trail = tuple(dict.fromkeys((*trail, *deeper)))
            found = merged(inner, found, place)
    return found, trail


def _target(reference: str, root: Mapping[str, Any], place: str) -> Any:
    if reference != "#" and not reference.startswith("#/"):
        raise ConfigError(f"{place}: $ref {reference!r} is not in this file; put what it means into the file.")
    here: Any = root
    for step in reference.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(here, Mapping) and name in here:
            here = here[name]
        elif isinstance(here, list) and name.isdigit() and int(name) < len(here):
            here = here[int(name)]
        else:
            raise ConfigError(f"{place}: no definition {reference!r} in this schema.")
    return here


def merged(one: Mapping[str, Any], other: Mapping[str, Any], place: str) -> dict[str, Any]:
    """Return a schema that requires both `one` and `other`. Annotations of `other` win.

    Raises:
        ConfigError: for rules that cannot be merged.
    """
    if one.get("additionalProperties") is False or other.get("additionalProperties") is False:
        _refuse_closed(one, other, place)
    found = {**one, **other}
    for key in one.keys() & other.keys() & RULES.keys():
        first, second = one[key], other[key]
        if first == second:
            continue
        if key in _HIGHEST and _are_numbers(first, second):
            found[key] = max(first, second)
        elif key in _LOWEST and _are_numbers(first, second):
            found[key] = min(first, second)
        elif key == "required" and isinstance(first, list) and isinstance(second, list):
            found[key] = list(dict.fromkeys([*first, *second]))
        elif key == "enum" and isinstance(first, list) and isinstance(second, list):
            found[key] = [value for value in first if value in second]
        elif key == "properties" and isinstance(first, Mapping) and isinstance(second, Mapping):
            both = {name: {"allOf": [first[name], second[name]]} for name in first if name in second}
            found[key] = {**first, **second, **both}
        elif key == "type":
            found[key] = _common_type(first, second, place)
        elif key == "additionalProperties" and False in (first, second):
            found[key] = False
        else:
            raise ConfigError(f"{place}: two rules {key!r} that cannot be put together; write the one that is meant.")
    return found


def _refuse_closed(one: Mapping[str, Any], other: Mapping[str, Any], place: str) -> None:
    """Refuse two records if one is closed and the other names further properties."""
    for closed, beside in ((one, other), (other, one)):
        known, named = closed.get("properties", {}), beside.get("properties", {})
        if closed.get("additionalProperties") is False and (strange := [name for name in named if name not in known]):
            raise ConfigError(f"{place}: {strange[0]!r} is both asked for and excluded by additionalProperties: false.")


def _are_numbers(*values: Any) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _common_type(first: Any, second: Any, place: str) -> Any:
    some, others = ([kind] if isinstance(kind, str) else list(kind) for kind in (first, second))
    common = [kind for kind in some if kind in others or (kind == "integer" and "number" in others)]
    common += ["integer"] * ("integer" in others and "number" in some and "integer" not in common)
    if not common:
        raise ConfigError(f"{place}: no value is both of type {first!r} and of type {second!r}.")
    return common[0] if len(common) == 1 else common
