"""One Parquet file encrypted again by the current key, compared row by row with the one that it takes the place of."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import IO, Any

import polars as pl

from glane.errors import RunError
from glane.keys import KeysError, keyring
from glane.parquet import key_of, open_parquet, parquet_writer
from glane.rewritten import note_origin, original_digest
from glane.storage import content_digest, replace_file


def rewrite(path: Path, *, is_noted: bool = True) -> None:
    """Encrypt a file by the current key. Whenever this ends, it holds the former bytes or the new ones, of equal rows.

    `is_noted` says that its digest may have been taken: then it is written down which one that was.

    Raises:
        KeysError: if no key is told, or not that of the file.
        RunError: if the new file would not hold the same, or the file system refuses.
    """
    ring = keyring()
    if ring is None:
        raise KeysError(f"{path}: no key is told that it could be encrypted with.")
    status, before = path.stat(), _digest(path)
    origin = original_digest(path, before)

    def check(new: Path) -> None:
        if key_of(new) != ring.current or not _hold_the_same(path, new):
            raise RunError(
                f"{path}: encrypted again, it would not hold the same, and stays as it is. Please report it."
            )
        os.utime(new, ns=(status.st_atime_ns, status.st_mtime_ns))  # a part's is the time when it was committed
        if is_noted:
            note_origin(path, before, _digest(new), origin, ring)

    replace_file(
        path, lambda stream: _copy(path, stream), mode=stat.S_IMODE(status.st_mode), setting="folder", before=check
    )


def _copy(path: Path, stream: IO[bytes]) -> None:
    with open_parquet(path) as source, parquet_writer(stream, source.schema_arrow) as writer:
        for number in range(source.num_row_groups):
            rows = source.read_row_group(number)
            writer.write_table(rows, row_group_size=max(1, rows.num_rows))


def _hold_the_same(one: Path, other: Path) -> bool:
    """Whether two files hold the same columns, rows, groups of rows, and words in the footer."""
    with open_parquet(one) as a, open_parquet(other) as b:
        return (
            a.schema_arrow.equals(b.schema_arrow, check_metadata=True)
            and a.num_row_groups == b.num_row_groups
            and all(_are_equal(a.read_row_group(at), b.read_row_group(at)) for at in range(a.num_row_groups))
        )


def _are_equal(one: Any, other: Any) -> bool:
    if one.equals(other):
        return True
    frames = [pl.DataFrame(pl.from_arrow(table)) for table in (one, other)]  # for which a NaN is a NaN
    return frames[0].equals(frames[1])


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return content_digest(stream)
