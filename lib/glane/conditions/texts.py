"""Texts that a condition puts in order: a date or a decimal number written as text has another order than its value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import polars as pl

from glane.conditions.trees import COMPARISONS, Operation, as_expression, is_literal, kind_of, operations
from glane.errors import ConfigError

_DATE = re.compile(
    r"\s*(?:\d{1,4}[/.]\d{1,2}[/.]\d{1,4}|\d{1,2}-\d{1,2}-\d{2,4}|\d{1,2}(?:er)?\s+[^\W\d_]{3,}\.?\s+\d{4})(?:\D.*)?",
    re.DOTALL,
)
DAY_FIRST = r"^\s*\d{1,2}[/.\-]\d{1,2}[/.\-](?:\d{4}|\d{2})(?:\D|$)"  # of texts in a column, for Polars
_COMMA = re.compile(r"\s*[-+]?\d+,\d+\s*")
_NUMBER = re.compile(r"\s*[-+]?\d+(?:[.,]\d+)?\s*")
_PLAIN = re.compile(r"[^\W\d]\w*")  # a name that needs no quotation marks
READ_DATES = "of CSV, data.dates=day_first; of Parquet, in Polars, pl.col(NAME).str.to_date('%d/%m/%Y')"


def plain_texts(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows in which columns of categories, as a dictionary in Parquet or a factor in R, are texts: LIKE needs them."""
    coded = [name for name, kind in rows.schema.items() if isinstance(kind, pl.Categorical | pl.Enum)]
    return rows.with_columns(pl.col(name).cast(pl.String) for name in coded) if coded else rows


def refuse_ordered_literals(tree: Any, schema: Mapping[str, pl.DataType], *, place: str) -> None:
    """Refuse a literal that is a date in no ISO form, or a number with a decimal comma, where it is put in order.

    So is a number beside a text, and one in quotes where text is put in order: "9,9" comes after "38,5" as text.

    Raises:
        ConfigError: with how to write it.
    """
    for one in operations(tree):
        for side, other in ((one.left, one.right), (one.right, one.left)):
            text = _text(side)
            if one.op in COMPARISONS and not is_literal(other) and kind_of(other, schema) == pl.String():
                found = kind_of(side, schema)
                if (found is not None and found.is_numeric()) or (one.is_order and text and _NUMBER.fullmatch(text)):
                    raise ConfigError(_compared_as_text(other, place))
            if text is None or is_literal(other):
                continue
            if _COMMA.fullmatch(text) and kind_of(other, schema) != pl.String():
                number = text.strip().replace(",", ".")
                raise ConfigError(f"{place}: {text!r} is compared as text. A number: write {number} without quotes.")
            if one.is_order and _DATE.fullmatch(text) and kind_of(other, schema) == pl.String():
                raise ConfigError(
                    f"{place}: {text!r} is put in order with a column of text: letter by letter, not by date. Make it "
                    f"a column of dates in the input ({READ_DATES}), and write the date as '2025-02-01'."
                )


def refuse_ordered_dates(tree: Any, rows: pl.DataFrame, *, place: str) -> None:
    """Refuse to put texts in order that are dates with the day first, as 07/01/2025: their order is not that of time.

    Raises:
        ConfigError: naming the columns. It quotes no cell.
    """
    for one in operations(tree):
        if not one.is_order or not all(kind_of(side, rows.schema) == pl.String() for side in (one.left, one.right)):
            continue
        for side in _columns(one):
            expression = as_expression(side)
            if rows.select(expression.str.contains(DAY_FIRST).any()).item():
                names = ", ".join(dict.fromkeys(expression.meta.root_names()))
                raise ConfigError(
                    f"{place}: {names} holds dates as text with the day first, such as 31/01/2025: in order, they are "
                    f"compared letter by letter, not by date. Make it a column of dates in the input ({READ_DATES})."
                )


def _compared_as_text(tree: Any, place: str) -> str:
    name = next(iter(as_expression(tree).meta.root_names()), "it")
    column = name if _PLAIN.fullmatch(name) else f'"{name}"'
    return (
        f'{place}: {name!r} is text, and is compared with a number: letter by letter, "9" comes after "38". Write '
        f"TRY_CAST({column} AS DOUBLE), or with decimal commas and spaces between thousands "
        rf"TRY_CAST(REPLACE(REGEXP_REPLACE({column}, '\s', '', 'g'), ',', '.') AS DOUBLE): null where it is no number."
    )


def comma_remedy(text: str) -> str:
    """What to write for a number with a decimal comma in a condition that cannot be read; empty if there is none."""
    found = re.search(r"(?<![\w.'])\d+,\d+(?![\w.'])", text)
    return "" if found is None else f" A decimal number has a point: write {found[0].replace(',', '.')}."


def quote_remedy(text: str, name: str = "") -> str:
    """What to write where quotation marks were meant otherwise than SQL reads them; empty if that cannot be seen.

    `name` is what was taken for a column.
    """
    if name and f'"{name}"' in text:
        return f" Double quotation marks are of columns; a text stands in single ones: '{name}'."
    if text.count("'") % 2:
        return " An apostrophe within a text is written twice: 'Clinique de l''Ouest'."
    return ""


def _columns(one: Operation) -> list[Any]:
    return [side for side in (one.left, one.right) if not is_literal(side)]


def _text(tree: Any) -> str | None:
    """The text that a literal is."""
    match tree:
        case {"Literal": {"Scalar": {"String": str(text)}}}:
            return text
    return None
