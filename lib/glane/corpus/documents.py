"""The input of a run, read a second time: by notebooks, reviews and estimates. One reader, so that all see the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import polars as pl
import pyarrow as pa
from polars.io.plugins import register_io_source

from glane.corpus.columns import is_text
from glane.corpus.group_plan import row_groups
from glane.corpus.ids import as_ids, id_type
from glane.corpus.plan import Plan
from glane.corpus.pseudonymised import PROBLEM
from glane.corpus.read import SpanReader
from glane.corpus.readable import is_known_to_polars, readable
from glane.corpus.unchanged import Unchanged
from glane.parquet import parquet_schema


def scan_documents(
    plan: Plan, *, id_column: str, text_column: str, number_rows: bool = False, group_by: str | None = None
) -> pl.LazyFrame:
    """The rows of a plan with all input columns: ids as in the result, and invalid UTF-8 replaced, at any depth.

    A column that Polars cannot read, or whose name another has, is left out. Of groups, the documents come in the
    order of the input.

    Raises:
        DataError: if a file is missing, or has changed since the run began.
    """
    Unchanged(plan.files).prove_all()
    schema = parquet_schema(plan.files[0].path).remove_metadata()
    names = [
        field.name
        for field in schema
        if field.name not in (id_column, PROBLEM) and schema.names.count(field.name) == 1 and is_known_to_polars(field)
    ]

    def frame(ids: pa.Array, columns: dict[str, pa.Array]) -> pl.DataFrame:
        mended = {name: _shown(column, name == text_column) for name, column in columns.items()}
        if group_by in columns:
            mended[group_by] = as_ids(columns[group_by], place="data.group_by")
        return cast(pl.DataFrame, pl.from_arrow(pa.table({id_column: ids, **mended})))

    kind = pa.int64() if number_rows else id_type(schema.field(id_column).type)
    empty = frame(pa.array([], kind), {name: pa.array([], schema.field(name).type) for name in names})

    def read(
        wanted: list[str] | None, predicate: pl.Expr | None, num_rows: int | None, _batch: int | None
    ) -> Iterator[pl.DataFrame]:
        columns = [name for name in names if wanted is None or name in wanted]
        reader = SpanReader(plan.files, id_column=None if number_rows else id_column, columns=columns)
        left = (plan.num_documents or plan.num_selected) if num_rows is None else num_rows
        is_grouped = plan.num_documents is not None
        for span in (one for one, _ in row_groups(plan)) if is_grouped else plan.spans():
            for ids, batch in reader.read(span):
                rows = frame(ids, {name: batch.column(name) for name in columns}).head(left)
                left -= rows.height
                rows = rows if predicate is None else rows.filter(predicate)
                yield rows if wanted is None else rows.select(wanted)
            if left == 0:
                return

    return register_io_source(read, schema=dict(empty.schema), is_pure=True)


def _shown(column: pa.Array, is_the_text: bool) -> pa.Array:
    if not (is_the_text and is_text(column.type)):
        return readable(column)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return readable(column.cast(pa.large_binary()).cast(pa.large_string(), safe=False))
