"""Every byte of a file looked through for what was erased: Parquet decoded, archives unpacked."""

from __future__ import annotations

import contextlib
import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import polars as pl
import pyarrow as pa

from glane.errors import GlaneError
from glane.job.erase.pieces import Sought, readings, strings_in
from glane.job.erase.standing import longer_ids
from glane.parquet import PARQUET, is_parquet, open_parquet, parquet_schema, read_parquet
from glane.tables.frames import is_table, read_frame

_ZIP, _GZIP = b"PK\x03\x04", b"\x1f\x8b"
_DEEPEST = 3  # archives within archives
_BATCH_ROWS = 4096


def found_in_file(path: Path, sought: Sought, content: bytes | None = None) -> tuple[int, int]:
    """How many of the ids, and how many of the pieces, stand in a file; or would, with rows of it taken out.

    Raises:
        OSError: if it cannot be read.
        KeysError: if it is encrypted, and its key is not told.
    """
    content = path.read_bytes() if content is None else content
    ids, pieces = found_in_bytes(content, sought)
    if ids and (longer := longer_ids(_columns(path, sought), sought.ids)):  # ids of documents that no run here has
        return found_in_bytes(content, sought.beside(longer))
    return ids, pieces


def _columns(path: Path, sought: Sought) -> Iterator[pl.Series]:
    """The columns of ids of a table of any format that is read; none of another file, or where one is damaged."""
    with contextlib.suppress(GlaneError, OSError, pa.ArrowException):
        if is_parquet(path):
            names = [name for name in parquet_schema(path).names if name in sought.columns]
            table = read_parquet(path, columns=names)
            yield from (cast(pl.Series, pl.from_arrow(table[name])) for name in names)
        elif is_table(path):
            frame, _ = read_frame(path, as_text=True)
            yield from (column for column in frame.get_columns() if column.name in sought.columns)


def found_in_bytes(content: bytes, sought: Sought) -> tuple[int, int]:
    """The same of what a file would hold."""
    ids, pieces = sought.found_in(_texts(content, _DEEPEST))
    return max(ids, sought.ids_in(content)), pieces


def _texts(content: bytes, depth: int) -> Iterator[str]:
    if content[:4] in PARQUET:  # of its bytes, only ids are looked for: pages are packed
        yield from _of_parquet(content)
        return
    yield from readings(content)
    if depth and content[:4] == _ZIP:
        yield from _of_zip(content, depth)
    elif depth and content[:2] == _GZIP:
        try:
            yield from _texts(gzip.decompress(content), depth - 1)
        except (OSError, EOFError, zlib.error):
            return


def _of_parquet(content: bytes) -> Iterator[str]:
    try:
        with open_parquet(io.BytesIO(content)) as parquet:
            yield from strings_in({str(name): value for name, value in (parquet.schema_arrow.metadata or {}).items()})
            for batch in parquet.iter_batches(_BATCH_ROWS):
                yield "\n".join(strings_in(batch.to_pylist()))
    except pa.ArrowException:
        return  # damaged, or no Parquet: its bytes were looked at


def _of_zip(content: bytes, depth: int) -> Iterator[str]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                yield name
                yield from _texts(archive.read(name), depth - 1)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, zlib.error):
        return
