"""Kinds of Arrow columns: those that hold text, in its several layouts, and those that hold dates."""

from __future__ import annotations

import pyarrow as pa


def is_string(kind: pa.DataType) -> bool:
    """Whether the cells are strings, which ought to be UTF-8."""
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def holds_strings(kind: pa.DataType) -> bool:
    """Whether the cells are strings, as they are or in a dictionary."""
    return is_string(kind.value_type if pa.types.is_dictionary(kind) else kind)


def is_bytes(kind: pa.DataType) -> bool:
    """Whether the cells are bytes of any length."""
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind)


def holds_dates(kind: pa.DataType) -> bool:
    """Whether the cells are dates or instants."""
    return pa.types.is_date(kind) or pa.types.is_timestamp(kind)


def is_text(kind: pa.DataType) -> bool:
    """Whether a column of this type holds text. Binary counts as text: it is decoded as UTF-8, row by row."""
    return is_text(kind.value_type) if pa.types.is_dictionary(kind) else is_string(kind) or is_bytes(kind)
