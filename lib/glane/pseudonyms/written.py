"""Files of documents, their identifiers replaced in as many processes as asked, written beside a file of offsets."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path

import pyarrow as pa

from glane.corpus.files import InputFile
from glane.corpus.pseudonymised import PseudonymRules, with_mark
from glane.errors import DataError
from glane.parquet import ParquetWriter, open_parquet, parquet_writer
from glane.pseudonyms.key import Key, read_key
from glane.pseudonyms.offsets_file import places_made_of
from glane.pseudonyms.processes import each_done
from glane.pseudonyms.rows import Columns, Rows, manner_of, replaced_rows
from glane.settings.pseudonymise import PseudonymManner

FILE_MODE = 0o600
_BATCH_ROWS = 256
_GROUP_ROWS, _GROUP_BYTES = 16_384, 32 * 2**20  # of a row group that is written


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Counts of documents, and of what was replaced in them."""

    rows: int
    without_text: int
    without_identifiers: int
    failed: int
    dates_left: int  # months without a year and weeks, where other dates are shifted
    replaced: Mapping[str, int]  # in texts, by kind
    values: Mapping[str, int]  # cells that were replaced whole, by column
    holding: Mapping[str, int]  # rows whose cell in a carried column of text holds what was replaced, by column


def refuse_again(files: Sequence[InputFile]) -> None:
    """Refuse documents that were pseudonymised before: what is told of them would be of the second time alone.

    Raises:
        DataError: naming the file and the remedy.
    """
    if (odd := next((file for file in files if file.mark is not None), None)) is not None:
        raise DataError(
            f"{odd.name}: its documents were pseudonymised before, as it says: names would get pseudonyms of "
            "pseudonyms, and dates be shifted twice. Use it as it is, or give the originals."
        )


def write_replaced(
    path: Path, apart: Path, files: Sequence[InputFile], columns: Columns, told: PseudonymManner, key: Key,
    *, rules: PseudonymRules, made_of: str,
) -> Totals:  # fmt: skip
    """Write the documents of some files with their identifiers replaced, and where these stood into `apart`.

    The former file says by which `rules`; `made_of` is a digest by which the latter is known.

    Raises:
        DataError: if a file cannot be read.
    """
    counts, values, holding = Counter[str](), Counter[str](), Counter[str]()
    rows, lacking, bare, failed, left = 0, 0, 0, 0, 0
    with ExitStack() as stack:
        documents = places = None
        for done in _done(files, columns, told, key):
            if documents is None:
                documents = stack.enter_context(_Groups(path, with_mark(done.documents.schema, rules)))
                places = stack.enter_context(_Groups(apart, places_made_of(made_of)))
            assert places is not None
            documents.add(done.documents)
            places.add(done.places)
            counts += done.counts
            values += done.values
            holding += done.holding  # columns with none are left out
            rows += done.documents.num_rows
            lacking += done.num_without_text
            bare += done.num_without_identifiers
            failed += done.num_failed
            left += done.num_dates_left
    return Totals(
        rows=rows, without_text=lacking, without_identifiers=bare, failed=failed, dates_left=left,
        replaced=dict(sorted(counts.items())), values=dict(sorted(values.items())),
        holding=dict(sorted(holding.items())),
    )  # fmt: skip


class _Groups:
    """A Parquet file that is written in row groups of some thousand rows, for its owner only."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE))
        self._writer: ParquetWriter = parquet_writer(path, schema)
        self._waiting: list[pa.Table] = []

    def __enter__(self) -> _Groups:
        return self

    def __exit__(self, *_: object) -> None:
        self._write()
        self._writer.close()

    def add(self, table: pa.Table) -> None:
        self._waiting.append(table)
        if (
            sum(one.num_rows for one in self._waiting) >= _GROUP_ROWS
            or sum(one.nbytes for one in self._waiting) >= _GROUP_BYTES
        ):
            self._write()

    def _write(self) -> None:
        if self._waiting:
            self._writer.write_table(pa.concat_tables(self._waiting))
            self._waiting.clear()


def _done(files: Sequence[InputFile], columns: Columns, told: PseudonymManner, key: Key) -> Iterator[Rows]:
    """The rows of each row group, in order."""
    groups = [(file.path, number) for file in files for number in range(len(file.row_groups))]
    if told.processes == 1:
        for path, number in groups:
            yield from _group(path, number, columns, told, key)
        return
    start = partial(_begin, columns, told)  # each process reads the key by itself: it is passed to nobody
    yield from chain.from_iterable(each_done(_of_process, groups, processes=told.processes, begin=start))


_PROCESS: dict[str, tuple[Columns, PseudonymManner, Key]] = {}  # what a process of the pool was begun with


def _begin(columns: Columns, told: PseudonymManner) -> None:
    _PROCESS["told"] = (columns, told, read_key(file=told.key_file, command=told.key_command))


def _of_process(group: tuple[str, int]) -> list[Rows]:
    (path, number), (columns, told, key) = group, _PROCESS["told"]
    return list(_group(path, number, columns, told, key))


def _group(path: str, number: int, columns: Columns, told: PseudonymManner, key: Key) -> Iterator[Rows]:
    manner = manner_of(told)
    try:
        with open_parquet(path) as file:
            for batch in file.iter_batches(_BATCH_ROWS, row_groups=[number], columns=columns.read):
                yield replaced_rows(batch, columns, place=path, key=key, manner=manner, keep=told.keep)
    except (OSError, pa.ArrowException):
        raise DataError(f"{path}: row group {number} cannot be read.") from None
