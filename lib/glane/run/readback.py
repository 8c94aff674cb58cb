"""Reads a result back before it is published, with the libraries by which analysts read it: Polars and DuckDB."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

import duckdb
import polars as pl
import pyarrow as pa

from glane.corpus.ids import IdsDigest
from glane.errors import RunError
from glane.offline import OFFLINE
from glane.parquet import is_encrypted, open_parquet, scan_parquet

_BATCH_ROWS = 65_536


def read_back(paths: Sequence[Path], *, id_column: str | None) -> tuple[int, bytes]:
    """Decode every value of the files with Polars and with DuckDB. Return the number of rows, and the ids' digest.

    Raises:
        RunError: if a file cannot be read, or the two do not read as many rows.
    """
    digest, num_rows = IdsDigest(), 0
    for path in paths:
        rows = 0
        try:
            for frame in _frames(path):
                rows += frame.height
                if id_column is not None:
                    digest.add(cast(pa.Array, frame[id_column].to_arrow()))
            others = _count(path)
        except (pl.exceptions.PolarsError, duckdb.Error, pa.ArrowException) as error:
            raise RunError(
                f"{path.name}: the result cannot be read back ({type(error).__name__}), so it is not published. What "
                "was committed stays. Please report it, with the types of the columns in data.carry_columns."
            ) from None
        if rows != others:
            raise RunError(f"{path.name}: Polars reads {rows} rows, and DuckDB {others}. The result is not published.")
        num_rows += rows
    return num_rows, digest.digest()


def _frames(path: Path) -> Iterator[pl.DataFrame]:
    with open_parquet(path) as parquet:
        sizes = [parquet.metadata.row_group(index).num_rows for index in range(parquet.num_row_groups)]
    table, start = scan_parquet([path]), 0
    for size in sizes:
        yield table.slice(start, size).collect()
        start += size


def _count(path: Path) -> int:
    """The rows that DuckDB decodes; of an encrypted file, which it cannot open, those that PyArrow does."""
    if is_encrypted(path):
        with open_parquet(path) as parquet:
            return sum(batch.num_rows for batch in parquet.iter_batches(_BATCH_ROWS))
    literal = "".join(f"[{sign}]" if sign in "*?[" else sign for sign in str(path))
    with duckdb.connect(config=OFFLINE) as connection:
        reader = connection.sql("SELECT * FROM read_parquet($1)", params=[literal]).to_arrow_reader(_BATCH_ROWS)
        return sum(batch.num_rows for batch in reader)
