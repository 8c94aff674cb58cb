"""Read the documents of a shard. Cells are decoded one by one, so that a bad cell costs one row only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from glane.corpus.files import is_text
from glane.errors import DataError
from glane.types import Document, Shard, Span

_BATCH_ROWS = 256
_BATCH_BYTES = 16 * 2**20  # documents may be so long that _BATCH_ROWS of them would take too much memory


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardRows:
    """The documents of a shard, and in the same order the columns that are copied to the result."""

    documents: list[Document]
    kept: pa.Table


class Reader:
    """Reads shards. If the next shard follows in the same row group, reading continues where it stopped."""

    def __init__(
        self,
        paths: Sequence[str],
        *,
        id_column: str,
        text_column: str,
        input_columns: Sequence[str],
        carry_columns: Sequence[str],
    ) -> None:
        self._paths = paths
        self._id, self._text = id_column, text_column
        self._inputs = tuple(input_columns)
        self._kept = tuple(dict.fromkeys([id_column, *carry_columns]))
        self._columns = list(dict.fromkeys([*self._kept, text_column, *input_columns]))
        self._cursor: _Cursor | None = None

    def read(self, shard: Shard) -> ShardRows:
        """Return the shard's selected rows.

        Raises:
            DataError: if a file is missing, damaged, or has changed since the plan was made.
        """
        documents: list[Document] = []
        tables: list[pa.Table] = []
        for span in shard.spans:
            for batch in self._batches(span):
                documents.extend(self._documents(batch))
                tables.append(pa.table({name: _readable(batch.column(name)) for name in self._kept}))
        return ShardRows(documents=documents, kept=pa.concat_tables(tables))

    def _batches(self, span: Span) -> Iterator[pa.RecordBatch]:
        path = self._paths[span.file_index]
        if self._cursor is None or not self._cursor.reaches(path, span):
            footer = self._cursor.footer if self._cursor is not None and self._cursor.path == path else None
            self._cursor = _Cursor(path, span.row_group, self._columns, footer)
        try:
            for offset, batch in self._cursor.read(span.row_start, span.num_rows):
                if span.selected is None:
                    yield batch
                else:
                    rows = [row - offset for row in span.selected if offset <= row < offset + batch.num_rows]
                    yield batch.take(pa.array(rows, pa.int64()))
        except (OSError, pa.ArrowException):
            self._cursor = None
            raise DataError(
                f"{path}: row group {span.row_group} cannot be read; it was readable when planned."
            ) from None

    def _documents(self, batch: pa.RecordBatch) -> Iterator[Document]:
        texts = _raw(batch.column(self._text))
        inputs = {name: _raw(batch.column(name)) for name in self._inputs}
        for row, identifier in enumerate(batch.column(self._id).to_pylist()):
            text, problem = _decoded(texts[row])
            others = {}
            for name, values in inputs.items():
                others[name], bad = _decoded(values[row])
                problem = problem or bad
            yield Document(id=identifier, text=text, inputs={k: v or "" for k, v in others.items()}, problem=problem)


class _Cursor:
    """A position in one row group. Parquet is read forward only, so starting again is what costs time."""

    def __init__(self, path: str, row_group: int, columns: list[str], footer: pq.FileMetaData | None) -> None:
        """`footer` is the file's, if it is known: that of many row groups takes long to read."""
        self.path, self._row_group = path, row_group
        self._position = 0
        self._rest: pa.RecordBatch | None = None
        try:
            self._file = pq.ParquetFile(path, metadata=footer, pre_buffer=False, buffer_size=2**20)
            self.footer: pq.FileMetaData = self._file.metadata
            rows = _batch_rows(self.footer.row_group(row_group), columns)
            self._iterator = self._file.iter_batches(rows, row_groups=[row_group], columns=columns)
        except (OSError, pa.ArrowException, IndexError):
            raise DataError(f"{path}: cannot be read; it was readable when planned.") from None

    def reaches(self, path: str, span: Span) -> bool:
        return (self.path, self._row_group) == (path, span.row_group) and self._position <= span.row_start

    def read(self, start: int, num_rows: int) -> Iterator[tuple[int, pa.RecordBatch]]:
        """Yield (offset from `start`, batch), until the batches hold `num_rows` rows."""
        end = start + num_rows
        while self._position < end:
            batch = self._rest if self._rest is not None else next(self._iterator, None)
            self._rest = None
            if batch is None:
                raise pa.ArrowInvalid("fewer rows than planned")
            skip = max(0, start - self._position)
            if skip >= batch.num_rows:
                self._position += batch.num_rows
                continue
            used = batch.slice(skip, end - self._position - skip)
            self._position += skip + used.num_rows
            if skip + used.num_rows < batch.num_rows:
                self._rest = batch.slice(skip + used.num_rows)
            yield self._position - used.num_rows - start, used


def _batch_rows(group: pq.RowGroupMetaData, columns: list[str]) -> int:
    """The number of rows to read at once, from the mean size of a row."""
    chunks = [group.column(i) for i in range(group.num_columns)]
    num_bytes = sum(chunk.total_uncompressed_size for chunk in chunks if chunk.path_in_schema.split(".")[0] in columns)
    return int(min(_BATCH_ROWS, max(1, _BATCH_BYTES * group.num_rows // max(num_bytes, 1))))


def _raw(column: pa.Array) -> list[object]:
    """The cells as Python values. Text is returned as bytes, because Arrow's strings may hold invalid UTF-8."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return column.cast(pa.large_binary()).to_pylist() if is_text(column.type) else column.to_pylist()


def _decoded(value: object) -> tuple[str | None, str | None]:
    """Return (text, problem) of one cell."""
    if value is None:
        return None, None
    if not isinstance(value, bytes):
        return (value.isoformat() if hasattr(value, "isoformat") else str(value)), None
    try:
        return value.decode("utf-8"), None
    except UnicodeDecodeError:
        return None, "text is not valid UTF-8"


def _readable(column: pa.Array) -> pa.Array:
    """A column with invalid UTF-8 replaced: a single bad cell would make the whole result unreadable."""
    if not (
        pa.types.is_string(column.type) or pa.types.is_large_string(column.type) or pa.types.is_string_view(column.type)
    ):
        return column
    try:
        column.validate(full=True)
        return column
    except pa.ArrowInvalid:
        decoded = [
            None if cell is None else cell.decode("utf-8", "replace")
            for cell in pc.cast(column, pa.large_binary()).to_pylist()
        ]
        return pa.array(decoded, column.type)
