"""Strict validation of configuration into frozen pydantic models, with errors that name the remedy."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from glane.errors import ConfigError, did_you_mean


class Strict(BaseModel):
    """A frozen value whose unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


# pydantic's types of errors about shapes, and messages for somebody who writes YAML.
_NEEDED = {
    "tuple_type": "a list is needed, as [a, b] or one line per item that begins with '- '",
    "list_type": "a list is needed, as [a, b] or one line per item that begins with '- '",
    "model_type": "a mapping is needed, as {key: value}",
    "dict_type": "a mapping is needed, as {key: value}",
    "model_attributes_type": "a mapping is needed, as {key: value}",
    "date_type": "a day is needed, written as 2024-01-31",
    "date_parsing": "a day is needed, written as 2024-01-31",
    "date_from_datetime_parsing": "a day is needed, written as 2024-01-31",
    "date_from_datetime_inexact": "a day is needed, written as 2024-01-31",
    "string_type": "a text is needed; put quotes around one that YAML reads as a number, a date, true or false",
}
# pydantic's names of the alternatives that a value may be, which stand in its places.
_PLAIN = ("int", "float", "str", "bool")
_TAG = re.compile(r"(?:constrained|function|literal|tuple|list|dict)[-\[].*")
_FEW = re.compile(r"\w+ should have at least (\d+) items? after validation, not \d+")
_NUMBERS = ("float_parsing", "float_type", "int_parsing", "int_type", "int_from_float")
_MAY_BE = {
    "int_parsing": "a whole number", "int_type": "a whole number", "int_from_float": "a whole number",
    "float_parsing": "any number", "float_type": "any number",
    "bool_parsing": "true or false", "bool_type": "true or false",
}  # fmt: skip

T = TypeVar("T", bound=BaseModel)


def validated(model: type[T], values: Mapping[str, Any], *, place: str, are_values_shown: bool = True) -> T:
    """Return `values` as a `model`. The values of a user's settings are shown in errors, those of data are not.

    Raises:
        ConfigError: naming each wrong key under `place`, its value, and what is valid.
    """
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        by_place: dict[tuple[Any, ...], list[Any]] = {}
        for item in error.errors():
            place_of = tuple(_without_tags(model, item["loc"]))
            if item["type"] == "too_short" and any(one[: len(place_of)] == place_of for one in by_place):
                continue  # what is wrong in the list is told
            by_place.setdefault(place_of, []).append(item)
        lines = [
            line
            for location, items in by_place.items()
            for line in _explained(model, location, items, place, are_values_shown=are_values_shown)
        ]
        raise ConfigError("\n".join(dict.fromkeys(lines))) from None


def _explained(
    model: type[BaseModel], location: Sequence[Any], items: Sequence[Any], place: str, *, are_values_shown: bool
) -> Iterator[str]:
    """The errors of one place: of a value that may be one of several kinds, one line says all of them."""
    if are_values_shown and _is_in_list(location, items):  # its value is shown, which names it
        location = location[:-1]
    wanted = list(dict.fromkeys(map(_wanted, items)))
    if len(wanted) > 1 and all(wanted) and _decimal(items[0]["input"]) is None:
        value = items[0]["input"] if are_values_shown else ...
        yield f"{_name(place, location)}: {wanted[0]} is needed, or {' or '.join(wanted[1:])}{_shown(location, value)}."
        return
    for item in items:
        yield _explain(model, item["type"], location, item["msg"], item["input"] if are_values_shown else ..., place)


def _is_in_list(location: Sequence[Any], items: Sequence[Any]) -> bool:
    """Whether the place is one in a list of plain values."""
    return len(location) > 1 and isinstance(location[-1], int) and _shown(location, items[0]["input"]) != ""


def _wanted(item: Any) -> str:
    """What a value may be, by one error of it; empty where the error says more than that."""
    if item["type"] == "literal_error":
        return str(item["ctx"]["expected"])
    if item["type"] == "greater_than":
        return f"a number above {item['ctx']['gt']:g}"
    if item["type"] == "greater_than_equal":
        return f"a number of {item['ctx']['ge']:g} or more"
    return _MAY_BE.get(item["type"], "")


def _name(place: str, location: Sequence[Any]) -> str:
    return ".".join([part for part in (place, *map(str, location)) if part])


def _shown(location: Sequence[Any], value: Any) -> str:
    return f" (it is {value!r})" if location and isinstance(value, str | int | float | None) else ""


def _explain(model: type[BaseModel], kind: str, location: Sequence[Any], message: str, value: Any, place: str) -> str:
    name = _name(place, location)
    if kind == "extra_forbidden":
        return f"{name}: unknown key. {did_you_mean(str(location[-1]), _valid_keys(model, location[:-1]))}"
    if kind == "missing":
        return f"{name}: missing. Set it."
    message = _NEEDED.get(kind) or _longer(message) or (_decimal(value) if kind in _NUMBERS else None) or message
    message += _percent(kind, message, value)
    where = f"{name}: " if name else ""  # what several keys must be together has no place of its own
    return f"{where}{message.removeprefix('Value error, ')}{_shown(location, value)}."


def _longer(message: str) -> str | None:
    """What a list that is too short has to be; None of another error."""
    found = _FEW.fullmatch(message)
    return f"a list of at least {found[1]} is needed, as [a, b]" if found else None


def _percent(kind: str, message: str, value: Any) -> str:
    """What to write in place of a percentage where a share is wanted; nothing if it is something else."""
    is_share = kind in ("less_than", "less_than_equal") and message.rstrip(".").endswith(" 1")
    if not is_share or not isinstance(value, int | float) or not 1 < value <= 100:
        return ""
    return f": {value:g} % is written {value / 100:g}"


def _decimal(value: Any) -> str | None:
    """What to write in place of a number with a decimal comma; None if it is something else."""
    is_decimal = isinstance(value, str) and re.fullmatch(r"\s*[-+]?\d+,\d+\s*", value)
    return f"decimals are written with a point: {value.strip().replace(',', '.')}" if is_decimal else None


def _without_tags(model: type[BaseModel], location: Sequence[Any]) -> list[Any]:
    """The location of an error as the user writes it. pydantic adds the chosen kind of a union to it."""
    parts: list[Any] = []
    here = model
    for i, part in enumerate(location):
        if part == "[key]":  # the key itself is wrong, and stands before
            continue
        if i > 0 and (_TAG.fullmatch(str(part)) or (part in _PLAIN and i == len(location) - 1)):
            continue
        inner = _inner(here, parts[-1]) if parts else None
        if inner is not None and len(inner) > 1 and part in inner:
            here = inner[part]
            continue
        if inner is not None and len(inner) == 1:
            here = next(iter(inner.values()))
        parts.append(part)
    return parts


def _inner(model: type[BaseModel], key: Any) -> dict[str, type[BaseModel]] | None:
    """The models that a key of `model` may hold, by their kind; None if it holds a plain value."""
    field = model.model_fields.get(str(key))
    if field is None:
        return None
    options = [field.annotation, *get_args(field.annotation)]
    found = [option for option in options if isinstance(option, type) and issubclass(option, BaseModel)]
    return {_kind(option): option for option in found} or None


def _kind(model: type[BaseModel]) -> str:
    kind = model.model_fields.get("kind")
    return str(get_args(kind.annotation)[0]) if kind else ""


def _valid_keys(model: type[BaseModel], location: Sequence[Any]) -> list[str]:
    here = [model]
    for part in location:
        if any(part in one.model_fields for one in here):  # else it is a place in a list, or a key of a free mapping
            here = [option for one in here for option in (_inner(one, part) or {}).values()]
    return sorted({field.alias or key for one in here for key, field in one.model_fields.items()})
