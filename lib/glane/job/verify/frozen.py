"""The frozen documents that the sentinels of a run are, and their former answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from glane.corpus.unchanged import KnownFile, content_digest
from glane.errors import DataError, GlaneError, RecordError
from glane.extraction.frozen import MANIFEST, Manifest
from glane.job.verify.record import Check, State
from glane.records import read_record
from glane.run.description import read_description
from glane.run.directory import RunDirectory
from glane.run.erased import Erased, read_erased
from glane.run.nested import with_nested

_UNTAKEN = "no digest was taken of it"


def frozen_sets(directory: RunDirectory) -> Iterator[Check]:
    """The files of the set that each nested run asked: the documents by its fingerprint, the rest by the set's own."""
    for nested in with_nested(directory)[1:]:
        try:
            files, erased = read_description(nested).files, read_erased(nested)
        except (GlaneError, OSError):
            continue  # the file is told as changed
        for file in files:
            yield from _set(file, erased)


def _set(documents: KnownFile, erased: Erased) -> Iterator[Check]:
    path = Path(documents.path)
    yield _compared(path, documents.digest, erased)
    try:
        manifest = read_record(Manifest, path.parent / MANIFEST)
    except (FileNotFoundError, NotADirectoryError):
        yield _check(path.parent / MANIFEST, "missing")
        return
    except RecordError as error:
        yield _check(path.parent / MANIFEST, "changed", str(error).partition(": ")[2])
        return
    yield _check(path.parent / MANIFEST, "not covered", _UNTAKEN)
    yield from (
        _compared(path.parent / name, digest, Erased()) for name, digest in manifest.files.items() if name != path.name
    )


def _compared(path: Path, digest: str, erased: Erased) -> Check:
    """Compare a file with its digest; one that documents were erased of, with what it is since."""
    if not path.exists():
        return _check(path, "missing")
    try:
        return _check(path, "equal" if erased.named(content_digest(str(path))) == digest else "changed")
    except DataError as error:
        return _check(path, "changed", str(error))


def _check(path: Path, state: State, why: str = "") -> Check:
    return Check(part="sentinels", place=str(path), state=state, why=why)
