"""Parquet files encrypted again by the current key: each still counts as the file that it was written from.

Digests of files stand in many places: digests of runs and results, fingerprints, signed briefs, copies of them that
were taken elsewhere. None of them is changed. `.glane-rewritten` beside the files tells which digest a file had before,
with a proof that only who has the key can make: who may write there, and has no key, passes nothing off as it.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Literal

import polars as pl

from glane.errors import RunError
from glane.keys import KEY_COMMAND, KEY_FILE, Keyring, KeysError, keyring
from glane.parquet import key_of, open_parquet, parquet_writer
from glane.records import Record, read_record
from glane.storage import content_digest, replace_file
from glane.validation import Strict

REWRITTEN = ".glane-rewritten"


class Origin(Strict):
    """The digest of the file that another one was written from. `proof` is of both, by a key."""

    digest: str
    key: str
    proof: str


class RewrittenFiles(Record):
    """What `.glane-rewritten` says of files in its folder: by name, and by the digest of their bytes."""

    kind: Literal["glane rewritten files"] = "glane rewritten files"
    version: Literal[1] = 1
    files: Mapping[str, Mapping[str, Origin]] = {}


def original_digest(path: Path, digest: str) -> str:
    """The digest of the file that this one was written from, if it was encrypted again; else its own, `digest`.

    Raises:
        KeysError: if it is said that it was encrypted again, and the key that proves it is not told.
        RecordError: if what tells of it is damaged.
    """
    if not (path.parent / REWRITTEN).exists() and not path.is_symlink():
        return digest
    there = path.resolve()
    origin = _read(there.parent).files.get(there.name, {}).get(digest)
    return digest if origin is None or not _is_proven(there, digest, origin) else origin.digest


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
            _note(path, before, _digest(new), origin, ring)

    replace_file(
        path, lambda stream: _copy(path, stream), mode=stat.S_IMODE(status.st_mode), setting="folder", before=check
    )


def forget(path: Path) -> None:
    """Say nothing more of what a file was: it holds something else now, or is gone.

    Raises:
        RunError: if the file system refuses.
    """
    told = _read(path.parent)
    if path.name in told.files:
        left = {name: origins for name, origins in told.files.items() if name != path.name}
        _write(path.parent, told.model_copy(update={"files": left}), mode=0)


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


def _note(path: Path, before: str, now: str, origin: str, ring: Keyring) -> None:
    """Say what the new bytes were written from, before they are there; and still of the former ones, until they go."""
    told = _read(path.parent)
    proof = ring.wrap(_claim(path, now, origin), ring.current).decode()
    former = {digest: one for digest, one in told.files.get(path.name, {}).items() if digest == before}
    entries = {**former, now: Origin(digest=origin, key=ring.current, proof=proof)}
    mode = stat.S_IMODE(path.stat().st_mode)  # who may read the file, and has the key, can tell what it was
    _write(path.parent, told.model_copy(update={"files": {**told.files, path.name: entries}}), mode=mode)


def _write(folder: Path, told: RewrittenFiles, *, mode: int) -> None:
    """Write it for those who can read it already, and those of `mode`."""
    content = told.as_json()
    with contextlib.suppress(FileNotFoundError):
        mode |= stat.S_IMODE((folder / REWRITTEN).stat().st_mode)

    def write(stream: IO[bytes]) -> None:
        stream.write(content)

    replace_file(folder / REWRITTEN, write, mode=mode, setting="folder")


def _is_proven(path: Path, digest: str, origin: Origin) -> bool:
    ring = keyring()
    if ring is None:
        raise KeysError(
            f"{path}: encrypted again since its digest was taken, and no key is told that proves it. Set {KEY_FILE} or "
            f"{KEY_COMMAND}."
        )
    try:
        return ring.unwrap(origin.proof.encode(), origin.key) == _claim(path, digest, origin.digest)
    except (KeysError, ValueError):  # no proof at all, or the key is lacking
        if origin.key in ring.keys:
            return False
        raise


def _claim(path: Path, digest: str, origin: str) -> bytes:
    return f"{path.name} {digest} {origin}".encode()


def _read(folder: Path) -> RewrittenFiles:
    try:
        return read_record(RewrittenFiles, folder / REWRITTEN)
    except FileNotFoundError:
        return RewrittenFiles()


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return content_digest(stream)
