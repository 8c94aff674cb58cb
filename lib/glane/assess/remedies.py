"""How a column of right answers is brought into the type that a result has, as a line of Polars."""

from __future__ import annotations

import polars as pl

_FROM_TEXT = {
    "Boolean": "replace_strict({'oui': True, 'non': False}, return_dtype=pl.Boolean)",
    "Date": "str.to_date('%d/%m/%Y')",
    "Datetime": "str.to_datetime('%Y-%m-%d %H:%M')",
    "Time": "str.to_time('%H:%M')",
    "List": "str.split(';')",
}


def brought_into(name: str, have: pl.DataType, wanted: str) -> str:
    """A sentence with the call that brings a column into a type; empty if no single call does.

    Args:
        name: Of the column.
        have: Its type.
        wanted: The name of the other type, as Polars writes it: Boolean, Int64, List(String).
    """
    base = wanted.partition("(")[0].split()[0]
    is_text = isinstance(have, pl.String | pl.Categorical | pl.Enum)
    if is_text and base in _FROM_TEXT and wanted in (base, "List(String)"):
        call = _FROM_TEXT[base]
    elif (is_text or have.is_numeric() or have == pl.Boolean()) and base in ("Int64", "Float64", "String", "Boolean"):
        call = f"cast(pl.{base})"
    elif isinstance(have, pl.Datetime) and base == "Date":
        call = "dt.date()"
    else:
        return ""
    return f" In Polars: gold.with_columns(pl.col({name!r}).{call})."
