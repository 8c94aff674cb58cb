"""Rows of a run beside the texts that they are of, as people read them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from glane.assess.review.adjudication import write_adjudication
from glane.assess.review.readings import Readings
from glane.assess.review.reviewed_sample import Sample
from glane.extraction.case_text import case_text, in_case_text, texts_by_group
from glane.extraction.results import Run
from glane.settings import DataSettings

TEXT = "__text"


def with_texts(run: Run, rows: pl.LazyFrame, is_shown: pl.Expr) -> tuple[list[dict[str, Any]], list[str]]:
    """Some rows of the result with their text in the column TEXT, and the names of the task's other inputs beside it.

    The reviewer sees what the model saw: the task's other inputs, too.
    """
    data, documents = run.settings.data, run.inputs()
    columns = rows.collect_schema().names()
    others = [name for name in run.task.input_columns if name != data.text_column and name not in columns]
    asked = rows.filter(is_shown)
    if data.group_by is None:
        texts = documents.filter(is_shown).select(data.id_column, pl.col(data.text_column).alias(TEXT), *others)
        return asked.join(texts, on=data.id_column).collect().to_dicts(), others
    needed = dict.fromkeys([data.group_by, data.id_column, data.text_column, *others])
    return _cases(asked.collect(), documents.filter(is_shown).select(list(needed)).collect(), data, others), others


def adjudication_page(run: Run, folder: str | Path, rows: pl.LazyFrame, sample: Sample, readings: Readings) -> str:
    """Write the page of what readers disagree on, beside the texts; return a line about it.

    Args:
        run: That was reviewed.
        folder: Of the sample's page.
        rows: Of the result, those of the sample among them.
        sample: Of the review.
        readings: Of two readers or more.

    Raises:
        RunError: if the folder cannot be written.
    """
    name = run.id_column
    shown, others = with_texts(run, rows, pl.col(name).cast(pl.String).is_in(list(readings.disputes())))
    return write_adjudication(
        folder, run.task, shown, readings, sample,
        id_column=name, text_column=TEXT, run=run.description().fingerprint_digest,
        context=[*run.settings.data.carry_columns, *others], toy=run.toy,
    )  # fmt: skip


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
