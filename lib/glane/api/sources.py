"""What the functions of this room take: a run or its path, a table or its path."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from glane.assess.annotations.answers import is_annotations
from glane.assess.annotations.listed import DOCUMENTS_FILE
from glane.assess.arms import ARM
from glane.assess.files import read_table
from glane.assess.sampling import PROBABILITY, SKIPPED, STRATUM, WEIGHT
from glane.assess.told_cells import as_told
from glane.corpus.find import find_files
from glane.corpus.ids import as_ids, id_type
from glane.corpus.pseudonymised import shifted_rules
from glane.errors import ConfigError, DataError
from glane.extraction.results import Run, open_run
from glane.languages import say
from glane.parquet import parquet_footer
from glane.run.written import digest_of
from glane.tables.frames import is_table
from glane.tables.reading import listed
from glane.task.fields import Field
from glane.toys import SYNTHETIC

RunLike = Run | str | Path
TableLike = pl.DataFrame | str | Path
_REVIEWED = "gold.parquet"  # what glane review makes of decisions
Names = str | Sequence[str]  # one name, or several


def names_in(names: Names) -> tuple[str, ...]:
    """The names, whether one was given or several: a text alone is one name, and not a list of letters."""
    return (names,) if isinstance(names, str) else tuple(names)


def run_of(run: RunLike) -> Run:
    """The run itself; raises as `glane.open_run` does."""
    return run if isinstance(run, Run) else open_run(run)


def table_of(
    table: TableLike, *, place: str, id_column: str, fields: Mapping[str, Field] | None = None
) -> pl.DataFrame:
    """The table itself, or what its file holds, with ids as runs have them; `place` names it in errors.

    With the `fields` of a task, columns that are none of them are told, and cells of a file that is no Parquet are
    brought into the types of right answers.

    Raises:
        DataError: if it cannot be read, or its ids cannot be those of a run.
    """
    found = table if isinstance(table, pl.DataFrame) else read_table(str(table), place=place)
    if fields is not None:
        if not isinstance(table, pl.DataFrame) and is_table(table):
            found = as_told(found, fields, place=place, path=Path(table))
        _tell_others(found, [id_column, *fields], place)
    column = found[id_column].to_arrow() if id_column in found.columns else None
    if column is None or id_type(column.type) is None:
        return found  # whoever uses it says what is wrong
    return found.with_columns(pl.Series(id_column, as_ids(column, place=f"{place}.{id_column}")))


def refuse_no_gold(gold: TableLike) -> None:
    """Refuse files of a review that are no right answers yet.

    Raises:
        DataError: with the command that makes right answers of them.
    """
    if isinstance(gold, pl.DataFrame):
        return
    path = Path(gold).expanduser()
    if path.name == _REVIEWED and not path.exists():
        raise DataError(
            f"gold: {path} is not there yet. A review writes it: decide on the page review.html beside it, save its "
            "decisions, and make right answers of them: glane review run.dir=… "
            f"{shlex.quote(f'out.dir={path.parent}')} corrections=FILE.json"
        )
    if path.is_dir() and (within := next(path.glob(f"*/{DOCUMENTS_FILE}"), None)) and not is_annotations(path):
        raise DataError(
            f"gold: {path} is the folder above annotations of brat. Give these: {shlex.quote(f'gold={within.parent}')}"
        )
    if path.name == "review.csv":
        raise DataError(
            f"gold: {path} is a list of what the page shows, to look at. Decide on the review.html beside it, and make "
            "right answers of what it saves: glane review run.dir=… out.dir=… corrections=FILE.json"
        )
    if path.suffix == ".json" and path.is_file() and b'"glane corrections"' in path.read_bytes()[:200]:
        raise DataError(
            f"gold: {path} holds the decisions of a reader. Make right answers of them, and give the gold.parquet: "
            f"glane review run.dir=… out.dir=… {shlex.quote(f'corrections={path}')}"
        )


def is_synthetic(table: TableLike) -> bool:
    """Whether a Parquet file says that its documents were made together with their right answers."""
    if isinstance(table, pl.DataFrame) or is_table(table):
        return False
    files = find_files(str(table), place="gold").paths
    return all(SYNTHETIC in (parquet_footer(file).metadata or {}) for file in files)


def _tell_others(table: pl.DataFrame, known: Sequence[str], place: str) -> None:
    """Name the columns that are no fields of the task: one that is misspelt would be left out without a word."""
    of_review = {WEIGHT, PROBABILITY, STRATUM, ARM, SKIPPED, "reviewer", "accepted_in_bulk", "status"}
    others = [name for name in table.columns if name.partition("__")[0] not in known and name not in of_review]
    if others:
        say(
            f"note: {place}: columns that are no fields of the task are not compared: {listed(others)}. They count "
            "where another setting names them.",
            to=sys.stderr,
        )


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


def refuse_shifted(run: Run | Sequence[Run], **columns: str | Sequence[str | None] | None) -> None:
    """Refuse columns whose dates were shifted with the pseudonymised documents: counts by their periods say nothing.

    `columns` are the names by the argument that holds them.

    Raises:
        ConfigError: naming the column and the remedy.
    """
    if not isinstance(run, Run):
        for one in run:
            refuse_shifted(one, **columns)
        return
    rules = shifted_rules(run.description().fingerprint)
    if rules is None:
        return
    for place, names in columns.items():
        for name in [names] if isinstance(names, str) else names or ():
            if name is not None and (name.partition(".")[0] in run.task.fields or name in rules.shift_columns):
                raise ConfigError(
                    f"{place}: the dates of {name!r} were shifted by up to {rules.most_days} days, by "
                    "another number for each person: periods of them say nothing. Count by a carried column that was "
                    "not shifted, or keep the dates (data.pseudonyms.dates=kept; of glane pseudonymise keep=[date])."
                )


def digests_of(table: TableLike, *, place: str = "gold") -> tuple[str, ...]:
    """The digests of a table's files, in the order of their names; none of a table in memory. `place` is for errors."""
    if isinstance(table, pl.DataFrame):
        return ()
    return tuple(digest_of(Path(one)) for one in sorted(find_files(str(table), place=place).paths))


def name_of(source: RunLike | TableLike | None) -> str | None:
    """How a result tells where it came from: a path, or that it was a table in memory."""
    if source is None:
        return None
    if isinstance(source, Run):
        return str(source.directory.root)
    return "a table in memory" if isinstance(source, pl.DataFrame) else str(source)
