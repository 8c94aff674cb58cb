"""Files opened as the bytes of their content: plain, or packed by gzip or zstd."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

import pyarrow as pa

from glane.errors import DataError

_MOST_SWELLING, _ALWAYS_FINE = 1000, 2**30  # a file of text that unpacks to more than this is made to fill disks


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for reading, unpacked. Other errors of the file system go through.

    Raises:
        DataError: while it is read, if it is packed and damaged, or unpacks to a thousand times its size.
    """
    ending = path.suffix.lower()
    with path.open("rb") as plain:
        if ending not in (".gz", ".zst"):
            yield plain
            return
        packed = gzip.GzipFile(fileobj=plain) if ending == ".gz" else pa.CompressedInputStream(plain, "zstd")
        bounded = _Bounded(packed, path, most=max(_ALWAYS_FINE, _MOST_SWELLING * path.stat().st_size))
        yield cast(IO[bytes], io.BufferedReader(bounded, 2**20))


class _Bounded(io.RawIOBase):
    """What a packed file holds, as far as it is of a size that a table may have."""

    def __init__(self, packed: Any, path: Path, *, most: int) -> None:
        self._packed, self._path, self._most, self._num_read = packed, path, most, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            content = self._packed.read(len(buffer))
        except (EOFError, zlib.error, OSError, pa.ArrowException):
            raise DataError(f"{self._path}: cannot be unpacked: it is damaged or cut off. Copy it again.") from None
        self._num_read += len(content)
        if self._num_read > self._most:
            raise DataError(
                f"{self._path}: unpacks to more than {self._most} bytes, a thousand times its size. If it is sound, "
                "unpack it yourself."
            )
        buffer[: len(content)] = content
        return len(content)
