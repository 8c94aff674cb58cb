"""Data sets that glane made: rows of erased documents made empty in documents, and taken out of what stands beside."""

from __future__ import annotations

import contextlib
import io
import stat
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from glane.assess.screen.files import BATCH, LABELS, ORDER, QUESTION
from glane.assess.screen.record import Screening
from glane.corpus.unchanged import content_digest
from glane.errors import RecordError
from glane.extraction.frozen import DOCUMENTS, GOLD, MANIFEST, REFERENCE, Manifest
from glane.ingestion.record import LOOK, MARK, read_mark
from glane.job.erase.inputs import emptying
from glane.job.erase.rows import RunRows
from glane.job.erase.tables import (
    Names,
    count_rows,
    csv_without,
    is_telling,
    only_telling,
    write_emptied,
    write_without,
)
from glane.parquet import is_parquet, parquet_schema, read_parquet
from glane.pseudonyms.offsets_file import is_offsets
from glane.pseudonyms.table import DOCUMENTS as PSEUDONYMISED
from glane.pseudonyms.table import MANIFEST as TOLD
from glane.pseudonyms.table import PseudonymisedTable
from glane.records import read_record
from glane.rewritten import forget
from glane.run.names import FRAME
from glane.run.written import digest_of, read_written
from glane.storage import listed, replace_file

PLACES = "places of identifiers"
PSEUDONYMISED_SET = "a data set of glane pseudonymise"
Former = Callable[[str, str], None]  # is told the new digest and the old one, before a file has the new


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFile:
    """A file of a data set of glane's that holds documents to erase."""

    path: Path
    rows: int
    what: str
    erase: Callable[[Former], None]
    takes_lock: bool = False  # of the folder, by itself


def is_ours(path: Path) -> bool:
    """Whether an input file is one that glane made, by what stands beside it."""
    return has_mark(path) or is_written(path)


def is_written(path: Path) -> bool:
    """Whether a file is as `.glane-files` beside it says that glane wrote it."""
    with contextlib.suppress(RecordError):
        held = read_written(path.parent).digests.get(path.name, ())
        return bool(held) and path.is_file() and digest_of(path) in held
    return False


def has_mark(path: Path) -> bool:
    """Whether an input file is of a data set of glane ingest or pseudonymise, or of frozen sentinels."""
    folder = path.parent
    if path.name == PSEUDONYMISED and (folder / TOLD).is_file():
        return True
    if path.name == DOCUMENTS and (folder / MANIFEST).is_file():
        return True
    try:
        return path.suffix == ".parquet" and read_mark(folder) is not None
    except RecordError:
        return False


def data_files(
    folder: Path,
    names: Collection[str],
    ids: Collection[str],
    columns: Mapping[str, Collection[str]],
    *,
    of: Collection[str] | None,
) -> Iterator[DataFile]:
    """The files of glane's data sets in a folder, none below it, that hold documents with these ids.

    `columns` are the names that ids have in runs, with those that each may hold, and `of` the digests of their
    fingerprints: of a folder that tells none of them, nothing is taken but ids that are hardly anything else. None of a
    folder that these runs read.

    Raises:
        GlaneError: if a mark is damaged, or a key is lacking.
    """
    if of is not None and not _is_of(folder, names, of):
        ids = [one for one in ids if is_telling(one)]
        columns = only_telling(columns)
    if not ids and not any(columns.values()):
        return
    if MARK in names and read_mark(folder) is not None:
        yield from _ingested(folder, ids)
    if TOLD in names and PSEUDONYMISED in names:
        yield from _pseudonymised(folder, ids)
    if MANIFEST in names and DOCUMENTS in names:
        yield from _frozen(folder, ids, columns)
    for name, mark in ((ORDER, QUESTION), (LABELS, BATCH)):
        path = folder / name
        if name in names and mark in names and (rows := count_rows(path, ids, columns, anywhere=True)):
            what = "a screening, which does not go on"
            yield DataFile(path=path, rows=rows, what=what, erase=_taking(path, ids, columns, anywhere=True))
    for name in sorted(one for one in names if one.endswith(".parquet")):
        path = folder / name
        if is_parquet(path) and is_offsets(path) and (rows := count_rows(path, ids, ["id", "new_id"], anywhere=False)):
            yield DataFile(path=path, rows=rows, what=PLACES, erase=_taking(path, ids, ["id", "new_id"]))


def _is_of(folder: Path, names: Collection[str], of: Collection[str]) -> bool:
    """Whether frozen sentinels, or a screening or a batch of one, are of runs with these fingerprints."""
    with contextlib.suppress(RecordError, FileNotFoundError):
        if MANIFEST in names:
            return read_record(Manifest, folder / MANIFEST).run.get("fingerprint_digest") in of
        if QUESTION in names or BATCH in names:
            return read_record(Screening, (folder if QUESTION in names else folder.parent) / QUESTION).run in of
    return False


def _ingested(folder: Path, ids: Collection[str]) -> Iterator[DataFile]:
    for path in listed(folder, "documents-*.parquet"):
        if rows := count_rows(path, ids, ["id"], anywhere=False):
            write = partial(write_emptied, path, ids=ids, name="id", rows=())
            yield DataFile(path=path, rows=rows, what="a data set of glane ingest", erase=emptied_in_place(path, write))
    look = folder / LOOK
    if look.is_file() and (told := csv_without(look.read_bytes(), ids, ["id"])) is not None and told[1]:
        content = told[0]
        yield DataFile(path=look, rows=told[1], what="a list of glane ingest", erase=lambda _: _write(look, content))


def _pseudonymised(folder: Path, ids: Collection[str]) -> Iterator[DataFile]:
    path = folder / PSEUDONYMISED
    name = parquet_schema(path).names[0]

    def told_first(new: str) -> None:  # ended before the file has it, the file still holds rows, and is found again
        told = read_record(PseudonymisedTable, folder / TOLD)
        _write(folder / TOLD, told.model_copy(update={"digest": new}).as_json())

    if rows := count_rows(path, ids, [name], anywhere=False):
        write = partial(write_emptied, path, ids=ids, name=name, rows=())
        erase = emptied_in_place(path, write, first=told_first)
        yield DataFile(path=path, rows=rows, what=PSEUDONYMISED_SET, erase=erase)


def _frozen(folder: Path, ids: Collection[str], columns: Mapping[str, Collection[str]]) -> Iterator[DataFile]:
    told = read_record(Manifest, folder / MANIFEST)
    key = told.group_by or told.id_column
    ids = columns.get(key, ids)
    held = {
        name: count_rows(folder / name, ids, [key], anywhere=False)
        for name in (DOCUMENTS, REFERENCE, GOLD)
        if (folder / name).is_file()
    }
    if not any(held.values()):
        return

    def erase(former: Former) -> None:
        new = {name: _content_without(folder / name, ids, [key]) for name, rows in held.items() if rows}
        files = {name: digest_of(new.get(name, folder / name)) for name in told.files}
        left = len(set(read_parquet(folder / DOCUMENTS, columns=[key])[key].cast("string").to_pylist()) - {*ids})
        if DOCUMENTS in new:
            former(files[DOCUMENTS], told.files[DOCUMENTS])
        # What tells the digests goes first: ended half way, nobody takes the set for whole, and rows are found again.
        _write(folder / MANIFEST, told.model_copy(update={"files": files, "documents": left}).as_json())
        for name, content in new.items():
            _write(folder / name, content)

    yield DataFile(path=folder / DOCUMENTS, rows=sum(held.values()), what="frozen sentinels", erase=erase)


def emptied_in_place(
    path: Path, write: Callable[[IO[bytes]], None], *, first: Callable[[str], None] = lambda _: None
) -> Callable[[Former], None]:
    """What replaces a file by what `write` writes, once it is told which digest it has then; `first` is told, too."""

    def erase(former: Former) -> None:
        sink = io.BytesIO()
        write(sink)
        digest = digest_of(sink.getvalue())
        former(digest, content_digest(str(path)))
        first(digest)
        _write(path, sink.getvalue())

    return erase


def kept_frame(rows: RunRows) -> Iterator[DataFile]:
    """The documents that a notebook gave to a run, which `glane.extract` kept beside it."""
    path = frame_beside(rows.directory.root)
    if path.is_file() and (found := emptying([rows], path)) is not None:
        erase = emptied_in_place(path, found.write)
        yield DataFile(path=path, rows=found.rows, what="documents that a notebook gave", erase=erase)


def frame_beside(root: Path) -> Path:
    """Where `glane.extract` keeps a frame that is given to it, of a run directory."""
    return root.with_name(f"{root.name}{FRAME}")


def _taking(path: Path, ids: Collection[str], names: Names, *, anywhere: bool = False) -> Callable[[Former], None]:
    return lambda _: _write(path, _content_without(path, ids, names, anywhere=anywhere))


def _content_without(path: Path, ids: Collection[str], names: Names, *, anywhere: bool = False) -> bytes:
    sink = io.BytesIO()
    write_without(path, sink, ids, names, anywhere=anywhere)
    return sink.getvalue()


def _write(path: Path, content: bytes) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)  # who could read it still can
    replace_file(path, lambda stream: stream.write(content), mode=mode, setting="folder")
    forget(path)
