"""Parquet files encrypted again by the current key: each still counts as the file that it was written from.

Digests of files stand in many places: digests of runs and results, fingerprints, signed briefs, copies of them that
were taken elsewhere. None of them is changed. `.glane-rewritten` beside the files tells which digest a file had before,
with a proof that only who has the key can make: who may write there, and has no key, passes nothing off as it.
"""

from __future__ import annotations

import contextlib
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

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


def note_origin(path: Path, before: str, now: str, origin: str, ring: Keyring) -> None:
    """Say what the new bytes were written from, before they are there; and still of the former ones, until they go.

    Args:
        path: The file, which holds the former bytes still.
        before: The digest of these.
        now: The digest of the new ones.
        origin: The digest of the file that both were written from, as `original_digest` tells it.
        ring: The keys: the current one makes the proof.

    Raises:
        RunError: if the file system refuses.
    """
    told = _read(path.parent)
    proof = ring.wrap(_claim(path, now, origin), ring.current).decode()
    former = {digest: one for digest, one in told.files.get(path.name, {}).items() if digest == before}
    entries = {**former, now: Origin(digest=origin, key=ring.current, proof=proof)}
    mode = stat.S_IMODE(path.stat().st_mode)  # who may read the file, and has the key, can tell what it was
    _write(path.parent, told.model_copy(update={"files": {**told.files, path.name: entries}}), mode=mode)


def forget(path: Path) -> None:
    """Say nothing more of what a file was: it holds something else now, or is gone.

    Raises:
        RunError: if the file system refuses.
    """
    told = _read(path.parent)
    if path.name in told.files:
        left = {name: origins for name, origins in told.files.items() if name != path.name}
        _write(path.parent, told.model_copy(update={"files": left}), mode=0)


def _write(folder: Path, told: RewrittenFiles, *, mode: int) -> None:
    """Write it for those who can read it already, and those of `mode`."""
    content = told.as_json()
    with contextlib.suppress(FileNotFoundError):
        mode |= stat.S_IMODE((folder / REWRITTEN).stat().st_mode)

    replace_file(folder / REWRITTEN, lambda stream: stream.write(content), mode=mode, setting="folder")


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
