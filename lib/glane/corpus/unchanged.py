"""Whether input files are still those that were planned: by size, times and inode; where these differ, by content."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field as Key

from glane.errors import DataError, UnreadableError
from glane.regular import open_file
from glane.rewritten import original_digest
from glane.storage import content_digest as stored_digest
from glane.storage import patiently
from glane.validation import Strict

_READERS = 8


@dataclass(frozen=True, slots=True)
class Identity:
    """What a file system says of a file. It changes with its content, and also with a harmless touch or copy.

    ctime is in it because a tool can set mtime back. The device is not: nodes number their mounts differently.
    """

    num_bytes: int
    mtime_ns: int
    ctime_ns: int
    inode: int


class KnownFile(Strict):
    """One input file as it was when the run began. `digest` is of its content; empty if none was taken."""

    path: str
    rows: int
    bytes: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    digest: str
    erased: bool = Key(default=False, exclude_if=lambda value: not value)  # documents were, of the run that reads it

    @property
    def identity(self) -> Identity:
        """What the file system said of it."""
        return Identity(self.bytes, self.mtime_ns, self.ctime_ns, self.inode)


def identity(path: str) -> Identity:
    """What the file system says of a file now.

    Raises:
        DataError: if the file cannot be looked at.
    """
    try:
        return _of(patiently(lambda: os.stat(path)))
    except OSError as error:
        raise DataError(
            f"{path}: cannot be read ({error.strerror}). Put it back and run the same command again."
        ) from None


def _of(status: os.stat_result) -> Identity:
    return Identity(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


class Unchanged:
    """Proves for one process that input files are those of the plan."""

    def __init__(self, files: Sequence[KnownFile]) -> None:
        self._files = files
        self._proved: dict[int, Identity] = {}  # files that are the same by content, though not by what is said of them

    def prove(self, index: int) -> Identity:
        """Prove that a file, by its number in the plan, has the planned content. Return what is said of it now.

        It costs one look at the file. Only where that differs from the plan's is the content read again.

        Raises:
            DataError: if the file is missing or has another content.
        """
        file = self._files[index]
        now = identity(file.path)
        if now in (file.identity, self._proved.get(index)):
            return now
        if not file.digest or content_digest(file.path, now) != file.digest:
            raise DataError(_changed(file))
        self._proved[index] = now
        return now

    def prove_all(self) -> None:
        """Prove it of every file; raises as `prove` does."""
        with ThreadPoolExecutor(max_workers=_READERS) as pool:
            list(pool.map(self.prove, range(len(self._files))))


def _changed(file: KnownFile) -> str:
    if file.erased:  # to put it back would bring back whom it was changed for
        return (
            f"{file.path}: has changed, and documents were erased of the run that reads it. If they were taken out of "
            "this file since, texts of its other documents can neither be shown from it nor asked again. The result "
            "stays readable: rows, values, quotes, and what is made of these alone. For texts, extract the file as it "
            "is now into another run.dir."
        )
    return (
        f"{file.path}: has changed since the run began. Its answers would be about other documents. Put the "
        "former file back and run the same command again, or choose another run.dir for the new one."
    )


def content_digest(path: str, known: Identity | None = None) -> str:
    """BLAKE2b of a file's bytes, as 32 hexadecimal digits; of those it had before it was encrypted again, if it was.

    Raises:
        DataError: if the file cannot be read, or is not the file `known` from the first byte to the last.
    """
    try:
        with open_file(Path(path)) as stream:
            digest = stored_digest(stream)
            if known is not None and _of(os.fstat(stream.fileno())) != known:
                raise DataError(f"{path}: was changed while it was read. Run the command again once it is at rest.")
            return original_digest(Path(path), digest)
    except OSError as error:
        raise UnreadableError(f"{path}: cannot be read ({error.strerror}).") from None
