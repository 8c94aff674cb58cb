"""A table of documents becomes one of pseudonymised documents, with the places of what was replaced in a file apart."""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import IO, Literal

import pyarrow as pa

from glane.corpus.files import InputFile, check_column, inspect_files
from glane.corpus.ids import as_ids
from glane.corpus.read import decoded, raw
from glane.corpus.readable import readable
from glane.errors import DataError, RunError
from glane.parquet import ParquetWriter, open_parquet, parquet_writer
from glane.pseudonyms.key import Key, read_key
from glane.pseudonyms.offsets_file import PLACES, publish_places, refuse_other
from glane.pseudonyms.replace import pseudonymised
from glane.pseudonyms.surrogates import Manner, Surrogates
from glane.records import Record
from glane.run.written import digest_of, refuse_inside_run
from glane.settings.pseudonymise import PseudonymiseData, PseudonymiseSettings
from glane.storage import replace_file, write_folder_once

DOCUMENTS, MANIFEST = "documents.parquet", "pseudonymised.json"
_BATCH_ROWS = 256
_FOLDER_MODE, _FILE_MODE = 0o700, 0o600


class PseudonymisedTable(Record):
    """What was replaced in a table of documents: counts, no text, no key."""

    kind: Literal["glane pseudonymised documents"] = "glane pseudonymised documents"
    version: Literal[1] = 1
    rows: int
    without_text: int  # null, or no UTF-8: their text is null
    without_identifiers: int  # documents in which nothing was found
    replaced: Mapping[str, int]  # by kind
    keep: tuple[str, ...]
    style: str
    scope: str
    most_days: int
    whole_weeks: bool
    oldest_age: int | None
    keeps_ids: bool
    digest: str  # BLAKE2b of documents.parquet


@dataclass(frozen=True, slots=True)
class _Rows:
    documents: pa.Table
    places: pa.Table
    counts: Counter[str]
    num_without_text: int
    num_without_identifiers: int


def pseudonymise_table(settings: PseudonymiseSettings) -> PseudonymisedTable:
    """Write `out.dir` with the pseudonymised documents, and the places of what was replaced.

    The folder appears whole or not at all, after the file of places, which an interrupted call may leave and the next
    one replaces. The text is read as UTF-8; of other columns only those that are named are written.

    Raises:
        DataError: if the files cannot be read, or lack a column.
        ConfigError: if the key cannot be had.
        RunError: if the folder is there already, or lies in a run.
    """
    key = read_key(file=settings.key_file, command=settings.key_command)
    out, offsets = Path(settings.out.dir), Path(settings.offsets)
    for path, setting in ((out, "out.dir"), (offsets, "offsets")):
        refuse_inside_run(path, setting=setting)
    files = _checked(settings.data)
    if out.exists() and any(out.iterdir()):
        raise RunError(f"out.dir: {out} is there already. Choose another out.dir.")
    refuse_other(offsets)
    told: list[PseudonymisedTable] = []

    def write(folder: Path) -> None:
        told.append(_write(folder, offsets, files, settings, key))

    if not write_folder_once(out, write, mode=_FOLDER_MODE, setting="out.dir"):
        raise RunError(f"out.dir: {out} was made by another process meanwhile. Choose another out.dir.")
    return told[-1]


def _checked(data: PseudonymiseData) -> list[InputFile]:
    others = [*data.carry_columns, *data.shift_columns]
    files = inspect_files(data.path, id_column=data.id_column, text_column=data.text_column, carry_columns=others)
    named = dict.fromkeys(data.known_columns, "data.known_columns") | dict.fromkeys(
        data.shift_columns, "data.shift_columns"
    )
    if data.person_column is not None:
        named[data.person_column] = "data.person_column"
    for file in files:
        for name, setting in named.items():
            check_column(file, files[0], name, setting)
    for name in data.shift_columns:
        kind = files[0].schema.field(name).type
        if not (pa.types.is_date(kind) or pa.types.is_timestamp(kind)):
            raise DataError(
                f"{files[0].name}: column {name!r} is {kind}; data.shift_columns takes dates and timestamps. Make a "
                "Parquet file with dates of the table it comes from: glane convert source=… data.path=… "
                "data.dates=day_first"
            )
    return files


def _write(
    folder: Path, offsets: Path, files: list[InputFile], settings: PseudonymiseSettings, key: Key
) -> PseudonymisedTable:
    counts, rows, lacking, bare = Counter[str](), 0, 0, 0
    apart = folder / ".offsets"
    with ExitStack() as stack:
        documents = places = None
        for done in _done(files, settings, key):
            if documents is None:
                documents = stack.enter_context(_writer(folder / DOCUMENTS, done.documents.schema))
                places = stack.enter_context(_writer(apart, PLACES))
            assert places is not None
            documents.write_table(done.documents)
            places.write_table(done.places)
            counts += done.counts
            rows += done.documents.num_rows
            lacking += done.num_without_text
            bare += done.num_without_identifiers
    told = PseudonymisedTable(
        rows=rows, without_text=lacking, without_identifiers=bare, replaced=dict(sorted(counts.items())),
        keep=settings.keep, style=settings.style, scope=settings.scope, most_days=settings.most_days,
        whole_weeks=settings.whole_weeks, oldest_age=settings.oldest_age, keeps_ids=settings.keep_ids,
        digest=digest_of(folder / DOCUMENTS),
    )  # fmt: skip
    replace_file(folder / MANIFEST, lambda stream: _put(stream, told.as_json()), mode=_FILE_MODE, setting="out.dir")
    publish_places(apart, offsets)
    return told


def _put(stream: IO[bytes], content: bytes) -> None:
    stream.write(content)


def _writer(path: Path, schema: pa.Schema) -> ParquetWriter:
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE))
    return parquet_writer(path, schema)


def _done(files: list[InputFile], settings: PseudonymiseSettings, key: Key) -> Iterator[_Rows]:
    """The rows of each row group, in order."""
    groups = [(file.path, number) for file in files for number in range(len(file.row_groups))]
    if settings.processes == 1:
        for path, number in groups:
            yield from _group(path, number, settings, key)
        return
    start = partial(_begin, settings)  # each process reads the key by itself: it is passed to nobody
    with ProcessPoolExecutor(settings.processes, mp_context=get_context("spawn"), initializer=start) as pool:
        begun = deque[Future[list[_Rows]]]()
        for group in groups:
            begun.append(pool.submit(_of_process, group))
            if len(begun) > 2 * settings.processes:  # what is done waits in memory
                yield from begun.popleft().result()
        for one in begun:
            yield from one.result()


_PROCESS: dict[str, tuple[PseudonymiseSettings, Key]] = {}  # what a process of the pool was begun with


def _begin(settings: PseudonymiseSettings) -> None:
    _PROCESS["told"] = (settings, read_key(file=settings.key_file, command=settings.key_command))


def _of_process(group: tuple[str, int]) -> list[_Rows]:
    settings, key = _PROCESS["told"]
    return list(_group(*group, settings, key))


def _group(path: str, number: int, settings: PseudonymiseSettings, key: Key) -> Iterator[_Rows]:
    data = settings.data
    names = [data.id_column, data.text_column, *data.known_columns, *data.carry_columns, *data.shift_columns]
    names += [] if data.person_column is None else [data.person_column]
    try:
        with open_parquet(path) as file:
            for batch in file.iter_batches(_BATCH_ROWS, row_groups=[number], columns=list(dict.fromkeys(names))):
                yield _batch(batch, path, settings, key)
    except (OSError, pa.ArrowException):
        raise DataError(f"{path}: row group {number} cannot be read.") from None


def _batch(batch: pa.RecordBatch, path: str, settings: PseudonymiseSettings, key: Key) -> _Rows:
    data = settings.data
    ids = [str(one) for one in as_ids(batch.column(data.id_column), place=path).to_pylist()]
    persons = ids if data.person_column is None else _texts(batch, data.person_column)
    persons = [person or identifier for person, identifier in zip(persons, ids, strict=True)]
    known = [_texts(batch, name) for name in data.known_columns]
    manner = Manner(
        style=settings.style, scope=settings.scope, most_days=settings.most_days, whole_weeks=settings.whole_weeks,
        oldest_age=settings.oldest_age,
    )  # fmt: skip
    texts: list[str | None] = []
    places: list[dict[str, object]] = []
    counts, bare = Counter[str](), 0
    new_ids = ids if settings.keep_ids else [f"d{key.digest('id', one).hex()[:24]}" for one in ids]
    for row, cell in enumerate(raw(batch.column(data.text_column))):
        text, _ = decoded(cell)
        if text is None:
            texts.append(None)
            continue
        values = [ids[row], *(column[row] or "" for column in known)]
        made = pseudonymised(text, key=key, person=persons[row], manner=manner, known=values, keep=settings.keep)
        texts.append(made.text)
        bare += not made.segments
        for one in made.segments:
            counts[one.kind] += 1
            places.append(
                {
                    "id": ids[row], "new_id": new_ids[row], "kind": one.kind, "start": one.start, "end": one.end,
                    "new_start": one.new_start, "new_end": one.new_end,
                }
            )  # fmt: skip
    columns: dict[str, pa.Array] = {
        data.id_column: pa.array(new_ids, pa.string()),
        data.text_column: pa.array(texts, pa.large_string()),
    }
    if data.person_column is not None:
        columns[data.person_column] = pa.array(
            [f"p{key.digest('person', one).hex()[:24]}" for one in persons], pa.string()
        )
    columns |= {name: readable(batch.column(name)) for name in data.carry_columns}
    columns |= {name: _shifted(batch.column(name), persons, key, manner) for name in data.shift_columns}
    return _Rows(pa.table(columns), pa.Table.from_pylist(places, schema=PLACES), counts, texts.count(None), bare)


def _texts(batch: pa.RecordBatch, name: str) -> list[str | None]:
    return [decoded(cell)[0] for cell in raw(batch.column(name))]


def _shifted(column: pa.Array, persons: list[str], key: Key, manner: Manner) -> pa.Array:
    """Dates, shifted as those in the texts of their persons."""
    moved: list[date | datetime | None] = []
    for value, person in zip(column.to_pylist(), persons, strict=True):
        days = Surrogates(key, manner, person=person, text="", year=0).days
        moved.append(None if value is None else value + timedelta(days))
    return pa.array(moved, column.type)
