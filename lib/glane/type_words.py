"""Types of columns in words, for people: no layout of Arrow's, no name of Polars'."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pyarrow as pa

_OF: dict[str, Callable[[pa.DataType], bool]] = {
    "of type text": lambda kind: pa.types.is_string(kind) or pa.types.is_large_string(kind) or kind == pa.string_view(),
    "of type whole number": pa.types.is_integer,
    "of type number": lambda kind: pa.types.is_floating(kind) or pa.types.is_decimal(kind),
    "of type true or false": pa.types.is_boolean,
    "of type date": pa.types.is_date,
    "of type date and time": pa.types.is_timestamp,
    "of type time of day": pa.types.is_time,
    "of type length of time": pa.types.is_duration,
    "of type bytes": lambda kind: "binary" in str(kind),
    "of type list": lambda kind: str(kind).partition("<")[0].endswith(("list", "list_view")),
    "of type record": lambda kind: pa.types.is_struct(kind) or pa.types.is_map(kind),
    "of type nothing (it has no value)": pa.types.is_null,
}


def type_words(kind: pa.DataType | pl.DataType) -> str:
    """What a column is, by its Arrow or Polars type: "of type text". A type without words is told by its name."""
    if isinstance(kind, pl.DataType):
        kind = pl.Series([], dtype=kind).to_arrow().type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return next((words for words, is_it in _OF.items() if is_it(kind)), f"of type {kind}")


def both_type_words(one: pa.DataType | pl.DataType, other: pa.DataType | pl.DataType) -> tuple[str, str]:
    """What two columns are; with the names of their types where the words are the same."""
    told, other_told = type_words(one), type_words(other)
    return (told, other_told) if told != other_told else (f"{told} ({one})", f"{other_told} ({other})")
