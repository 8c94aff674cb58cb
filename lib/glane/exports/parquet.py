"""Parquet: a file per table, categories as dictionaries, descriptions in the metadata of the columns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pyarrow as pa

from glane.exports.bundle import Bundle, Table
from glane.exports.codebook import codebook_table
from glane.exports.target import Options
from glane.exports.words import CODEBOOK
from glane.parquet import write_parquet as write_table


def write_parquet(bundle: Bundle, _: Options, folder: Path) -> Sequence[str]:
    """Write a Parquet file per table, and `codebook.parquet`."""
    for table in bundle.tables:
        write_table(arrow_table(table), folder / f"{table.name}.parquet")
    write_parquet_file(codebook_table(bundle), folder / f"{CODEBOOK}.parquet")
    return []


def write_parquet_file(table: pl.DataFrame, path: Path) -> None:
    """Write a file with PyArrow, whose errors of the file system are those of Python; Polars has errors of its own."""
    write_table(table.to_arrow(compat_level=pl.CompatLevel.oldest()), path)


def arrow_table(table: Table) -> pa.Table:
    """The rows of a table; a category is a dictionary of all values that there can be."""
    kinds = [pl.col(one.name).cast(pl.Enum(one.categories)) for one in table.variables if one.categories]
    found = table.rows.with_columns(kinds).to_arrow(compat_level=pl.CompatLevel.oldest())
    described = [
        found.schema.field(one.name).with_metadata({"description": one.description, "column": one.source})
        for one in table.variables
    ]
    return found.cast(pa.schema(described, metadata={"description": table.description}))
