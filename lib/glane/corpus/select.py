"""The selection of rows: one pass over the id column and the columns of a filter, in bounded memory.

The pass also checks that no id is null, and that the ids of selected rows are unique: the promise "every id exactly
once" has no meaning without that. It keeps one bit per row, and the hashes of the ids (see unique.py).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import polars as pl
import pyarrow as pa

from glane.conditions import (
    Occurring,
    checked_condition,
    computed,
    plain_texts,
    quote_remedy,
    read_condition,
)
from glane.corpus.files import InputFile, check_column
from glane.corpus.groups import Groups, GroupsFound, choose_groups
from glane.corpus.id_source import GROUP, IdSource
from glane.corpus.ids import id_type
from glane.corpus.masks import Mask, Packed, num_asked, unpacked
from glane.corpus.same_ids import are_whole_numbers
from glane.corpus.sample import limit_rows, sample_rows
from glane.corpus.unique import Hashes, IdHashes
from glane.errors import ConfigError, DataError, did_you_mean, told
from glane.type_words import both_type_words

_WHERE = "data.where"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The filters of the input, in the order in which they are applied."""

    where: str | None = None  # an SQL condition over one row; rows of which it is false or null are left out
    text_column: str | None = None  # texts of documents, which no message tells
    only_ids: pl.Series | None = None
    only_setting: str = "data.only_rejected_of"  # the key that names them
    skip_ids: pl.Series | None = None
    sample: int | float | None = None
    sample_seed: int = 0
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """The selected rows, as packed bits per file and row group (None means all), their number, and their groups.

    `notes` tells which texts of the condition are in no row.
    """

    masks: tuple[tuple[Packed | None, ...], ...]
    num_read: int
    num_selected: int
    groups: Groups | None = None
    notes: tuple[str, ...] = ()

    @property
    def num_results(self) -> int:
        """How many rows the result has."""
        return self.num_selected if self.groups is None else self.groups.count

    def mask(self, file_index: int, row_group: int, num_rows: int) -> Mask | None:
        """The mask of one row group as booleans; None means all rows."""
        packed = self.masks[file_index][row_group]
        return None if packed is None else unpacked(packed, num_rows)


def select_rows(
    files: Sequence[InputFile],
    *,
    id_column: str,
    selection: Selection,
    number_rows: bool = False,
    group_by: str | None = None,
) -> Selected:
    """Apply `selection` to `files`. With `number_rows` the ids are the numbers of the rows, from 1 over all files.

    With `group_by`, `where` chooses rows, and all else in `selection` chooses groups of them.

    Raises:
        ConfigError: if `where` is no expression over the input's columns.
        DataError: for null or duplicate ids, null ids of groups, or if nothing is selected.
    """
    where, columns = check_selection(
        files, id_column=id_column, selection=selection, number_rows=number_rows, group_by=group_by
    )
    occurring = None
    if selection.where is not None:
        occurring = Occurring(read_condition(selection.where, place=_WHERE), untold=[selection.text_column or ""])
    source = IdSource(files, id_column, columns, number_rows, group_by)
    found = None if group_by is None else GroupsFound()
    key = id_column if group_by is None else GROUP
    known = [
        (_Known(ids), is_wanted)
        for ids, is_wanted in ((selection.only_ids, True), (selection.skip_ids, False))
        if ids is not None
    ]
    sizes = [rows for file in files for rows, _ in file.row_groups]
    masks: list[Packed | None] = []
    with IdHashes(sum(sizes)) as hashes:
        for file in files:
            for frames in source.row_groups(file):
                parts = []
                for frame in frames:
                    if occurring is not None:
                        occurring.look(frame)
                    part = _matching(frame, key, where, known, file)
                    chosen = frame if part is None else frame.filter(pl.Series(part))
                    ids = chosen[id_column]
                    if nulls := ids.null_count():
                        raise DataError(
                            f"{file.name}: column {id_column!r} has null ids ({nulls} or more) in rows that are "
                            "selected; each of them needs an id. data.number_rows=true gives every row its number; "
                            f"data.where='{id_column} IS NOT NULL' leaves these out."
                        )
                    if found is not None:
                        found.add(_without_nulls(chosen[GROUP], file, str(group_by)))
                    hashes.add(ids)
                    parts.append(part)
                masks.append(_packed(parts))
        suspects = hashes.repeated()
    if len(suspects):
        _refuse_duplicates(files, source, id_column, masks, suspects)
    groups = None
    if found is not None:
        groups = choose_groups(
            found.groups(), masks, sizes,
            sample=selection.sample, seed=selection.sample_seed, limit=selection.limit,
        )  # fmt: skip
    else:
        if selection.sample is not None:
            sample_rows(masks, sizes, sample=selection.sample, seed=selection.sample_seed)
        if selection.limit is not None:
            limit_rows(masks, sizes, limit=selection.limit)
    notes = () if occurring is None else occurring.notes(_WHERE)
    counts = [num_asked(mask, rows) for mask, rows in zip(masks, sizes, strict=True)]
    if sum(counts) == 0:
        raise DataError(
            f"data: none of the {sum(sizes)} rows is selected. Check data.where, only_ids_in, only_rejected_of, "
            f"skip_done_in.{''.join(f' {note}.' for note in notes)}"
        )
    whole = iter(None if count == rows else mask for mask, count, rows in zip(masks, counts, sizes, strict=True))
    return Selected(
        masks=tuple(tuple(next(whole) for _ in file.row_groups) for file in files),
        num_read=sum(sizes),
        num_selected=sum(counts),
        groups=groups,
        notes=notes,
    )


def check_selection(
    files: Sequence[InputFile],
    *,
    id_column: str,
    selection: Selection,
    number_rows: bool = False,
    group_by: str | None = None,
) -> tuple[pl.Expr | None, list[str]]:
    """Check all of `selection` that the columns of `files` tell. Return its condition, and the columns of that.

    Raises:
        GlaneError: as `select_rows` does, for a condition, or for ids of another type than the input's.
    """
    ids = _id_field(files[0], id_column, number_rows)
    found = _where(selection.where, files, ids)
    _refuse_other_ids(files[0], ids if group_by is None else _id_field(files[0], group_by), selection)
    return found


def _without_nulls(groups: pl.Series, file: InputFile, name: str) -> pl.Series:
    if nulls := groups.null_count():
        raise DataError(
            f"{file.name}: column {name!r} is null ({nulls} times or more) in rows that are selected; data.group_by "
            "names each row of the result by it, and groups nothing without a value. "
            f"data.where='{name} IS NOT NULL' leaves these rows out; or give each of them a value of its own."
        )
    return groups


def _refuse_other_ids(file: InputFile, ids: pa.Field, selection: Selection) -> None:
    """Check that the ids of earlier runs can be compared with those of the input: 1 is not "001", nor "1"."""
    (kind,) = _kinds({ids.name: ids}, [ids.name]).values()
    settings = ((selection.only_ids, selection.only_setting), (selection.skip_ids, "data.skip_done_in"))
    for known, setting in settings:
        if known is None or known.dtype == kind or (kind.is_integer() and are_whole_numbers(known)):
            continue
        told, known_told = both_type_words(kind, known.dtype)
        raise DataError(
            f"{setting}: the ids {ids.name!r} of {file.name} are {told}, and those named there are {known_told}. "
            "Which of them are the same cannot be told: a number has no leading zeros. Give the input the same "
            "ids, in the same type, or leave the setting out."
        )


def _id_field(file: InputFile, name: str, number_rows: bool = False) -> pa.Field:
    """The ids as a condition sees them: as in the result."""
    kind = pa.int64() if number_rows else id_type(file.schema.field(name).type)
    return pa.field(name, kind)


def _where(text: str | None, files: Sequence[InputFile], ids: pa.Field) -> tuple[pl.Expr | None, list[str]]:
    """The condition as it is computed, and its columns."""
    if text is None:
        return None, []
    place, first = _WHERE, files[0].schema
    schema = {name: first.field(name) for name in first.names if first.names.count(name) == 1} | {ids.name: ids}
    condition = read_condition(text, place=place)
    roots = list(dict.fromkeys(condition.meta.root_names()))
    if not roots:
        raise ConfigError(f"{place}: {text!r} names no column. {did_you_mean('', list(schema))}")
    for file, name in itertools.product(files, roots):
        if name == ids.name:  # those were checked before
            continue
        if name not in file.schema.names:
            here = "" if file is files[0] else f" in {file.name}"
            remedy = quote_remedy(text, name)
            raise ConfigError(f"{place}: no column {name!r}{here}. {did_you_mean(name, file.schema.names)}{remedy}")
        check_column(file, files[0], name, place)
    kinds = _kinds(schema, roots)
    return checked_condition(text, kinds, cells={}, place=place), roots


def _kinds(schema: Mapping[str, pa.Field], names: Sequence[str]) -> dict[str, pl.DataType]:
    empty = pa.schema([schema[name] for name in names]).empty_table()  # the categories of Polars are in its metadata
    return dict(cast(pl.DataFrame, pl.from_arrow(empty)).schema)


class _Known:
    """A sorted set of ids, made once. Polars' `is_in` would build a set again for every batch."""

    def __init__(self, ids: pl.Series) -> None:
        self._ids = ids.drop_nulls().unique().sort()

    def has(self, ids: pl.Series) -> Mask:
        """For each of `ids`, whether it is in the set."""
        if not len(self._ids):
            return np.zeros(len(ids), np.bool_)
        ids = ids.cast(self._ids.dtype, strict=False)  # of another width: a number that does not fit is not in the set
        places = self._ids.search_sorted(ids).clip(upper_bound=len(self._ids) - 1)
        return cast(Mask, (self._ids.gather(places) == ids).fill_null(value=False).to_numpy())


def _matching(
    frame: pl.DataFrame, key: str, where: pl.Expr | None, known: Sequence[tuple[_Known, bool]], file: InputFile
) -> Mask | None:
    """The rows of a batch that pass the filters, except sample and limit; None if there is no filter."""
    if where is None and not known:
        return None
    mask = np.ones(len(frame), np.bool_)
    if where is not None:
        mask &= cast(Mask, computed(where, plain_texts(frame), place=_WHERE, of=f"row of {file.name}").to_numpy())
    for ids_of_a_run, is_wanted in known:
        mask &= ids_of_a_run.has(frame[key]) == is_wanted
    return mask


def _packed(parts: Sequence[Mask | None]) -> Packed | None:
    masks = [part for part in parts if part is not None]
    return np.packbits(np.concatenate(masks)) if masks else None


def _refuse_duplicates(
    files: Sequence[InputFile], source: IdSource, id_column: str, masks: Sequence[Packed | None], suspects: Hashes
) -> None:
    """Compare the ids with repeated hashes, and raise DataError if an id does occur twice."""
    places: dict[str | int, str] = {}  # of the ids that were met
    wanted = pl.Series(suspects).implode()
    packed = iter(masks)
    for file in files:
        first_row = 0
        for (rows, _), frames in zip(file.row_groups, source.ids_only().row_groups(file), strict=True):
            bits, start = next(packed), 0
            mask = np.ones(rows, np.bool_) if bits is None else unpacked(bits, rows)
            for frame in frames:
                ids, chosen = frame[id_column], pl.Series(mask[start : start + len(frame)])
                for row in (chosen & ids.hash().is_in(wanted)).arg_true():
                    value, place = ids[row], file.row(first_row + start + row + 1)
                    if value in places:
                        raise DataError(
                            f"{file.name}: id {told(value)} occurs twice, in {places[value]} and in {place}. Ids must "
                            "be unique: remove the duplicates, or set data.id_column to a unique column."
                        )
                    places[value] = place
                start += len(frame)
            first_row += rows
