"""Atomic writes: files exist whole or not at all. Errors of the file system become messages with a remedy.

A shared file system sometimes cannot tell: a handle is stale because another node replaced a file, or a server is slow
to answer. What it then says is not taken for an answer: it is asked again, for a bounded time.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import hashlib
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, TypeVar

from glane.errors import RunError

_TAKEN = frozenset({errno.EEXIST, errno.ENOTEMPTY})  # what a rename says where a folder that is not empty stands
_UNKNOWN = frozenset({errno.ESTALE, errno.EIO, errno.ETIMEDOUT, errno.EREMOTEIO, errno.EAGAIN, errno.EINTR})
_PATIENCE_S = 30.0
_NO_EXCHANGE = frozenset({errno.EINVAL, errno.ENOSYS, errno.ENOTSUP})  # what a file system without it says
_HERE, _EXCHANGE = -100, 2  # AT_FDCWD and RENAME_EXCHANGE of renameat2(2)
T = TypeVar("T")


TEMPORARY = r"\.[0-9a-f]{32}\.tmp"  # a pattern: how the name of an unfinished file ends, after "." and its own name


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")


def is_unknown(error: OSError) -> bool:
    """Whether an error of the file system says that it cannot tell, and not how things are."""
    return error.errno in _UNKNOWN


def patiently(do: Callable[[], T]) -> T:
    """Return what `do` returns; ask again, for at most half a minute, while the file system cannot tell.

    Raises:
        OSError: what `do` raised last.
    """
    deadline, pause = time.monotonic() + _PATIENCE_S, 0.05
    while True:
        try:
            return do()
        except OSError as error:
            if not is_unknown(error) or time.monotonic() + pause > deadline:
                raise
        time.sleep(pause)
        pause = min(2 * pause, 2.0)


def exists(path: Path) -> bool:
    """Whether a path exists, also on a shared file system that is slow to tell.

    Raises:
        OSError: if it could not be found out.
    """
    return patiently(path.exists)


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
            errno.ENAMETOOLONG: f"A name in it is too long: choose another {setting}",
            errno.ENOTDIR: f"A file stands where a directory is needed: choose another {setting}",
        }.get(error.errno or 0, "Mend this and run the same command again, nothing committed is lost")
        raise RunError(f"{path}: {error.strerror or 'cannot be written'}. {remedy}.") from None


def listed(folder: Path, pattern: str) -> list[Path]:
    """The paths in a folder that match a pattern, sorted; none if there is no such folder.

    Raises:
        OSError: if it could not be found out.
    """

    def look() -> list[Path]:  # Path.glob takes a folder that may not be read for an empty one
        try:
            next(folder.iterdir(), None)
        except (FileNotFoundError, NotADirectoryError):
            return []
        return sorted(folder.glob(pattern))

    return patiently(look)


def remove(path: Path) -> None:
    """Remove a file if it is there.

    Raises:
        OSError: if the file system refuses.
    """
    patiently(lambda: path.unlink(missing_ok=True))


def content_digest(stream: IO[bytes]) -> str:
    """BLAKE2b of what an open file holds from here on, as 32 hexadecimal digits."""
    return hashlib.file_digest(stream, lambda: hashlib.blake2b(digest_size=16)).hexdigest()  # type: ignore[arg-type]


def bytes_digest(content: bytes) -> str:
    """The same of some bytes."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def write_once(path: Path, write: Callable[[IO[bytes]], object], *, mode: int, setting: str = "run.dir") -> bool:
    """Write a file that appears whole under its final name, or not at all. Return False if it existed already.

    The temporary file is linked to the final name. That fails if the name exists, so the first of two writers wins.
    `setting` is the key that chose the path.

    Raises:
        RunError: if the file system refuses.
    """
    with storage_errors(path, setting=setting):
        return patiently(lambda: _linked(path, write, mode))


def _linked(path: Path, write: Callable[[IO[bytes]], object], mode: int) -> bool:
    temporary = _temporary(path)
    try:
        _write(temporary, write, mode)
        try:
            os.link(temporary, path)
            won = True
        except FileExistsError:
            # Over NFS the acknowledgement of a link may be lost. The count of links shows whether it was made.
            won = os.stat(temporary).st_nlink == 2
        sync(path.parent)
        return won
    finally:
        temporary.unlink(missing_ok=True)


def write_folder_once(path: Path, write: Callable[[Path], None], *, mode: int, setting: str = "run.dir") -> bool:
    """Write a folder that appears whole under its final name, and on the disk, or not at all. False if one was there.

    `write` fills a folder beside it, which is renamed. That fails if a folder with anything in it has the name, so the
    first of two writers wins. `setting` is the key that chose the path.

    Raises:
        RunError: if the file system refuses.
    """
    staging = _temporary(path)
    try:
        with storage_errors(path, setting=setting):
            path.parent.mkdir(parents=True, exist_ok=True)
            staging.mkdir(mode=mode)
        write(staging)
        with storage_errors(path, setting=setting):
            return _renamed(staging, path)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _renamed(staging: Path, path: Path) -> bool:
    try:
        put_folder(staging, path)
    except OSError as error:
        if error.errno in _TAKEN:
            return False
        raise
    return True


def put_folder(new: Path, path: Path) -> None:
    """Give a folder its final name, once all that it holds is on the disk; then the name is there, too.

    Raises:
        OSError: if a folder with anything in it has the name, or the file system refuses.
    """
    for folder, _, names in os.walk(new):
        for name in (*names, ""):
            sync(Path(folder, name))
    os.rename(new, path)
    sync(path.parent)


def exchange(one: Path, other: Path) -> bool:
    """Give two paths each other's content in one step. Return False where the file system cannot, as NFS.

    Raises:
        OSError: if it refuses for another reason.
    """
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is None:
        return False
    if call(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in _NO_EXCHANGE:
        return False
    raise OSError(number, os.strerror(number))


def replace_file(
    path: Path, write: Callable[[IO[bytes]], object], *, mode: int, durable: bool = True, setting: str = "run.dir"
) -> None:
    """Write a file that replaces any former one in one step. If `durable`, its content is on the disk before that.

    `setting` is the key that chose the path.

    Raises:
        RunError: if the file system refuses.
    """
    with storage_errors(path, setting=setting):
        patiently(lambda: _replaced(path, write, mode, durable))


@contextlib.contextmanager
def replacement(path: Path, write: Callable[[IO[bytes]], object], *, mode: int, setting: str) -> Iterator[Path]:
    """Write a file beside another; at the end of the block it takes its place. If that raises, all stays as it was.

    Raises:
        RunError: if the file system refuses. `setting` is the key that chose the path.
    """
    temporary = _temporary(path)
    try:
        with storage_errors(path, setting=setting):
            _write(temporary, write, mode)
        yield temporary
        with storage_errors(path, setting=setting):
            patiently(lambda: os.replace(temporary, path))
    finally:
        temporary.unlink(missing_ok=True)


def _replaced(path: Path, write: Callable[[IO[bytes]], object], mode: int, durable: bool) -> None:
    temporary = _temporary(path)
    try:
        _write(temporary, write, mode, durable=durable)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _write(path: Path, write: Callable[[IO[bytes]], object], mode: int, *, durable: bool = True) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as stream:
        os.fchmod(descriptor, mode)  # the umask may have removed the group's rights
        write(stream)
        stream.flush()
        if durable:
            os.fsync(descriptor)


def sync(path: Path) -> None:
    """Have on the disk what a file holds, or the names in a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
