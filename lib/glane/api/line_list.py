"""What became of the documents of a line list, and how their quotes were found."""

from __future__ import annotations

import polars as pl

from glane.api.several_runs import SeveralRuns
from glane.extraction.results import Run
from glane.surveillance.line_list import GROUNDED, STATUS


def details_of(runs: SeveralRuns, field: str) -> pl.DataFrame:
    """The status of each document, and how the quote of a field was found (`alignment`); no quote.

    A document that several runs have is told by the last in which it has an answer, else by the last.
    """
    id_column = runs.first.id_column
    told = pl.concat([_of_run(run, field) for run in runs.runs], how="vertical_relaxed")
    is_answered = pl.col(STATUS) == "OK"
    return told.sort(is_answered, maintain_order=True).unique(id_column, keep="last", maintain_order=True)


def _of_run(run: Run, field: str) -> pl.DataFrame:
    found = run.all()
    kind = found.collect_schema().get(f"{field}__evidence")
    alignment = pl.lit(None, pl.String)
    if isinstance(kind, pl.Struct):
        alignment = pl.col(f"{field}__evidence").struct.field("alignment").cast(pl.String)
    return found.select(run.id_column, pl.col(STATUS).cast(pl.String), alignment.alias(GROUNDED)).collect()
