"""The type of a column of JSON, by all its values. What no single type holds without loss becomes text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

_EXACT = 2**53  # the largest whole number up to which a double keeps each
_LARGEST = 2**63
_DEEPEST = 100  # lists and objects within each other, of which Parquet makes columns
_MOST_NAMES = 1000  # of an object: one with more is a mapping, whose keys are data


@dataclass(frozen=True, slots=True)
class JsonType:
    """`name` is null, bool, int, long (too large for a double), float, string, list, struct or text (a mixture)."""

    name: str
    inner: JsonType | None = None  # of a list
    fields: Mapping[str, JsonType] | None = None  # of a struct

    def arrow(self) -> pa.DataType:
        """The Arrow type of its values."""
        if self.name == "list":
            assert self.inner is not None
            return pa.list_(self.inner.arrow())
        if self.name == "struct":
            assert self.fields is not None
            return pa.struct([pa.field(name, one.arrow()) for name, one in self.fields.items()])
        plain = {"bool": pa.bool_(), "int": pa.int64(), "long": pa.int64(), "float": pa.float64()}
        return plain.get(self.name, pa.string())

    def value(self, value: Any) -> Any:
        """A value as one of this type."""
        if value is None:
            return None
        if self.name in ("text", "string"):
            return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        if self.name == "list":
            assert self.inner is not None
            return [self.inner.value(one) for one in value]
        if self.name == "struct":
            assert self.fields is not None
            return {name: one.value(value.get(name)) for name, one in self.fields.items()}
        return float(value) if self.name == "float" else value


NULL, _TEXT = JsonType("null"), JsonType("text")


class TooDeepError(ValueError):
    """A value has lists and objects within each other, deeper than columns are made of."""


def type_of(value: Any, depth: int = 0) -> JsonType:
    """The type of one value. `depth` is how many lists and objects are around it.

    Raises:
        TooDeepError: if more than 100 are within each other.
    """
    if value is None:
        return NULL
    if isinstance(value, bool):
        return JsonType("bool")
    if isinstance(value, int):
        name = "int" if abs(value) <= _EXACT else "long" if -_LARGEST <= value < _LARGEST else "text"
        return JsonType(name)
    if isinstance(value, float):
        return JsonType("float")
    if isinstance(value, str):
        return JsonType("string")
    if depth >= _DEEPEST:
        raise TooDeepError
    if isinstance(value, list):
        inner = NULL
        for one in value:
            inner = merged(inner, type_of(one, depth + 1))
        return JsonType("list", inner=inner)
    if not value or len(value) > _MOST_NAMES:  # Parquet has no struct without fields
        return _TEXT
    return JsonType("struct", fields={name: type_of(one, depth + 1) for name, one in value.items()})


def merged(one: JsonType, other: JsonType) -> JsonType:
    """The type that holds the values of both."""
    if one is other or one.name == "null":
        return other
    if other.name == "null":
        return one
    names = {one.name, other.name}
    if names == {"list"}:
        assert one.inner is not None
        assert other.inner is not None
        return JsonType("list", inner=merged(one.inner, other.inner))
    if names == {"struct"}:
        assert one.fields is not None
        assert other.fields is not None
        fields = dict(one.fields)
        for name, kind in other.fields.items():
            fields[name] = merged(fields.get(name, NULL), kind)
        return JsonType("struct", fields=fields) if len(fields) <= _MOST_NAMES else _TEXT
    if len(names) == 1:
        return one
    for wide, narrow in (("float", "int"), ("long", "int")):
        if names == {wide, narrow}:
            return JsonType(wide)
    return _TEXT
