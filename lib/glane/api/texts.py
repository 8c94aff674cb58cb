"""Rows of a run beside the texts that they are of, as people read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from glane.extraction.case_text import case_text, in_case_text, texts_by_group
from glane.extraction.results import Run
from glane.settings import DataSettings

TEXT = "__text"


def with_texts(
    run: Run, rows: pl.LazyFrame, is_shown: pl.Expr
) -> tuple[pl.DataFrame | list[dict[str, Any]], list[str]]:
    """Some rows of the result with their text in the column TEXT, and the names of the task's other inputs beside it.

    The reviewer sees what the model saw: the task's other inputs, too.
    """
    data, documents = run.settings.data, run.inputs()
    columns = rows.collect_schema().names()
    others = [name for name in run.task.input_columns if name != data.text_column and name not in columns]
    asked = rows.filter(is_shown)
    if data.group_by is None:
        texts = documents.filter(is_shown).select(data.id_column, pl.col(data.text_column).alias(TEXT), *others)
        return asked.join(texts, on=data.id_column).collect(), others
    needed = dict.fromkeys([data.group_by, data.id_column, data.text_column, *others])
    return _cases(asked.collect(), documents.filter(is_shown).select(list(needed)).collect(), data, others), others


def _cases(
    rows: pl.DataFrame, documents: pl.DataFrame, data: DataSettings, others: Sequence[str]
) -> list[dict[str, Any]]:
    """The rows of groups, each with its documents as one text, and its evidence in that text."""
    group_by = data.result_id
    texts = texts_by_group(documents, group_by=group_by, id_column=data.id_column, text_column=data.text_column)
    beside = {row[group_by]: row for row in documents.select(group_by, *others).iter_rows(named=True)}
    found = []
    for row in rows.iter_rows(named=True):
        whole = case_text(row, texts[row[group_by]])
        moved = {name: in_case_text(value, whole.starts) for name, value in row.items()}
        found.append({**moved, **beside[row[group_by]], TEXT: whole.text})
    return found
