"""The rows of a shard while its files are read: in memory, or, of long texts, in a file that has no name."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from types import TracebackType
from typing import IO

import pyarrow as pa

from glane.errors import RunError

_IN_MEMORY = 128 * 2**20  # bytes


class Spill:
    """Collects tables of one schema. More than some of them are on the disk of TMPDIR, gone with this process."""

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema
        self._tables: list[pa.Table] = []
        self._open = contextlib.ExitStack()
        self._stream: IO[bytes] | None = None
        self._writer: pa.RecordBatchFileWriter | None = None

    def __enter__(self) -> Spill:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with contextlib.suppress(OSError):
            self._open.close()

    def add(self, table: pa.Table) -> None:
        """Keep the rows of a table.

        Raises:
            RunError: if the disk does not take them.
        """
        self._tables.append(table)
        if sum(one.nbytes for one in self._tables) <= _IN_MEMORY:
            return
        with _disk():
            if self._stream is None or self._writer is None:
                self._stream = self._open.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
                self._writer = pa.ipc.new_file(self._stream, self._schema)
            for one in self._tables:
                self._writer.write_table(one)
            self._tables = []

    def table(self) -> pa.Table:
        """All rows, in their order. Those on the disk are mapped: the system reads them when they are looked at.

        Raises:
            RunError: if the disk does not take them.
        """
        if self._stream is None or self._writer is None:
            return pa.concat_tables(self._tables)
        with _disk():
            self._writer.close()
            self._stream.flush()
            mapped = pa.memory_map(f"/proc/self/fd/{self._stream.fileno()}")
            return pa.concat_tables([pa.ipc.open_file(mapped).read_all(), *self._tables])


@contextlib.contextmanager
def _disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RunError(
            f"{tempfile.gettempdir()}: {error.strerror or 'cannot be written'}. The texts of the files of a shard are "
            "kept there where they are long: set TMPDIR to a place with room, or lower run.shard_rows."
        ) from None
