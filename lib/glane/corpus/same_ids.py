"""Ids of a table beside those of a run: the same ones may be texts here and numbers there."""

from __future__ import annotations

import polars as pl


def are_whole_numbers(ids: pl.Series) -> bool:
    """Whether all ids are whole numbers, or texts that are nothing else: "1", and not "001", which is another id."""
    return ids.dtype.is_integer() or bool(
        ids.dtype == pl.String and ids.drop_nulls().str.contains(r"^(?:0|-?[1-9]\d{0,17})$").all()
    )


def ids_like(ids: pl.Series, kind: pl.DataType) -> pl.Series | None:
    """Ids in another type of ids, where each stays itself; None where one would not.

    A whole number as a text is the same id; a text is the same as a number if it is that number and no more.
    """
    if ids.dtype == kind:
        return ids
    is_same = (kind.is_integer() and are_whole_numbers(ids)) or (kind == pl.String and ids.dtype.is_integer())
    found = ids.cast(kind, strict=False) if is_same else None
    return None if found is None or found.null_count() > ids.null_count() else found
