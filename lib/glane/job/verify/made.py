"""What was made of a run: files of other folders that glane wrote, which name the run by its id."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from glane.briefs.record import BriefSummary
from glane.corpus.find import find_files
from glane.errors import GlaneError, RecordError
from glane.job.verify.look import UNTAKEN, checked, is_within, of_a_record, opens, out_of_it, readable_trees, seen
from glane.job.verify.record import Check
from glane.records import read_record
from glane.regular import open_file
from glane.rewritten import REWRITTEN
from glane.run.names import MARKER
from glane.run.written import WRITTEN, Call, WrittenFiles, digest_of, read_written, standing

_BRIEF = "brief.json"
_HEAD = 1 << 18  # bytes of a file in which a record names its run
_NOT_AS_WRITTEN = "it is not as it was written"
_CLOSED = "it cannot be read, so whether it is of this run is not known"
_TORN = "a command was ended before it had written all files of its result"


def made_of_run(identity: str, fingerprint_digest: str, folders: Sequence[Path]) -> Iterator[Check]:
    """The files of every folder below these that says it is of the run: evaluations, estimates, briefs, exports.

    Records of glane that name the fingerprint, and of which no digest was taken, are told as that.
    """
    unreadable: list[Path] = []
    for folder in folders:
        for root, names, files in readable_trees(folder, unreadable):
            names[:] = sorted(name for name in names if not name.startswith("."))
            if MARKER in files:
                names.clear()
            elif WRITTEN in files:
                yield from _folder(root, identity)
            else:
                records = (root / name for name in sorted(files) if name.endswith(".json"))
                yield from (found for path in records if (found := _unlisted(path, fingerprint_digest)) is not None)
    yield from (checked("made of it", path, "not covered", _CLOSED) for path in unreadable)


def _folder(folder: Path, identity: str) -> Iterator[Check]:
    try:
        written = read_written(folder)
    except RecordError as error:
        yield checked("made of it", folder / WRITTEN, *of_a_record(error))
        return
    if written.own and written.own != written.expected():
        yield checked("made of it", folder / WRITTEN, "changed", _NOT_AS_WRITTEN)
    for mark, call in written.calls.items():
        yield from _call(folder, mark, call, identity)
    if identity in {link.id for link in written.runs}:
        alone = [name for name in written.names if written.mark_of(name) is None]
        yield from (_file(folder, name, written.digests.get(name, ())[:1]) for name in alone)
    if identity in {link.id for link in written.all_runs}:
        yield from (_unnamed(path) for path in _others(folder, written))
    if _BRIEF in written.names and identity in {link.id for link in written.all_runs}:
        yield from _of_brief(folder / _BRIEF)


def _call(folder: Path, mark: str, call: Call, identity: str) -> Iterator[Check]:
    """The files that the last call of a command wrote, or those before it where it wrote none."""
    if identity not in {link.id for told in call.told for link in told.runs}:
        return
    try:
        there = standing(folder, call)
    except (OSError, GlaneError):  # which of two calls stands there is not known: the last one is compared
        there = call.now
    if there is None:
        yield checked("made of it", folder / mark, "changed", _TORN)
    elif identity in {link.id for link in there.runs}:
        yield from (_file(folder, name, [digest]) for name, digest in sorted(there.files.items()))


def _file(folder: Path, name: str, digests: Sequence[str]) -> Check:
    path = folder / name
    if not is_within(name):
        return checked("made of it", path, *out_of_it())
    found = seen(lambda: digest_of(path) in digests) if digests else seen(lambda: not opens(path), otherwise=UNTAKEN)
    return checked("made of it", path, *found)


def _others(folder: Path, written: WrittenFiles) -> Iterator[Path]:
    """What lies beside results and was not written with them, down to folders that tell of their own."""
    named = {WRITTEN, REWRITTEN, *written.names}
    for root, names, files in os.walk(folder):  # folders that may not be read are told with those around it
        if Path(root) != folder and {MARKER, WRITTEN} & {*files}:
            names.clear()
        else:
            yield from (
                path
                for path in (Path(root, name) for name in sorted(files))
                if str(path.relative_to(folder)) not in named
            )


def _unlisted(path: Path, fingerprint_digest: str) -> Check | None:
    """What is said of a file that looks like a record of glane that names the run, or may be one."""
    try:
        with open_file(path) as stream:
            head = stream.read(_HEAD)
    except OSError as error:
        is_closed = error.errno in (errno.EACCES, errno.EPERM)
        return checked("made of it", path, "not covered", _CLOSED) if is_closed else None
    return _unnamed(path) if b'"kind": "glane ' in head and fingerprint_digest.encode() in head else None


def _unnamed(path: Path) -> Check:
    return checked("made of it", path, "not covered", f"no {WRITTEN} names it")


def _of_brief(path: Path) -> Iterator[Check]:
    """The reviewed documents, and the list of documents, that a brief rests on."""
    try:
        summary = read_record(BriefSummary, path)
    except (GlaneError, OSError):
        return  # the file itself is told
    asked = summary.definition.statements
    rests_on = {summary.gold: summary.gold_digests, None if asked is None else asked.found: summary.found_digests}
    for told, digests in rests_on.items():
        if told is None or not digests:
            continue
        try:
            paths = sorted(find_files(told).paths)
        except (GlaneError, OSError):
            is_closed = os.path.exists(told) and not os.access(told, os.R_OK)
            yield checked("made of it", told, "unreadable" if is_closed else "missing")
            continue
        is_equal = partial(_have, paths, digests)
        yield checked("made of it", told, *seen(is_equal))


def _have(paths: Sequence[str], digests: Sequence[str]) -> bool:
    return tuple(digest_of(Path(one)) for one in paths) == tuple(digests)
