"""Case definitions over the rows of runs and over right answers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from glane.assess.estimate.case import CASE, CaseDefinition
from glane.assess.evaluate.answers import check_gold
from glane.assess.evaluate.leaf import categories_of
from glane.assess.yes import inner_type
from glane.composition.files import read_file
from glane.conditions import Occurring
from glane.errors import ConfigError, DataError, did_you_mean
from glane.extraction.results import Run
from glane.task.possible import possible_cells

_TEXTS = (pl.String, pl.Categorical, pl.Enum)


def named_case(case: str, definitions: str | Path) -> str:
    """The case definition of a name in a YAML file of names and conditions: `ili: fever AND cough`.

    Raises:
        ConfigError: if the file cannot be read, holds anything else, or has no such name.
    """
    path = Path(definitions).expanduser()
    values = read_file(path).values
    if wrong := [name for name, text in values.items() if not (isinstance(name, str) and isinstance(text, str))]:
        raise ConfigError(f"{path}: {wrong[0]!r} is not a name with a condition. Write ili: fever AND cough.")
    if case not in values:
        raise ConfigError(f"case: {path} defines no {case!r}. {did_you_mean(case, values)}")
    return str(values[case])


def watch_of(run: Run, case: CaseDefinition) -> Occurring:
    """What takes note of the texts of a definition that rows hold. Of documents and answers, no value is told."""
    return case.watch(untold=[run.settings.data.text_column, *run.task.fields])


def rows_with_case(
    run: Run, rows: pl.LazyFrame, case: CaseDefinition, *, watch: Occurring | None = None
) -> pl.LazyFrame:
    """Rows of a run with the column CASE. Columns of the definition may stand in the run or in its input.

    Raises:
        ConfigError: for a column that there is not, or a definition that gives no yes or no.
    """
    id_column, own, others = _parted(run, case)
    found = rows.select(id_column, *own)
    if others:
        found = found.join(run.columns_beside().select(id_column, *others), on=id_column, how="left")
    told = case.of(found.collect(), cells=possible_cells(run.task.fields), watch=watch)
    return rows.join(told.select(id_column, CASE).lazy(), on=id_column, how="left")


def gold_with_case(runs: tuple[Run, ...], gold: pl.DataFrame, case: CaseDefinition) -> pl.DataFrame:
    """Right answers with the column CASE: fields are those of the right answers, other columns those of the input.

    Raises:
        DataError: if the right answers lack a field of the definition.
    """
    id_column, own, others = _parted(runs[0], case)
    fields = [name for name in own if name in runs[0].task.fields]
    if lacking := [name for name in fields if name not in gold.columns]:
        raise DataError(f"gold: no column {lacking[0]!r}, which the case definition needs. Review that field, too.")
    refuse_unknown_categories(runs[0], gold, fields)
    carried = [name for name in own if name not in fields]
    beside = [*carried, *others]
    found = gold.select(id_column, *fields)
    if beside:
        tables = [
            run.columns_beside().select(id_column, *beside) if others else run.all().select(id_column, *carried)
            for run in runs
        ]
        found = found.join(pl.concat(tables).collect(), on=id_column, how="left", maintain_order="left")
    return gold.with_columns(case.of(found, cells=possible_cells(runs[0].task.fields))[CASE])


def refuse_unknown_categories(run: Run, gold: pl.DataFrame, names: Sequence[str]) -> None:
    """Refuse right answers with a category that the task does not know: it would count as a no.

    Raises:
        DataError: naming the column, the first ids, and the categories there are.
    """
    fields = {name: run.task.fields[name] for name in names if name in run.task.fields and name in gold.columns}
    asked = {name: field for name, field in fields.items() if categories_of(field)}
    told = {name: field for name, field in asked.items() if isinstance(inner_type(gold.schema[name]), _TEXTS)}
    if run.id_column in gold.columns:
        check_gold(told, gold, run.id_column)


def _parted(run: Run, case: CaseDefinition) -> tuple[str, list[str], list[str]]:
    """The id, and the columns of a definition that the run has, and that only its input has."""
    carried = run.settings.data.carry_columns
    own = [name for name in run.usable().collect_schema() if name in run.task.fields or name in carried]
    if CASE in own:
        raise ConfigError(f"case: the run has a column {CASE!r} of its own. Rename the field of the task.")
    beside = run.columns_beside().collect_schema().names()
    names = case.fields(list(dict.fromkeys(name for name in [*own, *beside] if name != run.id_column)))
    return run.id_column, [name for name in names if name in own], [name for name in names if name not in own]
