"""Regular files, opened and read within bounds: others may put a pipe, a device or a hole of a terabyte there."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import IO

_MOST_BYTES = 2**29  # of a file that is read into memory whole: a record, a text
_PARQUET_ENDS = (b"PAR1", b"PARE")  # plain and encrypted
_SHORT = ("", ".json", ".html", ".yaml", ".md")  # endings of what is read, or was made, in memory
# What is raised where something else stands: a folder, a pipe, a socket, a loop of links, more than glane writes.
_OTHER = frozenset({errno.EISDIR, errno.ENODEV, errno.ENXIO, errno.ELOOP, errno.EFBIG})


def is_no_file(error: OSError) -> bool:
    """Whether an error of these functions says that something else stands there, and not that it may not be read."""
    return error.errno in _OTHER


def open_file(path: Path) -> IO[bytes]:
    """Open a regular file for reading. Others may put something else in its place, whose end would never come.

    Raises:
        OSError: if it cannot be opened, or is a pipe, a device, a socket or a folder.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe would wait for a writer
    kind = os.fstat(descriptor).st_mode
    if stat.S_ISREG(kind):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    if stat.S_ISDIR(kind):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    raise OSError(errno.ENODEV, "it is no regular file")


def read_open(stream: IO[bytes]) -> bytes:
    """All that an open file holds that is read into memory whole: a record, a text.

    Raises:
        OSError: as `check_size`; a file with a hole can be as long as one likes.
    """
    check_size(stream)
    return stream.read()


def check_size(stream: IO[bytes]) -> None:
    """Refuse an open file that is larger than any that glane reads into memory whole.

    Raises:
        OSError: if it is.
    """
    if os.fstat(stream.fileno()).st_size > _MOST_BYTES:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))


def check_written(path: Path, stream: IO[bytes]) -> None:
    """Refuse an open file that no glane wrote, before all of it is read: a hole may be as long as one likes.

    Raises:
        OSError: if it is larger than what is written in memory, or large and ends otherwise than Parquet does.
    """
    if path.suffix in _SHORT:
        check_size(stream)
    elif path.suffix == ".parquet" and os.fstat(stream.fileno()).st_size > _MOST_BYTES:
        stream.seek(-len(_PARQUET_ENDS[0]), os.SEEK_END)
        if stream.read() not in _PARQUET_ENDS:
            raise OSError(errno.EFBIG, "it is large, and no Parquet")
        stream.seek(0)


def content_of(path: Path) -> bytes:
    """What a regular file holds, into memory.

    Raises:
        OSError: as `open_file` and `read_open`.
    """
    with open_file(path) as stream:
        return read_open(stream)
