"""Documents of one case: rows with the same value in a column make a group, and a group is one row of the result.

Groups are numbered in the order in which their first selected rows stand in the input, and so is the result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from glane.corpus.columns import holds_dates, is_string, is_text
from glane.corpus.files import InputFile
from glane.corpus.masks import Packed, num_asked, unpacked
from glane.corpus.sample import limit_rows, narrow, sample_rows
from glane.errors import DataError
from glane.type_words import type_words

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """The group of each selected row, in input order, and the ids of the groups: 4 bytes a row beside the ids."""

    numbers: npt.NDArray[np.int32]
    ids: pa.Array

    @property
    def count(self) -> int:
        """How many groups there are."""
        return len(self.ids)


class GroupsFound:
    """Numbers groups while the ids of rows come in. Each batch keeps each of its ids once."""

    def __init__(self) -> None:
        self._parts: list[pa.DictionaryArray] = []

    def add(self, ids: pl.Series) -> None:
        """Add the group ids of the next selected rows."""
        column = ids.to_arrow()
        self._parts.append((column.cast(pa.large_string()) if is_string(column.type) else column).dictionary_encode())

    def groups(self) -> Groups:
        """All groups so far."""
        if not self._parts:
            return Groups(numbers=np.zeros(0, np.int32), ids=pa.array([], pa.int64()))
        chunks = pa.chunked_array(self._parts).unify_dictionaries().chunks
        numbers = np.concatenate([chunk.indices.to_numpy(zero_copy_only=False) for chunk in chunks])
        return in_order(numbers.astype(np.int32), chunks[-1].dictionary)


def in_order(numbers: npt.NDArray[np.int32], ids: pa.Array) -> Groups:
    """The groups that occur in `numbers`, numbered anew in the order in which they do."""
    steps = np.diff(np.maximum.accumulate(numbers), prepend=-1)
    if steps.max(initial=0) <= 1:  # they are, as a rule
        return Groups(numbers=numbers, ids=ids.slice(0, int(steps.sum())))
    found, firsts = np.unique(numbers, return_index=True)
    order = found[np.argsort(firsts, kind="stable")]
    new = np.zeros(len(ids), np.int32)
    new[order] = np.arange(len(order), dtype=np.int32)
    return Groups(numbers=new[numbers], ids=ids.take(pa.array(order, pa.int64())))


def choose_groups(
    groups: Groups,
    masks: list[Packed | None],
    sizes: Sequence[int],
    *,
    sample: int | float | None,
    seed: int,
    limit: int | None,
) -> Groups:
    """Draw whole groups, then take the first ones, as `sample_rows` and `limit_rows` do with rows.

    Narrows `masks`, of row groups of `sizes` rows, to the rows of the groups that are left, in place.
    """
    packed: list[Packed | None] = [None]
    if sample is not None:
        sample_rows(packed, [groups.count], sample=sample, seed=seed)
    if limit is not None:
        limit_rows(packed, [groups.count], limit=limit)
    if packed[0] is None:
        return groups
    is_kept = unpacked(packed[0], groups.count)
    rows, start = is_kept[groups.numbers], 0
    for index, size in enumerate(sizes):
        count = num_asked(masks[index], size)
        narrow(masks, index, size, rows[start : start + count])
        start += count
    new = (np.cumsum(is_kept) - 1).astype(np.int32)
    return Groups(numbers=new[groups.numbers[rows]], ids=groups.ids.filter(pa.array(is_kept)))


def check_order(file: InputFile, order_by: str | None) -> None:
    """Check that a column has an order that people expect: texts, numbers, dates and times have.

    Raises:
        DataError: naming the column and those that would do.
    """
    if order_by is None or _is_ordered(file.schema.field(order_by).type):
        return
    fitting = [field.name for field in file.schema if _is_ordered(field.type)]
    raise DataError(
        f"{file.name}: column {order_by!r} is {type_words(file.schema.field(order_by).type)}, which orders no "
        "documents; set "
        f"data.order_by to one of: {', '.join(fitting) or '(none fits)'}."
    )


def check_plain(file: InputFile, names: Sequence[str], setting: str) -> None:
    """Check that columns hold plain values: of a group, a list or a record cannot be compared from row to row.

    Raises:
        DataError: naming the column and the setting.
    """
    for name in names:
        kind = file.schema.field(name).type
        if pa.types.is_nested(kind):
            raise DataError(
                f"{file.name}: column {name!r} is {type_words(kind)}. With data.group_by, a column of {setting} has "
                "one value for "
                "all documents of a group, and lists and records are not compared. Leave it out."
            )


def _is_ordered(kind: pa.DataType) -> bool:
    if is_text(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return True
    return holds_dates(kind) or pa.types.is_time(kind)
