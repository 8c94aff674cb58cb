"""Reads reference tables: Parquet, or a table of another format. What a code is made of in CSV stays text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow as pa

from glane.errors import ConfigError, DataError, did_you_mean
from glane.parquet import parquet_schema, read_parquet_frame
from glane.tables.advice import advised
from glane.tables.formats import ENDINGS
from glane.tables.frames import is_table, read_frame
from glane.tables.options import TableOptions
from glane.task.lookups import Lookup
from glane.type_words import type_words

MOST_ROWS = 5_000_000
_MOST_BYTES = 4 * 2**30  # of a file that is no Parquet
_TEXTS = pl.String | pl.Categorical | pl.Enum


@dataclass(frozen=True, slots=True)
class TableRows:
    """A reference table as it was read: its columns as texts, and a row per name in `names` (name, row)."""

    rows: pl.DataFrame
    names: pl.DataFrame
    notes: tuple[str, ...]


def read_table(name: str, lookup: Lookup) -> TableRows:
    """Read the table `name` of a task.

    Raises:
        ConfigError: naming the key under `task.lookups`, what is wrong with the file and the remedy. Cells are not
            shown.
    """
    place, path = f"task.lookups.{name}", Path(lookup.path)
    if not path.is_file():
        raise ConfigError(f"{place}.path: no file {lookup.path}.")
    table, notes = _read_other(path, lookup, place) if is_table(path) else (_read_parquet(path, lookup, place), [])
    if not 0 < table.height <= MOST_ROWS:
        raise ConfigError(f"{place}.path: {lookup.path} has {table.height} rows; a table has 1 to {MOST_ROWS}.")
    table = table.select(_cells(table.schema, lookup, place))
    names = _names(table, lookup)
    return _checked(TableRows(table, names, tuple(notes)), lookup, place)


def _read_parquet(path: Path, lookup: Lookup, place: str) -> pl.DataFrame:
    if lookup.separator or lookup.encoding:
        raise ConfigError(f"{place}: separator and encoding are of CSV files; leave them out for {lookup.path}.")
    try:
        _refuse_lacking(dict.fromkeys(parquet_schema(path).names), lookup, place)
        return read_parquet_frame(path, columns=list(lookup.columns))
    except OSError as error:
        raise ConfigError(f"{place}.path: {lookup.path} cannot be read ({error.strerror}).") from None
    except (pa.ArrowException, pl.exceptions.PolarsError):
        raise ConfigError(
            f"{place}.path: {lookup.path} is no readable Parquet file, and its ending is of no other table "
            f"({', '.join(ENDINGS)})."
        ) from None


def _read_other(path: Path, lookup: Lookup, place: str) -> tuple[pl.DataFrame, list[str]]:
    """A table of another format, as `data.path` takes it, except that no cell of text becomes a number."""
    if path.stat().st_size > _MOST_BYTES:
        raise ConfigError(f"{place}.path: {lookup.path} is larger than {_MOST_BYTES >> 30} GiB; write it as Parquet.")
    options = TableOptions(separator=lookup.separator, encoding=lookup.encoding)
    try:
        frame, shape = read_frame(path, options, as_text=True, place=place)
    except DataError as error:
        raise ConfigError(f"{place}.path: {advised(error, path)}") from None
    _refuse_lacking(frame.schema, lookup, place)
    told = shape.notes if shape.encoding in (None, "utf-8", lookup.encoding) else shape.lines()
    return frame.select(lookup.columns), [f"{place}: {line}" for line in told]


def _refuse_lacking(known: Mapping[str, object], lookup: Lookup, place: str) -> None:
    keys = {"code": (lookup.code,), "match": lookup.match, "label": (lookup.label_column,)}
    for key, names in (keys | {"also": lookup.also, "within": tuple(lookup.within)}).items():
        for name in names:
            if name not in known:
                raise ConfigError(f"{place}.{key}: {lookup.path} has no column {name!r}. {did_you_mean(name, known)}")


def _cells(schema: pl.Schema, lookup: Lookup, place: str) -> list[pl.Expr]:
    """The columns as texts without spaces around them; a blank cell is null."""
    found = []
    for name in lookup.columns:
        kind = schema[name]
        is_several = isinstance(kind, pl.List) and isinstance(kind.inner, pl.String)
        if name in lookup.match and not (is_several or isinstance(kind, _TEXTS)):
            raise ConfigError(
                f"{place}.match: column {name!r} is {type_words(kind)}; a name is a text, or a list of texts."
            )
        if name == lookup.code and not isinstance(kind, _TEXTS):
            raise ConfigError(
                f"{place}.code: column {name!r} is {type_words(kind)}. Numbers lose the zeros before a code: write "
                "it as text, "
                f"as in pl.col({name!r}).cast(pl.String).str.zfill(5)."
            )
        if is_several and name in lookup.match:
            if name in (lookup.label_column, *lookup.also, *lookup.within):
                raise ConfigError(
                    f"{place}: column {name!r} holds several texts in a cell; name another for the label."
                )
            found.append(pl.col(name))
            continue
        if kind.is_nested():
            raise ConfigError(f"{place}: column {name!r} is {type_words(kind)}; a plain column is needed.")
        text = pl.col(name).cast(pl.String).str.strip_chars()
        found.append(pl.when(text.str.len_bytes() > 0).then(text).alias(name))
    return found


def _names(table: pl.DataFrame, lookup: Lookup) -> pl.DataFrame:
    """Every name with the number of its row, from 0."""
    numbered = table.with_row_index("row")
    parts = []
    for column in lookup.match:
        cell = pl.col(column)
        if isinstance(table.schema[column], pl.String) and lookup.several is not None:
            cell = cell.str.split(lookup.several)
        one = numbered.select("row", cell.alias("name"))
        if isinstance(one.schema["name"], pl.List):
            one = one.explode("name", empty_as_null=True)
        parts.append(one)
    name = pl.col("name").str.strip_chars()
    return pl.concat(parts).with_columns(name).filter(pl.col("name").str.len_bytes() > 0).unique(maintain_order=True)


def _checked(found: TableRows, lookup: Lookup, place: str) -> TableRows:
    named = found.rows.with_row_index("row").join(found.names.select("row").unique(), on="row", how="semi")
    without = named.filter(pl.col(lookup.code).is_null())
    if not without.is_empty():
        raise ConfigError(
            f"{place}.code: {without.height} rows of {lookup.path} have a name and no {lookup.code!r}, the first of "
            f"them row {without['row'][0] + 1}. Fill it in, or take these rows out."
        )
    if found.names.is_empty():
        raise ConfigError(f"{place}.match: no row of {lookup.path} has a name.")
    notes = list(found.notes)
    if nameless := found.rows.height - named.height:
        notes.append(f"{place}: {nameless} rows of {found.rows.height} have no name, and are never found")
    codes = found.names.join(named.select("row", pl.col(lookup.code).alias("code")), on="row")
    several = codes.group_by("name").agg(pl.col("code").n_unique()).filter(pl.col("code") > 1).height
    if several:
        told = "; `within` may tell them apart" if not lookup.within else ""
        notes.append(f"{place}: {several} names have several codes, and may be ambiguous{told}")
    return TableRows(found.rows, found.names, tuple(notes))
