"""The frozen documents that the sentinels of a run are, and their former answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from glane.corpus.unchanged import KnownFile
from glane.errors import GlaneError, RecordError
from glane.extraction.frozen import MANIFEST, Manifest
from glane.job.verify.look import UNTAKEN, checked, is_within, of_a_record, out_of_it, seen
from glane.job.verify.record import Check
from glane.records import read_record
from glane.run.description import read_description
from glane.run.directory import RunDirectory
from glane.run.erased import Erased, read_erased
from glane.run.nested import with_nested
from glane.run.written import digest_of


def frozen_sets(directory: RunDirectory) -> Iterator[Check]:
    """The files of the set that each nested run asked: the documents by its fingerprint, the rest by the set's own."""
    for nested in with_nested(directory)[1:]:
        try:
            files, erased = read_description(nested).files, read_erased(nested)
        except (GlaneError, OSError):
            continue  # the file is told as changed, or as unreadable
        for file in files:
            yield from _set(file, erased)


def _set(documents: KnownFile, erased: Erased) -> Iterator[Check]:
    path = Path(documents.path)
    yield _compared(path, documents.digest, erased)
    try:
        manifest = read_record(Manifest, path.parent / MANIFEST)
    except (FileNotFoundError, NotADirectoryError):
        yield checked("sentinels", path.parent / MANIFEST, "missing")
        return
    except RecordError as error:
        yield checked("sentinels", path.parent / MANIFEST, *of_a_record(error))
        return
    yield checked("sentinels", path.parent / MANIFEST, *UNTAKEN)
    for name, digest in manifest.files.items():
        if not is_within(name):
            yield checked("sentinels", path.parent / name, *out_of_it())
        elif name != path.name:
            yield _compared(path.parent / name, digest, Erased())


def _compared(path: Path, digest: str, erased: Erased) -> Check:
    """Compare a file with its digest; one that documents were erased of, with what it is since."""
    return checked("sentinels", path, *seen(lambda: erased.named(digest_of(path)) == digest))
