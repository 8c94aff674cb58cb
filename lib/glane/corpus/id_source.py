"""The ids of the input, with those of groups and the columns of a filter: read once, in bounded memory."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import cast

import numpy as np
import polars as pl
import pyarrow as pa

from glane.corpus.files import InputFile
from glane.corpus.ids import as_ids
from glane.corpus.readable import is_readable
from glane.corpus.unchanged import identity
from glane.errors import DataError
from glane.parquet import ParquetFile, open_parquet

_BATCH_ROWS = 65_536
GROUP = "\x01group"  # the ids of groups beside the columns of the input


class IdSource:
    """Reads the ids and the columns of the filter, one row group after another."""

    def __init__(
        self,
        files: Sequence[InputFile],
        id_column: str,
        columns: Sequence[str],
        number_rows: bool,
        group_by: str | None = None,
    ) -> None:
        self._id, self._numbers, self._group = id_column, number_rows, group_by
        self._beside = [name for name in dict.fromkeys(columns) if name != id_column]
        ids = [] if number_rows else [id_column]
        self._columns = list(dict.fromkeys([*ids, *self._beside, *([] if group_by is None else [group_by])]))
        self._starts = dict(zip((file.path for file in files), accumulate((f.num_rows for f in files), initial=1)))

    def ids_only(self) -> IdSource:
        """The same without the columns of the filter."""
        other = copy.copy(self)
        other._columns, other._beside, other._group = [] if self._numbers else [self._id], [], None
        return other

    def row_groups(self, file: InputFile) -> Iterator[Iterator[pl.DataFrame]]:
        """The batches of each row group. The footer is read only once, because that of many row groups is large."""
        start = self._starts[file.path]
        with open_parquet(file.path) as parquet:
            if identity(file.path) != file.identity:
                raise DataError(
                    f"{file.name}: was changed while it was read. Run the command again once it is at rest."
                )
            for row_group, (rows, _) in enumerate(file.row_groups):
                yield self._frames(parquet, file, row_group, start)
                start += rows

    def _frames(self, parquet: ParquetFile, file: InputFile, row_group: int, start: int) -> Iterator[pl.DataFrame]:
        for batch in self._batches(parquet, file, row_group):
            if self._numbers:
                ids = pa.array(np.arange(start, start + batch.num_rows))
                start += batch.num_rows
            else:
                ids = as_ids(batch.column(self._id), place=file.name)
            others = {name: batch.column(name) for name in self._beside}
            for name, column in others.items():
                if not is_readable(column):  # Polars trusts that strings are UTF-8
                    raise DataError(
                        f"{file.name}: column {name!r} is damaged or not UTF-8 in row group {row_group}; data.where "
                        "cannot be computed. Mend these cells, or leave the column out of data.where."
                    )
            if self._group is not None:
                others[GROUP] = as_ids(batch.column(self._group), place=file.name, setting="data.group_by")
            yield cast(pl.DataFrame, pl.from_arrow(pa.table({self._id: ids, **others})))

    def _batches(self, parquet: ParquetFile, file: InputFile, row_group: int) -> Iterator[pa.RecordBatch]:
        if not self._columns:  # nothing to read: the rows are only numbered
            for start in range(0, rows := file.row_groups[row_group][0], _BATCH_ROWS):
                count = min(_BATCH_ROWS, rows - start)
                yield pa.record_batch({"": pa.nulls(count)})
            return
        try:
            yield from parquet.iter_batches(_BATCH_ROWS, row_groups=[row_group], columns=self._columns)
        except (OSError, pa.ArrowException):
            raise DataError(f"{file.name}: row group {row_group} is damaged. Copy the file again.") from None
