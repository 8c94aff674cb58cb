"""What the functions of this room take: a run or its path, a table or its path."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from glane.assess.files import read_table
from glane.corpus.find import find_files
from glane.corpus.ids import as_ids, id_type
from glane.errors import ConfigError
from glane.extraction.results import Run, open_run
from glane.toys import SYNTHETIC

RunLike = Run | str | Path
TableLike = pl.DataFrame | str | Path
Names = str | Sequence[str]  # one name, or several


def names_in(names: Names) -> tuple[str, ...]:
    """The names, whether one was given or several: a text alone is one name, and not a list of letters."""
    return (names,) if isinstance(names, str) else tuple(names)


def run_of(run: RunLike) -> Run:
    """The run itself; raises as `glane.open_run` does."""
    return run if isinstance(run, Run) else open_run(run)


def table_of(table: TableLike, *, place: str, id_column: str) -> pl.DataFrame:
    """The table itself, or what its Parquet file holds, with ids as runs have them; `place` names it in errors.

    Raises:
        DataError: if it cannot be read, or its ids cannot be those of a run.
    """
    found = table if isinstance(table, pl.DataFrame) else read_table(str(table), place=place)
    column = found[id_column].to_arrow() if id_column in found.columns else None
    if column is None or id_type(column.type) is None:
        return found  # whoever uses it says what is wrong
    return found.with_columns(pl.Series(id_column, as_ids(column, place=f"{place}.{id_column}")))


def is_synthetic(table: TableLike) -> bool:
    """Whether a Parquet file says that its documents were made together with their right answers."""
    if isinstance(table, pl.DataFrame):
        return False
    files = find_files(str(table), place="gold").paths
    return all(SYNTHETIC in (pq.read_metadata(file).metadata or {}) for file in files)


def refuse_uncarried(run: Run, **columns: str | Sequence[str] | None) -> None:
    """Refuse columns of the input that a run of groups does not carry: documents of a group may differ in them.

    `columns` are the names by the argument that holds them.

    Raises:
        ConfigError: naming the column and the remedy.
    """
    if run.settings.data.group_by is None:
        return
    known = run.all().collect_schema()
    for place, names in columns.items():
        for name in [names] if isinstance(names, str) else names or ():
            if name not in known:
                raise ConfigError(
                    f"{place}: this run of groups has no column {name!r}, and of the input it knows only what it "
                    f"carries. Run the extraction with data.carry_columns=[{name}]: it is refused if documents of a "
                    "group differ in it."
                )


def name_of(source: RunLike | TableLike | None) -> str | None:
    """How a result tells where it came from: a path, or that it was a table in memory."""
    if source is None:
        return None
    if isinstance(source, Run):
        return str(source.directory.root)
    return "a table in memory" if isinstance(source, pl.DataFrame) else str(source)
