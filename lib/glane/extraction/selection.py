"""Which rows are asked: the settings' condition, sample and limit, and the ids of a list or of earlier runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from glane.corpus.files import InputFile
from glane.corpus.id_list import read_id_list
from glane.corpus.ids import ids_digest
from glane.corpus.select import Selected, Selection, check_selection, select_rows
from glane.errors import DataError
from glane.extraction.results import open_run
from glane.run.description import RunDescription
from glane.run.unaltered import refuse_altered_around
from glane.settings import DataSettings
from glane.types import Status

_LIST = "data.only_ids_in"
_FEW_ROWS = 200_000  # whose ids are read in a moment, on a login node, too


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedIds:
    """The ids of the file `data.only_ids_in`."""

    ids: pl.Series | None  # None if the file is gone, of a run that was begun with it
    digest: str  # of the ids, whatever their order


def listed_ids(data: DataSettings, known: RunDescription | None = None) -> ListedIds | None:
    """The ids of the file that the settings name, if they do.

    `known` is the run that was begun before: it is gone on with when the file is not there any more.

    Raises:
        DataError: if it is no Parquet, lacks the column of the ids, or has one twice or null.
    """
    if data.only_ids_in is None:
        return None
    if known is not None and not Path(data.only_ids_in).exists():
        then = known.settings["data"]
        if then.get("only_ids_in") == data.only_ids_in:
            return ListedIds(ids=None, digest=known.fingerprint["data"]["only_ids_in"])
    ids = read_id_list(data.only_ids_in, data.result_id, setting=_LIST)
    return ListedIds(ids=ids, digest=ids_digest(ids.sort().to_arrow()).hex())


def unaltered_ids(data: DataSettings, known: RunDescription | None = None) -> ListedIds | None:
    """The same, and of a file of the records of a complete run only if none of these was altered.

    Raises:
        GlaneError: as `listed_ids` does, or naming the record that was altered.
    """
    if data.only_ids_in is not None:
        refuse_altered_around([data.only_ids_in])
    return listed_ids(data, known)


def selected_rows(files: list[InputFile], data: DataSettings, listed: ListedIds | None = None) -> Selected:
    """The rows of `files` that the settings select; raises as `select_rows` does.

    `listed` are the ids of `data.only_ids_in`, if they were read already.
    """
    return select_rows(
        files,
        id_column=data.id_column,
        selection=_selection(files, data, listed),
        number_rows=data.number_rows,
        group_by=data.group_by,
    )


def check_selected(files: list[InputFile], data: DataSettings) -> tuple[str, ...]:
    """Check which rows are asked. Return what there is to note.

    Of few rows, they are selected. Of more, it is checked what the columns of `files` tell of the condition, the list
    and the earlier runs.

    Raises:
        GlaneError: as `selected_rows` does.
    """
    if sum(rows for file in files for rows, _ in file.row_groups) <= _FEW_ROWS:
        return selected_rows(files, data).notes
    check_selection(
        files,
        id_column=data.id_column,
        selection=_selection(files, data),
        number_rows=data.number_rows,
        group_by=data.group_by,
    )
    return ()


def _refuse_other_numbers(files: list[InputFile], runs: tuple[str, ...]) -> None:
    """Check that runs numbered the same rows: a number names a row of these files only."""
    here = [(entry.path, entry.rows) for entry in (file.known("") for file in files)]
    for path in runs:
        if [(entry.path, entry.rows) for entry in open_run(path, partial=True).description().files] != here:
            raise DataError(
                f"data.only_rejected_of: the run {path} numbered the rows of other files (data.number_rows=true): its "
                "numbers name other documents here. Give the same data.path, or ids of their own (data.id_column)."
            )


def _selection(files: list[InputFile], data: DataSettings, listed: ListedIds | None = None) -> Selection:
    """The selection of rows in the settings.

    Raises:
        GlaneError: if a list or a run that the settings name cannot be read, or is of other documents.
    """
    if data.number_rows and data.group_by is None:
        _refuse_other_numbers(files, data.only_rejected_of)
    only = _ids(data, data.only_rejected_of, rejected_only=True)
    if data.only_ids_in is not None:
        found = unaltered_ids(data) if listed is None or listed.ids is None else listed
        only = None if found is None else found.ids
    return Selection(
        where=data.where,
        text_column=data.text_column,
        only_ids=only,
        only_setting="data.only_rejected_of" if data.only_ids_in is None else _LIST,
        skip_ids=_ids(data, data.skip_done_in, rejected_only=False),
        sample=data.sample,
        sample_seed=data.sample_seed,
        limit=data.limit,
    )


def _ids(data: DataSettings, runs: tuple[str, ...], *, rejected_only: bool) -> pl.Series | None:
    """The ids in earlier runs: all, or the rejected ones. An incomplete run counts with its committed shards."""
    if not runs:
        return None
    setting = "data.only_rejected_of" if rejected_only else "data.skip_done_in"
    found = []
    for path in runs:
        run = open_run(path, partial=True)
        rows = run.all()
        if data.result_id not in rows.collect_schema():
            raise DataError(f"{setting}: the run {path} has no column {data.result_id!r}; it was made with another id.")
        if (there := run.settings.data.group_by) != data.group_by:
            raise DataError(
                f"{setting}: the rows of the run {path} are {_of(there)}, and here they are {_of(data.group_by)}. Name "
                "runs with the same data.group_by."
            )
        if run.settings.data.number_rows and data.group_by is None and not data.number_rows:
            raise DataError(
                f"{setting}: the ids of the run {path} are numbers of rows (data.number_rows=true), and here they are "
                f"those of column {data.result_id!r}. Name runs with the same ids."
            )
        if rejected_only:
            rows = rows.filter(pl.col("status") != Status.OK)
        found.append(rows.select(data.result_id).collect().to_series())
    kinds = {str(series.dtype): series.dtype for series in found}
    if len(kinds) > 1 and not all(kind.is_integer() for kind in kinds.values()):
        raise DataError(
            f"{setting}: the ids of these runs have different types ({', '.join(sorted(kinds))}). Name runs whose ids "
            "have the same type."
        )
    return pl.concat(found, how="vertical_relaxed")


def _of(group_by: str | None) -> str:
    return "documents" if group_by is None else f"groups by {group_by!r}"
