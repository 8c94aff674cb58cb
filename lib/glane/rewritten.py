"""Parquet files encrypted again by the current key: each still counts as the file that it was written from.

Digests of files stand in many places: digests of runs and results, fingerprints, signed briefs, copies of them that
were taken elsewhere. None of them is changed. `.glane-rewritten` beside the files tells which digest a file had before,
with a proof that only who has the key can make: who may write there, and has no key, passes nothing off as it.
"""

from __future__ import annotations

import contextlib
import stat
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

from glane.keys import KEY_COMMAND, KEY_FILE, Keyring, KeysError, keyring
from glane.records import Record, read_record
from glane.storage import replace_file
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


class Rewriting(NamedTuple):
    """A file that is going to be replaced by one that was written from it; three digests."""

    path: Path  # holds the former bytes still
    before: str  # of these
    now: str  # of the new ones
    origin: str  # of the file that both were written from, as `original_digest` tells it


def note_origins(files: Sequence[Rewriting], ring: Keyring) -> None:
    """Say of files in one folder what the new bytes were written from, before they are there; and still of the former.

    `ring` are the keys: the current one makes the proofs.

    Raises:
        RunError: if the file system refuses.
    """
    folder, mode = files[0].path.parent, 0
    told = _read(folder)
    entries = dict(told.files)
    for path, before, now, origin in files:
        proof = ring.wrap(_claim(path, now, origin), ring.current).decode()
        former = {digest: one for digest, one in entries.get(path.name, {}).items() if digest == before}
        entries[path.name] = {**former, now: Origin(digest=origin, key=ring.current, proof=proof)}
        mode |= stat.S_IMODE(path.stat().st_mode)  # who may read the file, and has the key, can tell what it was
    _write(folder, told.model_copy(update={"files": entries}), mode=mode)


def forget(*paths: Path) -> None:
    """Say nothing more of what files were: they hold something else now, or are gone.

    Raises:
        RunError: if the file system refuses.
    """
    for folder in dict.fromkeys(path.parent for path in paths):
        told, names = _read(folder), {path.name for path in paths if path.parent == folder}
        left = {name: origins for name, origins in told.files.items() if name not in names}
        if len(left) < len(told.files):
            _write(folder, told.model_copy(update={"files": left}), mode=0)


def _write(folder: Path, told: RewrittenFiles, *, mode: int) -> None:
    """Write it for those who can read it already, and those of `mode`."""
    content = told.as_json()
    with contextlib.suppress(FileNotFoundError):
        mode |= stat.S_IMODE((folder / REWRITTEN).stat().st_mode)

    replace_file(folder / REWRITTEN, lambda stream: stream.write(content), mode=mode, setting="folder")
    _parsed.cache_clear()


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
    path = folder / REWRITTEN
    try:
        status = path.stat()
        return _parsed(path, (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns))
    except FileNotFoundError:
        return RewrittenFiles()


@lru_cache(maxsize=4)
def _parsed(path: Path, _: tuple[int, ...]) -> RewrittenFiles:
    """What it says, read once while it stays the same: it is asked of each file in a folder."""
    return read_record(RewrittenFiles, path)
