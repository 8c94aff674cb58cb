"""Resolves JSON Schemas: follows `$ref`, and merges `allOf` into one schema if that changes nothing of its meaning."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from glane.errors import ConfigError, did_you_mean
from glane.task.keywords import RULES, allows_all, without_draft_4
from glane.task.listed import spelled
from glane.task.shapes import check_shape, is_number, shown

_HIGHEST = {"minimum", "minLength", "minItems", "minProperties", "exclusiveMinimum"}
_LOWEST = {"maximum", "maxLength", "maxItems", "maxProperties", "exclusiveMaximum"}
# A record may extend what it also holds. So a reference that is followed again is no circle yet; a circle has no end.
_MOST_REPEATED = 4
_OWN_NAME = ("$id", "id")  # of a schema; relative references inside it begin there


def resolved(
    schema: Mapping[str, Any], root: Mapping[str, Any], place: str, trail: tuple[str, ...]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return a schema without `$ref` and `allOf` at its top level, and the references that were followed so far.

    Exclusive bounds of draft 4 are returned as those of later drafts.

    Raises:
        ConfigError: for a keyword of a wrong form, an unknown or circular reference, or rules that cannot be merged.
    """
    check_shape(schema, place)
    if schema is not root:
        _refuse_own_references(schema, place)
    found = {key: value for key, value in without_draft_4(dict(schema)).items() if key not in _OWN_NAME}
    while "$ref" in found or "allOf" in found:
        before = trail
        if "$ref" in found:
            reference = found.pop("$ref")
            if trail.count(reference) > _MOST_REPEATED:
                raise ConfigError(
                    f"{place}: {reference!r} contains itself; answers of unbounded depth cannot be columns."
                )
            before = (*trail, reference)
            parts: Sequence[Any] = [_target(reference, root, place)]
        else:
            parts = found.pop("allOf")
        followed = list(before[len(trail) :])
        for part in parts:
            inner, deeper = resolved(as_schema(part, place), root, place, before)
            followed += deeper[len(before) :]
            found = merged(sealed(inner), found, place)
        trail = (*trail, *dict.fromkeys(followed))
    return found, trail


def as_schema(value: Any, place: str) -> Mapping[str, Any]:
    """A schema as a mapping: `true` is the schema without rules.

    Raises:
        ConfigError: if it is no schema, or `false`, which allows no value.
    """
    if value is True:
        return {}
    if value is False:
        raise ConfigError(f"{place}: the schema false allows no value, so it is no column.")
    if not isinstance(value, Mapping):
        raise ConfigError(f"{place}: {shown(value)} is no schema.")
    return value


def _target(reference: str, root: Mapping[str, Any], place: str) -> Any:
    """What a JSON pointer in a URI fragment (RFC 6901, section 6) points to."""
    file, _, pointer = reference.partition("#")
    if file:
        raise ConfigError(f"{place}: $ref {reference!r} is not in this file; put what it means into the file.")
    pointer = _decoded(pointer, place)
    if pointer and (not pointer.startswith("/") or re.search("~(?![01])", pointer)):
        raise ConfigError(f"{place}: $ref {reference!r} is no JSON pointer; write the way to it, as #/$defs/name.")
    here: Any = root
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(here, Mapping) and name in here:
            here = here[name]
        elif isinstance(here, list) and re.fullmatch("0|[1-9][0-9]{0,8}", name) and int(name) < len(here):
            here = here[int(name)]
        else:
            raise ConfigError(f"{place}: no definition {reference!r} in this schema. {_valid(reference, root)}")
    return here


def _decoded(fragment: str, place: str) -> str:
    """A fragment without its percent-encoding."""
    octets = re.sub(rb"%([0-9A-Fa-f]{2})", lambda found: bytes.fromhex(found[1].decode()), fragment.encode())
    try:
        return octets.decode()
    except UnicodeDecodeError:
        raise ConfigError(f"{place}: $ref '#{fragment}' is percent-encoded, but not as UTF-8.") from None


def _valid(reference: str, root: Mapping[str, Any]) -> str:
    return did_you_mean(
        reference, [f"#/{word}/{name}" for word in ("$defs", "definitions") for name in root.get(word, {})]
    )


def _refuse_own_references(schema: Mapping[str, Any], place: str) -> None:
    """Refuse an inner schema with a name of its own and references, which begin at it and not at the top."""
    names = [schema[key] for key in _OWN_NAME if isinstance(schema.get(key), str)]
    if any(not name.startswith("#") for name in names) and _has_reference(schema):
        raise ConfigError(
            f"{place}.$id: {names[0]!r} is a schema of its own, at which the references in it begin. "
            "Leave out its $id, and write the references from the top of the file."
        )


def _has_reference(schema: Any) -> bool:
    if isinstance(schema, list):
        return any(map(_has_reference, schema))
    return isinstance(schema, Mapping) and ("$ref" in schema or any(map(_has_reference, schema.values())))


def sealed(part: dict[str, Any]) -> dict[str, Any]:
    """A schema that is part of another: its `unevaluatedProperties` is about its own properties, not the whole's."""
    found = dict(part)
    rule = found.pop("unevaluatedProperties", True)
    return found if allows_all(rule) else {"additionalProperties": rule, **found}


def merged(one: Mapping[str, Any], other: Mapping[str, Any], place: str) -> dict[str, Any]:
    """Return a schema that requires both `one` and `other`. Annotations of `other` win.

    Raises:
        ConfigError: for rules that cannot be merged.
    """
    _refuse_closed(one, other, place)
    _refuse_closed(other, one, place)
    found = {**one, **other}
    for key in one.keys() & other.keys() & RULES.keys():
        if spelled(one[key]) != spelled(other[key]):
            found[key] = _both(key, one[key], other[key], place)
    return found


def _both(key: str, first: Any, second: Any, place: str) -> Any:
    """The value of a keyword that requires both of two different values."""
    if key in _HIGHEST and is_number(first) and is_number(second):
        return max(first, second)
    if key in _LOWEST and is_number(first) and is_number(second):
        return min(first, second)
    if key == "required" and isinstance(first, list) and isinstance(second, list):
        return list(dict.fromkeys([*first, *second]))
    if key == "enum":
        return _common_values(first, second, place)
    if key == "properties":
        both = {name: {"allOf": [first[name], second[name]]} for name in first if name in second}
        return {**first, **second, **both}
    if key == "type":
        return _common_type(first, second, place)
    if key == "additionalProperties" and (allows_all(first) or allows_all(second)):
        return second if allows_all(first) else first
    if key == "additionalProperties" and (first is False or second is False):
        return False
    raise ConfigError(f"{place}: two rules {key!r} that cannot be put together; write the one that is meant.")


def _refuse_closed(closed: Mapping[str, Any], beside: Mapping[str, Any], place: str) -> None:
    """Refuse two records if one has a rule about further properties, and the other names some."""
    rule = closed.get("additionalProperties", True)
    known = closed.get("properties", {})
    strange = [name for name in beside.get("properties", {}) if name not in known]
    if strange and rule is False:
        raise ConfigError(f"{place}: {strange[0]!r} is both asked for and excluded by additionalProperties: false.")
    if strange and not allows_all(rule):
        raise ConfigError(
            f"{place}: {strange[0]!r} is also subject to the additionalProperties of another schema; "
            "write what is meant into one of them."
        )


def _common_values(first: Sequence[Any], second: Sequence[Any], place: str) -> list[Any]:
    others = set(map(spelled, second))
    if common := [value for value in first if spelled(value) in others]:
        return common
    raise ConfigError(f"{place}.enum: no value is in both {shown(first)} and {shown(second)}.")


def _common_type(first: Any, second: Any, place: str) -> Any:
    some, others = ([kind] if isinstance(kind, str) else list(kind) for kind in (first, second))
    common = [kind for kind in some if kind in others or (kind == "integer" and "number" in others)]
    common += ["integer"] * ("integer" in others and "number" in some and "integer" not in common)
    if not common:
        raise ConfigError(f"{place}: no value is both of type {first!r} and of type {second!r}.")
    return common[0] if len(common) == 1 else common
