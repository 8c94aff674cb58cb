"""The rows that the figures of a brief are counted in: answers of a run with columns of its input beside them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from glane.api.sources import refuse_uncarried
from glane.assess.estimate.case import CASE, CaseDefinition
from glane.conditions import Cells, read_condition
from glane.errors import ConfigError, did_you_mean
from glane.extraction.results import Run
from glane.task.possible import possible_cells


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One row for each document with an answer, with the columns that a brief asks about."""

    rows: pl.DataFrame
    id_column: str
    cells: Cells

    def holds(self, condition: str | None) -> pl.Series:
        """Of which documents a condition holds; where that cannot be told, it does not.

        Raises:
            ConfigError: if it is no condition on these columns.
        """
        if condition is None:
            return pl.repeat(True, self.rows.height, eager=True, dtype=pl.Boolean)
        CaseDefinition(condition).fields(self.rows.columns)
        return CaseDefinition(condition).of(self.rows, cells=self.cells)[CASE].fill_null(False)


def names_of(conditions: Iterable[str | None], *, place: str) -> list[str]:
    """The columns that conditions speak of."""
    told = [one for one in conditions if one is not None]
    return list(dict.fromkeys(name for one in told for name in read_condition(one, place=place).meta.root_names()))


def facts_of(run: Run, frame: pl.LazyFrame, names: Sequence[str]) -> Facts:
    """Read columns of a run, and of its input where the run has not kept them.

    Args:
        run: The run.
        frame: Its rows that are wanted.
        names: The columns.

    Raises:
        ConfigError: for a column that neither has.
    """
    refuse_uncarried(run, brief=[name for name in names if name not in run.task.fields])
    schema = run.all().collect_schema()
    own = [name for name in names if name in run.task.fields or name in run.settings.data.carry_columns]
    others = [name for name in names if name not in own and name != run.id_column]
    found = frame.select(run.id_column, *own)
    if others:
        inputs = run.columns_beside()
        known = inputs.collect_schema().names()
        if strange := [name for name in others if name not in known]:
            valid = [*run.task.fields, *(name for name in known if name not in schema)]
            raise ConfigError(
                f"brief: no column {strange[0]!r} in the run or its input. {did_you_mean(strange[0], valid)}"
            )
        found = found.join(inputs.select(run.id_column, *others), on=run.id_column, how="left", maintain_order="left")
    return Facts(rows=found.collect(), id_column=run.id_column, cells=possible_cells(run.task.fields))
