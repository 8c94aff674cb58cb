"""Files of separated values: one writer for spreadsheets, R, SAS and archives, which differ in what stands for what."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

import polars as pl

from glane.exports.bundle import Kind, Table
from glane.spreadsheets import MARKED, SEPARATORS
from glane.types import Language

_FORMS: Mapping[Kind, str] = {"time": "%H:%M:%S", "datetime": "%Y-%m-%dT%H:%M:%S"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How values are written. Dates are ISO 8601."""

    separator: str = ","
    decimal_comma: bool = False
    bom: bool = False
    truths: tuple[str, str] = ("true", "false")
    null: str = ""
    line_end: str = "\n"
    is_quoted: bool = False  # texts have their quotation marks already
    utc: bool = False  # instants are those of UTC, with a Z, and not those of their own zone


SPREADSHEETS: Mapping[Language, Manner] = {  # of a country, as its spreadsheets read files
    language: Manner(
        separator=SEPARATORS[language], decimal_comma=language == "fr", bom=MARKED[language], line_end="\r\n"
    )
    for language in get_args(Language)
}


def csv_bytes(table: pl.DataFrame, manner: Manner) -> bytes:
    """A flat table as separated values in UTF-8; a text that is there and empty is `""`."""
    stream = io.BytesIO()
    table.write_csv(
        stream, separator=manner.separator, decimal_comma=manner.decimal_comma, include_bom=manner.bom,
        null_value=manner.null, line_terminator=manner.line_end,
        quote_style="never" if manner.is_quoted else "necessary",
    )  # fmt: skip
    return stream.getvalue()


def as_written(table: Table, manner: Manner) -> pl.DataFrame:
    """The rows of a table with booleans, times and instants as the texts that stand for them."""
    cells = []
    for one in table.variables:
        value = pl.col(one.name)
        if one.kind == "boolean":
            yes, no = manner.truths
            cells.append(pl.when(value).then(pl.lit(yes)).when(~value).then(pl.lit(no)).alias(one.name))
        elif one.kind in _FORMS:
            kind = table.rows.schema[one.name]
            zone = getattr(kind, "time_zone", None)
            told = value.dt.convert_time_zone("UTC") if zone and manner.utc else value
            zoned = told.dt.replace_time_zone(None) if zone else value
            text = zoned.dt.to_string(_form(one.kind, table.rows[one.name]))
            cells.append((text + "Z" if zone and manner.utc else text).alias(one.name))
        else:
            cells.append(value)
    return table.rows.select(cells)


def _form(kind: Kind, values: pl.Series) -> str:
    """ISO 8601, with fractions of seconds only where there are some."""
    has_fractions = bool((values.dt.nanosecond() != 0).any())
    return f"{_FORMS[kind]}%.6f" if has_fractions else _FORMS[kind]
