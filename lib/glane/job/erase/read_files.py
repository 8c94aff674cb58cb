"""Input files of runs outside of data sets with a mark: as glane wrote them, by `.glane-files`, or the user's own."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache, partial
from pathlib import Path

import pyarrow as pa

from glane.corpus.unchanged import content_digest
from glane.errors import GlaneError
from glane.job.erase.data import DataFile, Former, emptied_in_place, frame_beside, has_mark, is_written
from glane.job.erase.inputs import Emptying, emptying
from glane.job.erase.rows import RunRows
from glane.job.erase.tables import is_telling
from glane.job.erase.walk import Place
from glane.run.amend import amend
from glane.run.directory import RunDirectory
from glane.run.written import digest_of

Readers = Mapping[Path, Sequence[RunRows]]  # of each file the runs that read it


def plain_inputs(runs: Sequence[RunRows]) -> dict[Path, list[RunRows]]:
    """The input files that are there, with who reads them; none that a run made, or that lies in a marked data set."""
    found: dict[Path, list[RunRows]] = {}
    made = {rows.directory.root for rows in runs}
    for rows in runs:
        beside = (rows.directory.input, frame_beside(rows.directory.root))
        for path in dict.fromkeys(Path(file.path).resolve() for file in rows.read):
            is_made = path.parent in beside or path in beside or not made.isdisjoint(path.parents)
            if path.is_file() and not is_made and not has_mark(path):
                found.setdefault(path, []).append(rows)
    return found


def further_readers(place: Place, known: Collection[Path], ids: Collection[str]) -> list[RunRows]:
    """Other runs that read what glane wrote, as copies of documents with attacks, with the ids that tell documents."""
    telling = frozenset(one for one in ids if is_telling(one))
    is_ours = cache(is_written)  # which reads the file: many runs read the same
    roots = [
        root
        for root, told in place.runs.items()
        if root not in known and any(is_ours(Path(file.path)) for file in told.files)
    ]
    return [one for root in roots if not (one := RunRows(directory=RunDirectory(root=root), ids=telling)).is_grouped]


def written_inputs(readers: Readers) -> Iterator[DataFile]:
    """The input files that glane wrote, and that hold the documents: their rows are made empty."""
    for path, runs in readers.items():
        if is_written(path) and (found := _emptying(runs, path)):
            erase = partial(_amended, path, runs)
            what = "documents that glane wrote"
            yield DataFile(path=path, rows=found.rows, what=what, erase=erase, takes_lock=True)


def own_inputs(readers: Readers) -> Iterator[DataFile]:
    """The input files of the user that hold the documents, and how their rows are made empty."""
    for path, runs in readers.items():
        if not is_written(path) and (found := _emptying(runs, path)):
            erase = emptied_in_place(path, found.write)
            yield DataFile(path=path, rows=found.rows, what="an input of yours", erase=erase)


def _emptying(runs: Sequence[RunRows], path: Path) -> Emptying | None:
    with contextlib.suppress(GlaneError, OSError, pa.ArrowException):
        return emptying(runs, path)
    return None


def _amended(path: Path, runs: Sequence[RunRows], former: Former) -> None:
    found = emptying(runs, path)
    if found is None:
        return
    sink = io.BytesIO()
    found.write(sink)
    former(digest_of(sink.getvalue()), content_digest(str(path)))
    amend(path.parent, {path.name: sink.getvalue()}, setting="folder")
