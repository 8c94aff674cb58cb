"""The sampling frame: all selected rows with their text lengths, and samples stratified by length.

Length is the stratifying variable because the cost of a document grows with it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from glane.corpus.columns import is_string
from glane.corpus.files import InputFile
from glane.corpus.groups import Groups
from glane.corpus.select import Selected
from glane.errors import DataError
from glane.parquet import open_parquet, write_parquet
from glane.storage import storage_errors

_BATCH_ROWS = 4096
_MOST_STRATA = 10
_LEAST_IN_STRATUM = 10
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The sampling frame: arrays with one entry per selected row or group, in input order; 17 bytes each.

    `chars` is the number of characters of the text (bytes if it is not UTF-8). `lag` is the distance in rows to the
    last row before with the same text and the same other inputs; 0 if there is none.
    """

    chars: Integers
    lag: Integers
    is_blank: npt.NDArray[np.bool_]
    read_s: float

    @property
    def num_rows(self) -> int:
        """Selected rows."""
        return len(self.chars)

    def is_asked(self, memory_rows: float) -> npt.NDArray[np.bool_]:
        """Mask of the rows that cost an answer: not blank, and not repeated within the last `memory_rows` rows.

        With several engines, a repeated text may reach an engine that does not have its answer. A few more rows are
        asked then.
        """
        return ~self.is_blank & ~((self.lag > 0) & (self.lag <= memory_rows))


@dataclass(frozen=True, slots=True, kw_only=True)
class Strata:
    """Classes of length: stratum i holds lengths in [edges[i - 1], edges[i])."""

    edges: Integers

    @property
    def count(self) -> int:
        """The number of strata."""
        return len(self.edges) + 1

    def of(self, chars: Integers) -> Integers:
        """The stratum of each length."""
        return np.searchsorted(self.edges, chars, side="right")


def read_frame(files: Sequence[InputFile], selected: Selected, *, text_column: str, inputs: Sequence[str]) -> Frame:
    """Read the text and the other `inputs` of every selected row once. Only length and hash are kept.

    Raises:
        DataError: if a file cannot be read.
    """
    began = time.monotonic()
    chars, hashes, blanks = [], [], []
    columns = list(dict.fromkeys([text_column, *inputs]))
    for batch in _batches(files, selected, columns):
        text = pl.Series("text", _bytes(batch.column(text_column)))
        decoded = decode(text)
        chars.append(decoded.str.len_chars().fill_null(text.bin.size()).fill_null(0).to_numpy().astype(np.int64))
        blanks.append(
            (text.is_null() | (decoded.str.strip_chars() == "").fill_null(value=False)).to_numpy().astype(np.bool_)
        )
        table = pl.DataFrame({str(i): _bytes(batch.column(name)) for i, name in enumerate(columns)})
        hashes.append(table.hash_rows(seed=0).to_numpy())
    lengths, lag, is_blank = np.concatenate(chars), _lags(np.concatenate(hashes)), np.concatenate(blanks)
    if selected.groups is not None:
        lengths, lag, is_blank = _of_groups(selected.groups, lengths, is_blank)
    return Frame(chars=lengths, lag=lag, is_blank=is_blank, read_s=time.monotonic() - began)


def _of_groups(
    groups: Groups, chars: Integers, is_blank: npt.NDArray[np.bool_]
) -> tuple[Integers, Integers, npt.NDArray[np.bool_]]:
    """Characters, lag and blankness of groups. Their prompts name their documents, so none is a repetition."""
    count = groups.count
    lengths = np.bincount(groups.numbers, weights=np.where(is_blank, 0, chars), minlength=count).astype(np.int64)
    has_text = np.bincount(groups.numbers, weights=~is_blank, minlength=count) > 0
    return lengths, np.zeros(count, np.int64), ~has_text


def rows_of(groups: Groups, places: Integers) -> Integers:
    """The indices of the rows of some groups, group by group in the order of `places`, each in input order."""
    order = np.argsort(groups.numbers, kind="stable")
    bounds = np.searchsorted(groups.numbers[order], np.arange(groups.count + 1))
    return np.concatenate([order[bounds[place] : bounds[place + 1]] for place in places.tolist()])


def strata_of(chars: Integers) -> Strata:
    """Up to ten strata with about equal numbers of these documents, each with at least ten of them."""
    count = int(np.clip(len(chars) // _LEAST_IN_STRATUM, 1, _MOST_STRATA))
    edges = np.unique(np.quantile(chars, np.arange(1, count) / count, method="higher")).astype(np.int64)
    return Strata(edges=edges[edges > chars.min()])


def draw(frame: Frame, *, rows: int, seed: int) -> Integers:
    """Draw `rows` documents that are not blank, in proportion to the size of each stratum. Return shuffled row indices.

    Each stratum gives at least one document, so there may be a few more than `rows`. A small selection is drawn whole.

    Raises:
        DataError: if every selected text is blank.
    """
    rng = np.random.default_rng(seed)
    candidates = np.flatnonzero(~frame.is_blank)
    if not len(candidates):
        raise DataError(f"data: the text of each of the {frame.num_rows} selected rows is blank; there is no pilot.")
    if rows >= len(candidates):
        return rng.permutation(candidates)
    chars = frame.chars[candidates]
    # As many strata as the sample can fill.
    spread = strata_of(np.quantile(chars, np.linspace(0, 1, rows), method="nearest").astype(np.int64))
    stratum = spread.of(chars)
    drawn = []
    for index in range(spread.count):
        members = candidates[stratum == index]
        if len(members):
            size = min(len(members), max(2, round(rows * len(members) / len(candidates))))
            drawn.append(rng.choice(members, size, replace=False))
    return rng.permutation(np.concatenate(drawn))


def write_rows(
    files: Sequence[InputFile], selected: Selected, places: Integers, path: Path, *, columns: Sequence[str], mode: int
) -> None:
    """Write the selected rows at the indices `places`, in that order, with `columns`, as one Parquet file.

    Raises:
        DataError: if an input file cannot be read.
        RunError: if the file system refuses.
    """
    order = np.argsort(places)
    wanted, tables, start = places[order], [], 0
    for batch in _batches(files, selected, columns):
        low, high = np.searchsorted(wanted, [start, start + batch.num_rows])
        if high > low:
            tables.append(pa.Table.from_batches([batch.take(pa.array(wanted[low:high] - start))]))
        start += batch.num_rows
    back = np.empty(len(order), np.int64)
    back[order] = np.arange(len(order))
    table = pa.concat_tables(tables).take(pa.array(back))
    with storage_errors(path, setting="out.dir"):
        path.touch(mode=mode)
        write_parquet(table, path, row_group_size=1024)


def _batches(files: Sequence[InputFile], selected: Selected, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """The selected rows, in input order. Row groups without a selected row are not read."""
    for file_index, file in enumerate(files):
        try:
            with open_parquet(file.path) as parquet:
                for row_group, (rows, _) in enumerate(file.row_groups):
                    mask = selected.mask(file_index, row_group, rows)
                    if mask is not None and not mask.any():
                        continue
                    start = 0
                    for batch in parquet.iter_batches(_BATCH_ROWS, row_groups=[row_group], columns=list(columns)):
                        here = None if mask is None else mask[start : start + batch.num_rows]
                        start += batch.num_rows
                        yield batch if here is None else batch.filter(pa.array(here))
        except (OSError, pa.ArrowException):
            raise DataError(f"{file.path}: cannot be read.") from None


def _bytes(column: pa.Array) -> pl.Series:
    """A column for length and hash. Text is given as bytes, as Arrow's strings may not be valid UTF-8."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return cast(pl.Series, pl.from_arrow(column.cast(pa.large_binary()) if is_string(column.type) else column))


def decode(texts: pl.Series) -> pl.Series:
    """Bytes as text; null if they are not UTF-8. (Polars' own cast would fail for the whole column.)"""
    if texts.dtype == pl.String:
        return texts
    try:
        return texts.cast(pl.String)
    except pl.exceptions.ComputeError:
        return pl.Series(texts.name, [_decoded(value) for value in texts], dtype=pl.String)


def _decoded(value: bytes | None) -> str | None:
    try:
        return None if value is None else value.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _lags(hashes: npt.NDArray[np.uint64]) -> Integers:
    order = np.argsort(hashes, kind="stable")
    again = hashes[order][1:] == hashes[order][:-1]
    lags = np.zeros(len(hashes), np.int64)
    lags[order[1:][again]] = (order[1:] - order[:-1])[again]
    return lags
