"""Copies of files, with digests of what was read and of what is on the disk then; several at once, gone on with."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from glane.engine.manifest import StagedFile
from glane.errors import DataError, RunError
from glane.storage import storage_errors, sync

PART = ".part"
_COPIERS = 4
_CHUNK = 16 * 2**20
_TRIES = 2  # to make a copy that is the same


class _OneFailedError(Exception):
    """Another file could not be copied: that one says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Digests:
    sha256: str
    blake2b: str


def copy_files(files: Mapping[str, Path], folder: Path, *, setting: str) -> list[StagedFile]:
    """Copy files to relative paths in a folder, and verify that the disk holds what was read.

    What an earlier call left there is gone on with. `setting` is the key that chose the folder.

    Raises:
        DataError: if a file changes while it is read.
        RunError: if the file system refuses, or a copy comes out differently.
    """
    stop = threading.Event()

    def copy(name: str) -> StagedFile:
        try:
            with storage_errors(folder / name, setting=setting):
                return _verified(name, files[name], folder / name, stop)
        except BaseException:
            stop.set()
            raise

    with ThreadPoolExecutor(_COPIERS) as pool:
        running = [pool.submit(copy, name) for name in sorted(files)]
    errors = [error for one in running if (error := one.exception()) is not None]
    for error in sorted(errors, key=lambda one: isinstance(one, _OneFailedError)):
        raise error
    return [one.result() for one in running]


def _verified(name: str, source: Path, target: Path, stop: threading.Event) -> StagedFile:
    target.parent.mkdir(parents=True, exist_ok=True)
    for _ in range(_TRIES):
        read, size = _copied(source, target, stop)
        if _on_disk(target, stop) == read:
            return StagedFile(path=name, bytes=size, sha256=read.sha256, digest=read.blake2b)
        target.unlink()
    raise RunError(f"{target}: the disk held something else than was written, {_TRIES} times. Is it sound?")


def _copied(source: Path, target: Path, stop: threading.Event) -> tuple[_Digests, int]:
    """Copy a file, from where an earlier copy of it ended. It gets its name when all of it is on the disk."""
    part = target.with_name(target.name + PART)
    if target.exists():
        target.chmod(0o600)  # an earlier call was killed once all was there
        target.replace(part)
    with (
        open(source, "rb") as original,
        open(os.open(part, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600), "r+b") as copy,
    ):
        before = os.fstat(original.fileno())
        done = copy.seek(0, os.SEEK_END)
        if done > before.st_size:
            done = copy.seek(copy.truncate(0))
        digests, read = _Hashing(), 0
        while read <= before.st_size and (chunk := original.read(_CHUNK)):  # one that grows is not followed for ever
            if stop.is_set():
                raise _OneFailedError
            digests.update(chunk)
            if (begin := max(0, done - read)) < len(chunk):
                copy.write(chunk[begin:])
            read += len(chunk)
        copy.flush()
        os.fsync(copy.fileno())
        after = os.fstat(original.fileno())
        if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns) or read != after.st_size:
            raise DataError(f"source: {source} was changed while it was read. Stage the model once it is at rest.")
    part.replace(target)
    return digests.done(), read


class _Hashing:
    def __init__(self) -> None:
        self._sha256, self._blake2b = hashlib.sha256(), hashlib.blake2b(digest_size=16)

    def update(self, chunk: bytes) -> None:
        self._sha256.update(chunk)
        self._blake2b.update(chunk)

    def done(self) -> _Digests:
        return _Digests(sha256=self._sha256.hexdigest(), blake2b=self._blake2b.hexdigest())


def _on_disk(path: Path, stop: threading.Event) -> _Digests:
    """The digests of what a file holds, read from the disk and not from what memory kept of it."""
    sync(path)
    digests = _Hashing()
    with open(path, "rb") as stream:
        os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        while chunk := stream.read(_CHUNK):
            if stop.is_set():
                raise _OneFailedError
            digests.update(chunk)
    return digests.done()


def digests_of(path: Path) -> tuple[str, str]:
    """SHA-256 and BLAKE2b of what a file holds on the disk."""
    found = _on_disk(path, threading.Event())
    return found.sha256, found.blake2b
