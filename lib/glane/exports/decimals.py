"""Decimals in tables that have none: as whole numbers, as doubles, or as texts where a double would round them."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import polars as pl

from glane.exports.walk import Cell, Draft

_DIGITS_OF_A_DOUBLE = 15  # decimal digits that every double keeps
_DIGITS_OF_AN_INTEGER = 18  # that every integer of 64 bits holds


def without_decimals(draft: Draft) -> Draft:
    """The table with the cells of decimals in another type, which its values allow: none of them is rounded."""
    return replace(draft, cells=[_converted(draft, cell) for cell in draft.cells])


def _converted(draft: Draft, cell: Cell) -> Cell:
    if not isinstance(cell.type, pl.Decimal):
        return cell
    kind = _type_for(draft, cell.expression, cell.type.scale)
    return replace(cell, expression=cell.expression.cast(kind), type=kind)


def _type_for(draft: Draft, value: pl.Expr, scale: int) -> pl.DataType:
    written = value.cast(pl.String).str.replace_all(r"[-.]", "")
    whole, significant = written.str.strip_chars_start("0"), written.str.strip_chars("0")
    lengths = draft.rows.select(whole.str.len_chars().max().alias("whole"), significant.str.len_chars().max()).collect()
    longest, digits = (cast(int | None, column.item()) or 0 for column in lengths)
    if scale == 0 and longest <= _DIGITS_OF_AN_INTEGER:
        return pl.Int64()
    return pl.Float64() if digits <= _DIGITS_OF_A_DOUBLE else pl.String()
