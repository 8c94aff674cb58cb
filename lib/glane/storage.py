"""Files that exist whole or not at all, and the words for what a file system refuses."""

from __future__ import annotations

import contextlib
import errno
import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from glane.errors import RunError


@contextlib.contextmanager
def storage_errors(path: Path, *, setting: str = "run.dir") -> Iterator[None]:
    """Turn what the file system refuses (full, read-only, no rights) into a `RunError` that says what to do.

    `setting` is the key that chose the place.
    """
    try:
        yield
    except OSError as error:
        remedy = {
            errno.ENOSPC: "The disk is full: free space and run the same command again, nothing committed is lost",
            errno.EDQUOT: "The quota is used up: free space and run the same command again, nothing committed is lost",
            errno.EACCES: f"Give yourself write access, or choose another {setting}",
            errno.EROFS: f"The file system is read-only: choose another {setting}",
            errno.ENOTDIR: f"A file stands where a directory is needed: choose another {setting}",
        }.get(error.errno or 0, "Mend this and run the same command again, nothing committed is lost")
        raise RunError(f"{path}: {error.strerror or 'cannot be written'}. {remedy}.") from None


def write_once(path: Path, write: Callable[[IO[bytes]], None], *, mode: int) -> bool:
    """Write a file that appears whole under its final name, or not at all. Return False if it existed already.

    The temporary file is linked to the final name, which fails if that exists: of two writers, the first wins.
    """
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    with storage_errors(path):
        try:
            _write(temporary, write, mode)
            try:
                os.link(temporary, path)
                won = True
            except FileExistsError:
                # Over NFS a link can be made and its acknowledgement lost; the count of links tells.
                won = os.stat(temporary).st_nlink == 2
            _sync_directory(path.parent)
            return won
        finally:
            temporary.unlink(missing_ok=True)


def replace_file(
    path: Path, write: Callable[[IO[bytes]], None], *, mode: int, durable: bool = True, setting: str = "run.dir"
) -> None:
    """Write a file that replaces any former one in one step; `setting` as of `storage_errors`."""
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    with storage_errors(path, setting=setting):
        try:
            _write(temporary, write, mode, durable=durable)
            os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def _write(path: Path, write: Callable[[IO[bytes]], None], mode: int, *, durable: bool = True) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as stream:
        os.fchmod(descriptor, mode)  # the umask may have taken the group's rights away
        write(stream)
        stream.flush()
        if durable:
            os.fsync(descriptor)


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
