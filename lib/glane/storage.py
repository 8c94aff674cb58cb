"""Atomic writes: files exist whole or not at all. Errors of the file system become messages with a remedy."""

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
    """Turn errors of the file system (full, read-only, no rights) into a `RunError` that says what to do.

    `setting` is the key that chose the path.

    Raises:
        RunError: in place of an OSError.
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

    The temporary file is linked to the final name. That fails if the name exists, so the first of two writers wins.

    Raises:
        RunError: if the file system refuses.
    """
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    with storage_errors(path):
        try:
            _write(temporary, write, mode)
            try:
                os.link(temporary, path)
                won = True
            except FileExistsError:
                # Over NFS the acknowledgement of a link may be lost. The count of links shows whether it was made.
                won = os.stat(temporary).st_nlink == 2
            _sync_directory(path.parent)
            return won
        finally:
            temporary.unlink(missing_ok=True)


def replace_file(
    path: Path, write: Callable[[IO[bytes]], None], *, mode: int, durable: bool = True, setting: str = "run.dir"
) -> None:
    """Write a file that replaces any former one in one step. If `durable`, its content is on the disk before that.

    `setting` is the key that chose the path.

    Raises:
        RunError: if the file system refuses.
    """
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
        os.fchmod(descriptor, mode)  # the umask may have removed the group's rights
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
