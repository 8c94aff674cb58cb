"""Which rows are asked: one pass over the id column (and what a filter needs), in bounded memory.

Besides selecting, the pass proves that ids are never null and, among the selected rows, unique: the promise
"every id exactly once" has no meaning without that.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from glane.corpus.files import InputFile
from glane.errors import ConfigError, DataError, did_you_mean

Mask = npt.NDArray[np.bool_]
_BATCH_ROWS = 65_536
_IN_MEMORY_HASHES = 16_000_000  # 128 MB; more than this is split over temporary files
_BUCKET_HASHES = 8_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What narrows the input, in the order in which it is applied."""

    where: str | None = None
    only_ids: pl.Series | None = None
    skip_ids: pl.Series | None = None
    sample: int | float | None = None
    sample_seed: int = 0
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """Per file and row group, which rows are asked (packed bits; None means all), and how many in all."""

    masks: tuple[tuple[npt.NDArray[np.uint8] | None, ...], ...]
    num_read: int
    num_selected: int

    def mask(self, file_index: int, row_group: int, num_rows: int) -> Mask | None:
        """The mask of one row group, unpacked."""
        packed = self.masks[file_index][row_group]
        return None if packed is None else np.unpackbits(packed, count=num_rows).astype(np.bool_)


def select_rows(files: Sequence[InputFile], *, id_column: str, selection: Selection) -> Selected:
    """Apply `selection` to `files`.

    Raises:
        ConfigError: if `where` is no expression over the input's columns.
        DataError: for null or duplicate ids, or if nothing is selected.
    """
    where, columns = _where(selection.where, files[0].schema.names)
    masks: list[list[npt.NDArray[np.uint8]]] = []
    with _Hashes(sum(file.num_rows for file in files)) as hashes:
        for file in files:
            masks.append([])
            for row_group in range(len(file.row_groups)):
                parts = [np.zeros(0, np.bool_)]
                for frame in _frames(file, row_group, dict.fromkeys([id_column, *columns])):
                    part = _matching(frame, id_column, where, selection, file)
                    hashes.add(frame[id_column].filter(pl.Series(part)).hash().to_numpy())
                    parts.append(part)
                masks[-1].append(np.packbits(np.concatenate(parts)))
        suspects = hashes.repeated()
    if len(suspects):
        _refuse_duplicates(files, id_column, masks, suspects)
    num_read = sum(file.num_rows for file in files)
    narrowed = _narrowed(files, masks, selection)
    num_selected = sum(int(np.bitwise_count(mask).sum()) for group in narrowed for mask in group)
    if num_selected == 0:
        raise DataError(
            f"data: none of the {num_read} rows is selected. Check data.where, only_rejected_of, skip_done_in."
        )
    return Selected(
        masks=tuple(
            tuple(
                None if int(np.bitwise_count(mask).sum()) == rows else mask
                for mask, (rows, _) in zip(group, file.row_groups, strict=True)
            )
            for file, group in zip(files, narrowed, strict=True)
        ),
        num_read=num_read,
        num_selected=num_selected,
    )


def _where(text: str | None, names: Sequence[str]) -> tuple[pl.Expr | None, list[str]]:
    if text is None:
        return None, []
    try:
        expression = pl.sql_expr(text)
        roots = expression.meta.root_names()
    except Exception as error:  # Polars raises several kinds here, all about the expression
        raise ConfigError(f"data.where: {text!r} is no SQL expression ({str(error).splitlines()[0]}).") from None
    for name in roots:
        if name not in names:
            raise ConfigError(f"data.where: no column {name!r}. {did_you_mean(name, names)}")
    return expression, roots


def _frames(file: InputFile, row_group: int, columns: dict[str, None]) -> Iterator[pl.DataFrame]:
    with pq.ParquetFile(file.path) as parquet:
        for batch in parquet.iter_batches(_BATCH_ROWS, row_groups=[row_group], columns=list(columns)):
            try:
                batch.validate(full=True)  # Polars trusts that strings are UTF-8
                yield cast(pl.DataFrame, pl.from_arrow(batch))
            except pa.ArrowInvalid:
                names = ", ".join(columns)
                raise DataError(
                    f"{file.path}: row group {row_group} is damaged or not UTF-8 in one of: {names}."
                ) from None


def _matching(
    frame: pl.DataFrame, id_column: str, where: pl.Expr | None, selection: Selection, file: InputFile
) -> Mask:
    ids = frame[id_column]
    if nulls := ids.null_count():
        raise DataError(f"{file.path}: column {id_column!r} has null ids ({nulls} or more); every row needs one.")
    mask = np.ones(len(frame), np.bool_)
    if where is not None:
        try:
            kept = frame.select(where.alias("_")).to_series()
        except Exception as error:  # wrong types in the expression
            raise ConfigError(f"data.where: cannot be computed ({str(error).splitlines()[0]}).") from None
        if kept.dtype != pl.Boolean or len(kept) != len(frame):
            raise ConfigError(f"data.where: gives {kept.dtype}, not true or false for each row.")
        mask &= kept.fill_null(value=False).to_numpy()
    for wanted, known in ((True, selection.only_ids), (False, selection.skip_ids)):
        if known is not None:
            mask &= ids.cast(known.dtype).is_in(known.implode()).to_numpy() == wanted
    return mask


def _narrowed(
    files: Sequence[InputFile], masks: list[list[npt.NDArray[np.uint8]]], selection: Selection
) -> list[list[npt.NDArray[np.uint8]]]:
    """Apply sample and limit, which count over all files."""
    if selection.sample is None and selection.limit is None:
        return masks
    total = sum(int(np.bitwise_count(mask).sum()) for group in masks for mask in group)
    kept = np.ones(total, np.bool_)
    if selection.sample is not None:
        size = round(total * selection.sample) if isinstance(selection.sample, float) else min(selection.sample, total)
        # A permutation's generator is stable between versions of NumPy; a hash of ids would not be.
        chosen = np.random.Generator(np.random.PCG64(selection.sample_seed)).choice(total, size, replace=False)
        kept[:] = False
        kept[chosen] = True
    if selection.limit is not None:
        kept[np.flatnonzero(kept)[selection.limit :]] = False
    narrowed: list[list[npt.NDArray[np.uint8]]] = []
    position = 0
    for file, group in zip(files, masks, strict=True):
        narrowed.append([])
        for packed, (rows, _) in zip(group, file.row_groups, strict=True):
            mask = np.unpackbits(packed, count=rows).astype(np.bool_)
            count = int(mask.sum())
            mask[mask] = kept[position : position + count]
            position += count
            narrowed[-1].append(np.packbits(mask))
    return narrowed


class _Hashes:
    """64-bit hashes of ids, in memory while they are few and otherwise in temporary files by their high bits."""

    def __init__(self, num_expected: int) -> None:
        self._num_buckets = 1 if num_expected <= _IN_MEMORY_HASHES else -(-num_expected // _BUCKET_HASHES)
        self._memory: list[npt.NDArray[np.uint64]] = []
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> _Hashes:
        if self._num_buckets > 1:
            self._folder = tempfile.TemporaryDirectory(prefix="glane-ids-")
        return self

    def __exit__(self, *_: object) -> None:
        if self._folder is not None:
            self._folder.cleanup()

    def add(self, hashes: npt.NDArray[np.uint64]) -> None:
        if self._folder is None:
            self._memory.append(hashes)
            return
        buckets = ((hashes >> np.uint64(32)) * np.uint64(self._num_buckets)) >> np.uint64(32)
        order = np.argsort(buckets, kind="stable")
        bounds = np.searchsorted(buckets[order], np.arange(self._num_buckets + 1))
        for bucket in np.flatnonzero(np.diff(bounds)):
            with open(Path(self._folder.name) / str(bucket), "ab") as stream:
                hashes[order[bounds[bucket] : bounds[bucket + 1]]].tofile(stream)

    def repeated(self) -> npt.NDArray[np.uint64]:
        """The hashes that were added more than once: duplicates, or (rarely) collisions."""
        if self._folder is None:
            return _repeated(np.concatenate(self._memory)) if self._memory else np.zeros(0, np.uint64)
        paths = sorted(Path(self._folder.name).iterdir())
        found = [_repeated(np.fromfile(path, np.uint64)) for path in paths]
        return np.concatenate(found) if found else np.zeros(0, np.uint64)


def _repeated(hashes: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    ordered = np.sort(hashes)
    return np.unique(ordered[1:][ordered[1:] == ordered[:-1]])


def _refuse_duplicates(
    files: Sequence[InputFile],
    id_column: str,
    masks: list[list[npt.NDArray[np.uint8]]],
    suspects: npt.NDArray[np.uint64],
) -> None:
    """Look at the ids behind repeated hashes, and raise if any id really occurs twice."""
    places: dict[str | int, str] = {}
    wanted = pl.Series(suspects).implode()
    for file, group in zip(files, masks, strict=True):
        for row_group, (rows, _) in enumerate(file.row_groups):
            mask, start = np.unpackbits(group[row_group], count=rows).astype(np.bool_), 0
            for frame in _frames(file, row_group, {id_column: None}):
                ids = frame[id_column].filter(pl.Series(mask[start : start + len(frame)]))
                start += len(frame)
                for value in ids.filter(ids.hash().is_in(wanted)):
                    if value in places:
                        raise DataError(
                            f"{file.path}: id {value!r} occurs twice (also in {places[value]}). Ids must be unique: "
                            "remove the duplicates, or set data.id_column to a unique column."
                        )
                    places[value] = file.path
