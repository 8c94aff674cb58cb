"""Right answers, wherever they are from: a table, or what people marked in Label Studio or brat.

Whatever takes right answers reads them here, so that what is known of who made them is known everywhere.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import polars as pl
from pydantic import ConfigDict

from glane.api.sources import TableLike, is_synthetic, refuse_no_gold, table_of
from glane.assess.annotations.answers import is_annotations, read_annotations
from glane.assess.right_answers import RightAnswers, right_answers, right_answers_warnings
from glane.errors import RecordError
from glane.extraction.results import Run
from glane.languages import say
from glane.records import Record, read_record
from glane.run.whole import read_together


@dataclass(frozen=True, slots=True, kw_only=True)
class Gold:
    """Right answers, one row per document, and what is known of who made them."""

    table: pl.DataFrame
    right_answers: RightAnswers
    spans: pl.DataFrame | None = None  # the passages that people marked, if they marked some


def gold_of(gold: TableLike, runs: Sequence[Run]) -> Gold:
    """Read right answers of documents of one run, or of several with the same task.

    Raises:
        DataError: if they are no right answers yet, cannot be read, or nobody has changed or read anything of them.
    """
    refuse_no_gold(gold)
    fields, id_column = runs[0].task.fields, runs[0].id_column
    if isinstance(gold, pl.DataFrame) or not is_annotations(gold):
        table = table_of(gold, place="gold", id_column=id_column, fields=fields)
        return Gold(table=table, right_answers=right_answers(table, fields=fields, is_synthetic=is_synthetic(gold)))
    ids = pl.concat([run.all().select(id_column).collect().to_series() for run in runs]).unique(maintain_order=True)
    found = read_annotations(gold, fields, ids)
    origin = RightAnswers(
        kind="annotations", documents=found.gold.height, untouched=found.num_untouched, untold=found.num_untold
    )
    return Gold(table=found.gold, right_answers=origin, spans=found.spans if found.spans.height else None)


class _EvaluationHead(Record):
    """What is read here of `evaluation.json`."""

    model_config = ConfigDict(extra="ignore")

    kind: Literal["glane evaluation"] = "glane evaluation"
    version: Literal[1] = 1
    right_answers: RightAnswers | None = None


def origin_beside(values: str | Path) -> RightAnswers | None:
    """Where the right answers are from that the values of an evaluation were judged by; None if nothing tells it.

    Args:
        values: The path of its `values.parquet`, which has `evaluation.json` beside it.

    Raises:
        DataError: if the two are of two evaluations.
    """
    path = Path(values).expanduser()
    if not (path.parent / "evaluation.json").is_file():
        return None
    with read_together(path.parent, ("evaluation.json", path.name), place="values"):
        try:
            return read_record(_EvaluationHead, path.parent / "evaluation.json").right_answers
        except (OSError, RecordError):
            return None


def warn_of(gold: Gold) -> None:
    """Say on stderr what has to be known of right answers before they are used: for jobs without a report."""
    for one in right_answers_warnings(gold.right_answers, "en"):
        say(f"Warning: {one}", to=sys.stderr)
