"""One Parquet file encrypted again by the current key, compared row by row with the one that it takes the place of."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import polars as pl

from glane.errors import RunError
from glane.keys import Keyring, KeysError, keyring
from glane.parquet import key_of, open_parquet, parquet_writer
from glane.rewritten import Rewriting, note_origins, original_digest
from glane.storage import content_digest, replacement


def rewrite(*paths: Path, is_noted: bool = True) -> None:
    """Encrypt files of one folder by the current key.

    Whenever this ends, each holds the former bytes or the new ones, of equal rows. `is_noted` says that their digests
    may have been taken: then it is written down which ones those were, at once, before the first file is replaced.

    Raises:
        KeysError: if no key is told, or not that of a file.
        RunError: if a new file would not hold the same, or the file system refuses.
    """
    ring = keyring()
    if ring is None:
        raise KeysError(f"{paths[0]}: no key is told that it could be encrypted with.")
    with contextlib.ExitStack() as stack:
        noted = [stack.enter_context(_again(path, ring)) for path in paths]
        if is_noted:
            note_origins(noted, ring)


@contextlib.contextmanager
def _again(path: Path, ring: Keyring) -> Iterator[Rewriting]:
    """Write a file anew beside it; it is replaced at the end of the block."""
    status, before = path.stat(), _digest(path)
    origin = original_digest(path, before)
    with replacement(
        path, lambda stream: _copy(path, stream), mode=stat.S_IMODE(status.st_mode), setting="folder"
    ) as new:
        if key_of(new) != ring.current or not _hold_the_same(path, new):
            raise RunError(
                f"{path}: encrypted again, it would not hold the same, and stays as it is. Please report it."
            )
        os.utime(new, ns=(status.st_atime_ns, status.st_mtime_ns))  # a part's is the time when it was committed
        yield Rewriting(path, before, _digest(new), origin)


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
