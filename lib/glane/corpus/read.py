"""Read the documents of a shard. Cells are decoded one by one, so that a bad cell costs one row only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from glane.corpus.columns import is_text
from glane.corpus.ids import IdsDigest, as_ids
from glane.corpus.readable import readable
from glane.corpus.shard import Shard, Span
from glane.corpus.unchanged import Identity, KnownFile, Unchanged
from glane.errors import DataError
from glane.parquet import open_parquet
from glane.types import Document

_BATCH_ROWS = 256
_MOST_READS = 3
_BATCH_BYTES = 16 * 2**20  # documents may be so long that _BATCH_ROWS of them would take too much memory


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A cell whose text is not there, and why."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardRows:
    """The documents of a shard, and in the same order the columns that are copied to the result."""

    documents: list[Document]
    kept: pa.Table


class Reader:
    """Reads shards. If the next shard follows in the same row group, reading continues where it stopped."""

    def __init__(
        self,
        files: Sequence[KnownFile],
        *,
        id_column: str,
        text_column: str,
        input_columns: Sequence[str],
        carry_columns: Sequence[str],
        number_rows: bool = False,
        problem_column: str | None = None,
    ) -> None:
        """`id_column` is the name of the ids in the result; with `number_rows` it is no column of the input.

        `problem_column` tells why a text is not there, if it is known.
        """
        self._id, self._text, self._problem = id_column, text_column, problem_column
        self._inputs = tuple(input_columns)
        self._carried = tuple(name for name in dict.fromkeys(carry_columns) if name != id_column or number_rows)
        columns = dict.fromkeys([*self._carried, text_column, *input_columns, *told_columns(problem_column)])
        self._spans = SpanReader(files, id_column=None if number_rows else id_column, columns=list(columns))

    def read(self, shard: Shard) -> ShardRows:
        """Return the shard's selected rows.

        Raises:
            DataError: if a file is missing, damaged, or has changed since the plan was made.
        """
        documents: list[Document] = []
        tables: list[pa.Table] = []
        for span in shard.spans:
            for ids, batch in self._spans.read(span):
                documents.extend(self._documents(ids, batch))
                carried = {name: readable(batch.column(name)) for name in self._carried}
                tables.append(pa.table({self._id: ids, **carried}))
        return ShardRows(documents=documents, kept=pa.concat_tables(tables))

    def _documents(self, ids: pa.Array, batch: pa.RecordBatch) -> Iterator[Document]:
        texts = texts_of(batch, self._text, self._problem)
        inputs = {name: raw(batch.column(name)) for name in self._inputs}
        for row, identifier in enumerate(ids.to_pylist()):
            text, problem = decoded(texts[row])
            others = {}
            for name, values in inputs.items():
                others[name], bad = decoded(values[row])
                problem = problem or bad
            yield Document(id=identifier, text=text, inputs={k: v or "" for k, v in others.items()}, problem=problem)


class SpanReader:
    """Reads the selected rows of spans: their ids, and some columns. Proves that they are those of the plan."""

    def __init__(
        self,
        files: Sequence[KnownFile],
        *,
        id_column: str | None,
        columns: Sequence[str] = (),
        batch_rows: int = _BATCH_ROWS,
    ) -> None:
        """`id_column` None numbers the rows: from 1, over all files in order. A batch has at most `batch_rows`."""
        self._files, self._id, self._batch_rows = files, id_column, batch_rows
        self._columns = list(dict.fromkeys([*([] if id_column is None else [id_column]), *columns]))
        self._unchanged = Unchanged(files)
        self._cursor: _Cursor | None = None
        self._opened: Identity | None = None  # of the cursor's file
        self._file_starts = list(accumulate((file.rows for file in files), initial=1))
        self._group_starts: tuple[int, list[int]] = (-1, [])  # of the file with this number

    def read(self, span: Span) -> Iterator[tuple[pa.Array, pa.RecordBatch]]:
        """Yield (ids, columns) of the selected rows of a span, in batches.

        A file that is touched while it is read is read again, as what was read may be of a moment in between.

        Raises:
            DataError: if the file is missing, damaged, or has changed since the plan was made.
        """
        for _ in range(_MOST_READS):
            found = list(self._read_once(span))
            if self._unchanged.prove(span.file_index) == self._opened:
                yield from found
                return
            self._cursor = None
        raise DataError(
            f"{self._files[span.file_index].path}: changes again and again while it is read. Run the same command "
            "again once it is at rest."
        )

    def _read_once(self, span: Span) -> Iterator[tuple[pa.Array, pa.RecordBatch]]:
        digest = IdsDigest()
        selected = None if span.selected is None else np.array(span.selected, np.int64)
        for offset, batch in self._batches(span):
            ids = self._ids(span, offset, batch)
            if selected is not None:
                low, high = np.searchsorted(selected, [offset, offset + batch.num_rows])
                chosen = pa.array(selected[low:high] - offset)
                ids, batch = ids.take(chosen), batch.take(chosen)
            digest.add(ids)
            yield ids, batch
        if span.ids is not None and digest.digest() != span.ids:
            if self._files[span.file_index].erased:
                raise DataError(
                    f"{self._files[span.file_index].path}: row group {span.row_group} has other ids than when the run "
                    "began, and documents were erased of it since. Choose another run.dir for the file as it is now."
                )
            raise DataError(
                f"{self._files[span.file_index].path}: row group {span.row_group} has other ids than when the run "
                "began. Put the former file back and run the same command again, or choose another run.dir."
            )

    def _batches(self, span: Span) -> Iterator[tuple[int, pa.RecordBatch]]:
        path = self._files[span.file_index].path
        try:
            if self._cursor is None or not self._cursor.reaches(path, span):
                self._open(span)
            assert self._cursor is not None
            yield from self._cursor.read(span.row_start, span.num_rows)
        except (OSError, pa.ArrowException):
            self._cursor = None
            self._unchanged.prove(span.file_index)  # says so if another file is there now
            raise DataError(
                f"{path}: row group {span.row_group} cannot be read; it was readable when planned."
            ) from None

    def _open(self, span: Span) -> None:
        """Open a row group of the planned file. `read` proves at its end that it is still the same."""
        path = self._files[span.file_index].path
        footer = self._cursor.footer if self._cursor is not None and self._cursor.path == path else None
        self._opened = self._unchanged.prove(span.file_index)
        self._cursor = _Cursor(path, span.row_group, self._columns, footer, batch_rows=self._batch_rows)

    def _ids(self, span: Span, offset: int, batch: pa.RecordBatch) -> pa.Array:
        if self._id is not None:
            return as_ids(batch.column(self._id), place=self._files[span.file_index].path)
        first = self._file_starts[span.file_index] + self._group_start(span) + span.row_start + offset
        return pa.array(range(first, first + batch.num_rows), pa.int64())

    def _group_start(self, span: Span) -> int:
        """The number of rows before a row group in its file."""
        if self._group_starts[0] != span.file_index:
            assert self._cursor is not None
            footer = self._cursor.footer
            sizes = (footer.row_group(index).num_rows for index in range(footer.num_row_groups))
            self._group_starts = (span.file_index, list(accumulate(sizes, initial=0)))
        return self._group_starts[1][span.row_group]


class _Cursor:
    """A position in one row group. Parquet is read forward only, so starting again is what costs time."""

    def __init__(
        self, path: str, row_group: int, columns: list[str], footer: pq.FileMetaData | None, *, batch_rows: int
    ) -> None:
        """`footer` is the file's, if it is known: that of many row groups takes long to read."""
        self.path, self._row_group = path, row_group
        self._position = 0
        self._rest: pa.RecordBatch | None = None
        try:
            self._file = open_parquet(path, metadata=footer, pre_buffer=False, buffer_size=2**20)
            self.footer: pq.FileMetaData = self._file.metadata
            rows = _batch_rows(self.footer.row_group(row_group), columns, batch_rows)
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


def _batch_rows(group: pq.RowGroupMetaData, columns: list[str], most: int) -> int:
    """The number of rows to read at once, from the mean size of a row."""
    chunks = [group.column(i) for i in range(group.num_columns)]
    num_bytes = sum(chunk.total_uncompressed_size for chunk in chunks if chunk.path_in_schema.split(".")[0] in columns)
    return int(min(most, max(1, _BATCH_BYTES * group.num_rows // max(num_bytes, 1))))


def raw(column: pa.Array) -> list[object]:
    """The cells as Python values. Text is returned as bytes, because Arrow's strings may hold invalid UTF-8."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return column.cast(pa.large_binary()).to_pylist() if is_text(column.type) else column.to_pylist()


def told_columns(name: str | None) -> list[str]:
    """The columns to read for one that there may be."""
    return [] if name is None else [name]


def texts_of(batch: pa.RecordBatch, text_column: str, problem_column: str | None) -> list[object]:
    """The cells of texts, as `raw` has them; where a column tells why one is not there, that."""
    texts = raw(batch.column(text_column))
    if problem_column is None:
        return texts
    problems = batch.column(problem_column).to_pylist()
    return [text if why is None else Unreadable(why) for text, why in zip(texts, problems, strict=True)]


def decoded(value: object) -> tuple[str | None, str | None]:
    """Return (text, problem) of one cell of `raw`."""
    if value is None:
        return None, None
    if isinstance(value, Unreadable):
        return None, value.why
    if not isinstance(value, bytes):
        return (value.isoformat() if hasattr(value, "isoformat") else str(value)), None
    try:
        return value.decode("utf-8"), None
    except UnicodeDecodeError:
        return None, "text is not valid UTF-8"
