"""Columns that every reader can read: invalid UTF-8 is replaced, and types that Polars does not have are refused."""

from __future__ import annotations

import io

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from glane.corpus.columns import is_string
from glane.errors import DataError
from glane.type_words import type_words


def is_readable(column: pa.Array) -> bool:
    """Whether all text in a column is UTF-8, at any depth, the values of dictionaries that no row uses included."""
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def readable(column: pa.Array) -> pa.Array:
    """The column with invalid UTF-8 replaced, at any depth: one bad cell would make the whole result unreadable."""
    if isinstance(column.type, pa.JsonType):
        column = column.storage  # some of its cells may be no JSON, and readers refuse the whole column then
    if is_readable(column):
        return column
    return _mended(column.take(pa.array(range(len(column)), pa.int64())))  # without offsets into a larger column


def _mended(column: pa.Array) -> pa.Array:
    kind = column.type
    if isinstance(column, pa.ExtensionArray):
        return pa.ExtensionArray.from_storage(kind, _mended(column.storage))
    if is_string(kind):
        cells = column.cast(pa.large_binary()).to_pylist()
        return pa.array([None if cell is None else cell.decode("utf-8", "replace") for cell in cells], kind)
    if pa.types.is_dictionary(kind):  # two values may be the same once mended, so the dictionary is made anew
        plain = _mended(column.cast(_bytes_of(kind.value_type)).cast(kind.value_type, safe=False))
        return plain.dictionary_encode().cast(kind)
    if pa.types.is_struct(kind):
        members = [_mended(column.field(index)) for index in range(kind.num_fields)]
        return pa.StructArray.from_arrays(members, fields=list(kind), mask=column.is_null())
    if pa.types.is_map(kind):
        members = [_mended(column.keys), _mended(column.items)]
        return pa.MapArray.from_arrays(column.offsets, *members, type=kind, mask=column.is_null())
    if pa.types.is_fixed_size_list(kind):
        return pa.FixedSizeListArray.from_arrays(_mended(column.values), type=kind, mask=column.is_null())
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        make = pa.ListArray if pa.types.is_list(kind) else pa.LargeListArray
        return make.from_arrays(column.offsets, _mended(column.values), type=kind, mask=column.is_null())
    return column


def _bytes_of(kind: pa.DataType) -> pa.DataType:
    return pa.large_binary() if is_string(kind) else kind


def is_known_to_polars(field: pa.Field) -> bool:
    """Whether Polars can read a Parquet file with such a column."""
    return all(map(_can_be_read, [field.type, *_leaves(field.type)]))


def _can_be_read(kind: pa.DataType) -> bool:
    sink = io.BytesIO()
    try:
        # A row, as decimals that are too wide are refused only once there is a value to read.
        pq.write_table(pa.table({"column": pa.nulls(1, kind)}), sink)
        pl.read_parquet(sink.getvalue())
    except (pa.ArrowException, pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return False
    return True


def _leaves(kind: pa.DataType) -> list[pa.DataType]:
    """The types inside of a nested type. A null in its place would hide what is wrong with them."""
    if not pa.types.is_nested(kind):
        return [kind]
    return [leaf for index in range(kind.num_fields) for leaf in _leaves(kind.field(index).type)]


def refuse_unreadable(schema: pa.Schema, *, place: str) -> None:
    """Refuse columns that would make a result which analysts cannot open.

    Raises:
        DataError: naming the column and its type.
    """
    for field in schema:
        if not is_known_to_polars(field):
            raise DataError(
                f"{place}: column {field.name!r} is {type_words(field.type)} ({field.type}), which Polars cannot "
                "read. Leave it out of data.carry_columns, or write it as another type."
            )


_US_PER = {"s": 10**6, "ms": 10**3}  # DuckDB keeps times in microseconds
_DAY = {"s": 86_400, "ms": 86_400 * 10**3, "us": 86_400 * 10**6, "ns": 86_400 * 10**9}


def may_be_out_of_range(kind: pa.DataType) -> bool:
    """Whether a type holds values that DuckDB or Polars has none for: times of day, and times in coarse units."""
    return any(
        pa.types.is_time(leaf) or (pa.types.is_timestamp(leaf) and leaf.unit in _US_PER) for leaf in _leaves(kind)
    )


def is_out_of_range(column: pa.Array) -> bool:
    """Whether a column holds a time of day beyond 24 hours, or a time that microseconds cannot tell, at any depth."""
    kind = column.type
    if pa.types.is_struct(kind):
        return any(is_out_of_range(member) for member in column.flatten())
    if pa.types.is_map(kind):
        return is_out_of_range(column.keys) or is_out_of_range(column.items)
    if pa.types.is_nested(kind):
        return is_out_of_range(column.flatten())
    if pa.types.is_time(kind):
        low, high = 0, _DAY[kind.unit] - 1
    elif pa.types.is_timestamp(kind) and kind.unit in _US_PER:
        low, high = -(2**63) // _US_PER[kind.unit] + 1, (2**63 - 1) // _US_PER[kind.unit]
    else:
        return False
    found = pc.min_max(column.cast(pa.int32() if kind.bit_width == 32 else pa.int64())).as_py()
    return found["min"] is not None and not low <= found["min"] <= found["max"] <= high
