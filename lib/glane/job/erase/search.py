"""Every byte of a file looked through for what was erased: Parquet decoded, archives unpacked."""

from __future__ import annotations

import contextlib
import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

import polars as pl
import pyarrow as pa

from glane.errors import GlaneError, UnreadableError
from glane.job.erase.pieces import Found, Sought, readings, strings_in
from glane.job.erase.standing import longer_ids
from glane.parquet import PARQUET, is_parquet, open_parquet, parquet_schema, read_parquet
from glane.tables.frames import is_table, read_frame

_ZIP, _GZIP = b"PK\x03\x04", b"\x1f\x8b"
_DEEPEST = 3  # archives within archives
_BATCH_ROWS = 4096


def found_in_files(files: Mapping[Path, bytes | None], sought: Sought) -> dict[Path, Found | Exception]:
    """What stands in files, or would stand in one that held what is given; an error of one that cannot be read.

    All are searched together, as what searches for very many pieces takes longer to be made than to search a file.
    """
    done: dict[Path, Found | Exception] = {}

    def texts() -> Iterator[tuple[Path, str]]:
        for path, given in files.items():
            try:
                content = path.read_bytes() if given is None else given
                done[path] = Found(ids=sought.ids_in(content))
                yield from ((path, text) for text in _texts(content, _DEEPEST))
            except (OSError, GlaneError) as error:
                done[path] = error

    in_texts = sought.found_in(texts())
    for path, found in done.items():
        if isinstance(found, Found):
            found.add(in_texts.get(path, Found()))
            if found.ids and (longer := longer_ids(_columns(path, sought), sought.ids)):  # of others that no run has
                content = files[path]
                done[path] = found_in_bytes(path.read_bytes() if content is None else content, sought.beside(longer))
    return done


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


def found_in_bytes(content: bytes, sought: Sought) -> Found:
    """The same of some bytes."""
    found = Found(ids=sought.ids_in(content))
    for one in sought.found_in((None, text) for text in _texts(content, _DEEPEST)).values():
        found.add(one)
    return found


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
            raise _packed() from None


def _of_parquet(content: bytes) -> Iterator[str]:
    try:
        with open_parquet(io.BytesIO(content)) as parquet:
            yield from strings_in({str(name): value for name, value in (parquet.schema_arrow.metadata or {}).items()})
            for batch in parquet.iter_batches(_BATCH_ROWS):
                yield "\n".join(strings_in(batch.to_pylist()))
    except (pa.ArrowException, OSError):  # of bytes that were read
        raise _packed() from None


def _of_zip(content: bytes, depth: int) -> Iterator[str]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                yield name
                yield from _texts(archive.read(name), depth - 1)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, zlib.error):
        raise _packed() from None


def _packed() -> UnreadableError:
    return UnreadableError(
        "what is packed in it cannot be read (damaged, or kept by a password). Look at it yourself, or remove it"
    )
