"""What the flow of a review is counted from: data sets, answers of runs, and a screening."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from glane.api.sources import TableLike, table_of
from glane.assess.files import read_table
from glane.assess.screen.files import CASE, READ, STATE
from glane.assess.screen.record import ScreeningState
from glane.errors import ConfigError, DataError, did_you_mean
from glane.extraction.results import Run
from glane.ingestion.record import DataSetMark, read_mark
from glane.records import read_record
from glane.synthesis.prisma.count import DECISION, EXACT, ID, NEAR, OUTCOME, REASON, SOURCE, STATUS
from glane.types import Status

_PEOPLE = "people"


def sources_of(named: Sequence[TableLike], column: str, *, id_column: str) -> tuple[pl.DataFrame, int | None]:
    """The rows of data sets or tables, and how many they say that they have; None if one of them says nothing."""
    marks = [None if isinstance(one, pl.DataFrame) else _mark(Path(one).expanduser()) for one in named]
    tables = [_source(one, column, id_column, mark) for one, mark in zip(named, marks, strict=True)]
    # what one of them does not know is not known of all
    common = [name for name in tables[0].columns if all(name in one.columns for one in tables)]
    told = [None if mark is None else mark.counts.documents for mark in marks]
    known = [one for one in told if one is not None]
    return pl.concat([one.select(common) for one in tables]), sum(known) if len(known) == len(told) else None


def _mark(path: Path) -> DataSetMark | None:
    return read_mark(path) if path.is_dir() else None


def _source(told: TableLike, column: str, id_column: str, mark: DataSetMark | None) -> pl.DataFrame:
    found = table_of(told, place="sources", id_column=id_column)
    if id_column not in found.columns:
        raise DataError(f"sources: no column {id_column!r}, which names the records of the run.")
    names = {ID: id_column, SOURCE: column, EXACT: EXACT, NEAR: NEAR, OUTCOME: OUTCOME}
    if mark is not None and mark.counts.near_duplicates is None:
        del names[NEAR]  # the column is there, and nobody looked
    there = {name: told for name, told in names.items() if told in found.columns}
    return found.select(pl.col(told).cast(pl.String).alias(name) for name, told in there.items())


def answers_of(
    run: Run, decision: str | None, *, reason: str | None = None, reviewed: TableLike | None = None
) -> pl.DataFrame:
    """Of each row its id as text, its status, and where asked the decision and the reason.

    What people said in `reviewed` replaces the model's, whatever the status.

    Raises:
        ConfigError: if the run has no such field.
    """
    for name in filter(None, (decision, reason)):
        if name not in run.task.fields:
            raise ConfigError(
                f"{run.directory.root}: no field {name!r} of the decision. {did_you_mean(name, run.task.fields)}"
            )
    named = {ID: run.id_column, STATUS: STATUS, DECISION: decision, REASON: reason}
    columns = [pl.col(told).cast(pl.String).alias(name) for name, told in named.items() if told is not None]
    rows = run.all().select(columns).collect()
    if decision is not None:  # a row without an answer has no decision
        rows = rows.with_columns(pl.when(pl.col(STATUS) == Status.OK).then(pl.col(DECISION)).alias(DECISION))
    if reason is None:
        return rows
    if reviewed is None:
        return rows.with_columns(pl.lit(False).alias(_PEOPLE))
    return _with_reviewed(rows, reviewed, run, str(decision), reason)


def _with_reviewed(rows: pl.DataFrame, reviewed: TableLike, run: Run, decision: str, reason: str) -> pl.DataFrame:
    table = table_of(reviewed, place="reviewed", id_column=run.id_column)
    if lacking := [name for name in (run.id_column, decision, reason) if name not in table.columns]:
        raise DataError(f"reviewed: no column {', '.join(lacking)}. Give the gold.parquet of a review of {decision}.")
    said = table.select(
        pl.col(run.id_column).cast(pl.String).alias(ID), pl.col(decision).cast(pl.String).alias("said"),
        pl.col(reason).cast(pl.String).alias("why"),
    )  # fmt: skip
    if strangers := said.join(rows, on=ID, how="anti").height:
        raise DataError(f"reviewed: {strangers} documents are not of the run over full texts.")
    if said[ID].n_unique() < said.height:
        raise DataError("reviewed: a document is there twice.")
    joined = rows.join(said.with_columns(pl.lit(True).alias(_PEOPLE)), on=ID, how="left", maintain_order="left")
    by_people = pl.col(_PEOPLE).fill_null(False)
    return joined.select(
        ID, STATUS, pl.when(by_people).then("said").otherwise(DECISION).alias(DECISION),
        pl.when(by_people).then("why").otherwise(REASON).alias(REASON), by_people.alias(_PEOPLE),
    )  # fmt: skip


def screening_of(folder: str | Path, run: Run) -> tuple[ScreeningState, pl.DataFrame]:
    """How far a screening of this run is, and what people read.

    Raises:
        DataError: if it is not there, or of another run.
    """
    root = Path(folder).expanduser()
    try:
        state = read_record(ScreeningState, root / STATE)
    except FileNotFoundError:
        raise DataError(f"screening: no {STATE} in {folder}. Give the out.dir of glane screen.") from None
    if state.screening.run_id != run.directory.identity():
        raise DataError(f"screening: {folder} is of another run than {run.directory.root}.")
    read = read_table(str(root / READ), place="screening")
    return state, read.select(pl.col(read.columns[0]).cast(pl.String).alias(ID), pl.col(CASE).alias("is_case"))
