"""Every byte of a file looked through for what was erased: Parquet decoded, archives unpacked."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from glane.job.erase.pieces import Sought, readings, strings_in
from glane.parquet import PARQUET, open_parquet

_ZIP, _GZIP = b"PK\x03\x04", b"\x1f\x8b"
_DEEPEST = 3  # archives within archives
_BATCH_ROWS = 4096


def found_in_file(path: Path, sought: Sought) -> tuple[int, int]:
    """How many of the ids, and how many of the pieces, stand in a file.

    Raises:
        OSError: if it cannot be read.
        KeysError: if it is encrypted, and its key is not told.
    """
    return found_in_bytes(path.read_bytes(), sought)


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
