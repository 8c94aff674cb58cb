"""Reads reference tables: Parquet, or CSV as spreadsheets write it. Everything that a code is made of stays text."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from glane.errors import ConfigError, did_you_mean
from glane.task.lookups import Lookup

MOST_ROWS = 5_000_000
_MOST_BYTES = 4 * 2**30  # of a CSV file
_SEPARATORS = (";", ",", "\t", "|")
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
    is_parquet = path.suffix.lower() in (".parquet", ".pq")
    if not is_parquet and path.suffix.lower() not in (".csv", ".tsv", ".txt"):
        raise ConfigError(f"{place}.path: {lookup.path} is neither .parquet nor .csv, .tsv or .txt.")
    if is_parquet and (lookup.separator or lookup.encoding):
        raise ConfigError(f"{place}: separator and encoding are of CSV files; leave them out for {lookup.path}.")
    try:
        table, notes = (_read_parquet(path, lookup, place), []) if is_parquet else _read_csv(path, lookup, place)
    except OSError as error:
        raise ConfigError(f"{place}.path: {lookup.path} cannot be read ({error.strerror}).") from None
    if not 0 < table.height <= MOST_ROWS:
        raise ConfigError(f"{place}.path: {lookup.path} has {table.height} rows; a table has 1 to {MOST_ROWS}.")
    table = table.select(_cells(table.schema, lookup, place))
    names = _names(table, lookup)
    return _checked(TableRows(table, names, tuple(notes)), lookup, place)


def _read_parquet(path: Path, lookup: Lookup, place: str) -> pl.DataFrame:
    try:
        known = pl.read_parquet_schema(path)
        _refuse_lacking(known, lookup, place)
        return pl.read_parquet(path, columns=list(lookup.columns), glob=False)
    except pl.exceptions.PolarsError:
        raise ConfigError(f"{place}.path: {lookup.path} is no readable Parquet file.") from None


def _read_csv(path: Path, lookup: Lookup, place: str) -> tuple[pl.DataFrame, list[str]]:
    if path.stat().st_size > _MOST_BYTES:
        raise ConfigError(f"{place}.path: {lookup.path} is larger than {_MOST_BYTES >> 30} GiB; write it as Parquet.")
    text, encoding = _decoded(path.read_bytes(), lookup, place)
    header = text.split("\n", 1)[0].rstrip("\r")
    separator = lookup.separator or _separator(header, lookup)
    columns = [one.strip() for one in next(csv.reader([header], delimiter=separator), [])]
    _refuse_lacking(dict.fromkeys(columns), lookup, place)
    if twins := [one for one in lookup.columns if columns.count(one) > 1]:
        raise ConfigError(f"{place}: {lookup.path} has two columns {twins[0]!r}; rename one of them.")
    try:
        table = pl.read_csv(
            text.encode(),
            separator=separator,
            has_header=False,
            skip_rows=1,
            new_columns=None,
            infer_schema=False,  # leading zeros of codes are kept
        )
    except pl.exceptions.NoDataError:
        table = pl.DataFrame(schema=dict.fromkeys(map(str, range(len(columns))), pl.String))
    except pl.exceptions.PolarsError:
        raise ConfigError(
            f"{place}.path: {lookup.path} cannot be read as CSV with the separator {separator!r}: a row has more cells "
            "than the header, or a quotation mark is not closed. Mend it, set separator, or write it as Parquet."
        ) from None
    if table.width != len(columns):
        raise ConfigError(
            f"{place}.path: {lookup.path} has {len(columns)} names of columns in its first line, and {table.width} "
            f"cells in its rows, with the separator {separator!r}. Mend it, or set separator."
        )
    kept = [columns.index(one) for one in lookup.columns]
    table = table.select(pl.nth(at).alias(columns[at]) for at in kept)
    odd = lookup.encoding is None and encoding != "UTF-8"
    return table, [f"{place}: {lookup.path} is not UTF-8, and was read as {encoding}"] if odd else []


def _decoded(content: bytes, lookup: Lookup, place: str) -> tuple[str, str]:
    """The text of a file and its encoding. Spreadsheets of Windows write UTF-8 with a mark, UTF-16, or Windows-1252."""
    told = lookup.encoding
    if told is None and content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", "replace"), "UTF-16"
    if told != "windows-1252":
        try:
            return content.decode("utf-8-sig"), "UTF-8"
        except UnicodeDecodeError:
            if told is not None:
                raise ConfigError(
                    f"{place}.encoding: {lookup.path} is not UTF-8. Set windows-1252, or save it as CSV UTF-8."
                ) from None
    try:
        return content.decode("cp1252"), "Windows-1252"
    except UnicodeDecodeError:
        raise ConfigError(
            f"{place}.path: {lookup.path} is neither UTF-8 nor Windows-1252. Save it as CSV UTF-8."
        ) from None


def _separator(header: str, lookup: Lookup) -> str:
    """The sign between the columns: the one with which most of the wanted columns are there."""

    def num_found(sign: str) -> tuple[int, int]:
        columns = [one.strip() for one in next(csv.reader([header], delimiter=sign), [])]
        return len(set(columns) & set(lookup.columns)), len(columns)

    return max(_SEPARATORS, key=num_found)


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
            raise ConfigError(f"{place}.match: column {name!r} holds {kind}; a name is a text, or a list of texts.")
        if name == lookup.code and not isinstance(kind, _TEXTS):
            raise ConfigError(
                f"{place}.code: column {name!r} holds {kind}. Numbers lose the zeros before a code: write it as text, "
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
            raise ConfigError(f"{place}: column {name!r} holds {kind}; a plain column is needed.")
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
