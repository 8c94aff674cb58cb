"""What was made of a run: files of other folders that glane wrote, which name the run by its id."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from glane.briefs.record import BriefSummary
from glane.corpus.find import find_files
from glane.errors import GlaneError, RecordError
from glane.job.verify.record import Check
from glane.records import read_record
from glane.rewritten import REWRITTEN
from glane.run.names import MARKER
from glane.run.written import WRITTEN, Call, WrittenFiles, digest_of, read_written, standing

_BRIEF = "brief.json"
_HEAD = 1 << 18  # bytes of a file in which a record names its run
_NOT_AS_WRITTEN = "it is not as it was written"
_TORN = "a command was ended before it had written all files of its result"


def made_of_run(identity: str, fingerprint_digest: str, folders: Sequence[Path]) -> Iterator[Check]:
    """The files of every folder below these that says it is of the run: evaluations, estimates, briefs, exports.

    Records of glane that name the fingerprint, and of which no digest was taken, are told as that.
    """
    for folder in folders:
        for root, names, files in os.walk(folder):
            names[:] = sorted(name for name in names if not name.startswith("."))
            if MARKER in files:
                names.clear()
            elif WRITTEN in files:
                yield from _folder(Path(root), identity)
            else:
                records = (Path(root, name) for name in sorted(files) if name.endswith(".json"))
                yield from (_unnamed(path) for path in records if _names(path, fingerprint_digest))


def _folder(folder: Path, identity: str) -> Iterator[Check]:
    try:
        written = read_written(folder)
    except RecordError as error:
        yield Check(part="made of it", place=str(folder / WRITTEN), state="changed", why=str(error))
        return
    if written.own and written.own != written.expected():
        yield Check(part="made of it", place=str(folder / WRITTEN), state="changed", why=_NOT_AS_WRITTEN)
    for mark, call in written.calls.items():
        yield from _call(folder, mark, call, identity)
    if identity in {link.id for link in written.runs}:
        alone = [name for name in written.names if written.mark_of(name) is None]
        yield from (_file(folder / name, written.digests.get(name, ())[:1]) for name in alone)
    if identity in {link.id for link in written.all_runs}:
        yield from (_unnamed(path) for path in _others(folder, written))
    if _BRIEF in written.names and identity in {link.id for link in written.all_runs}:
        yield from _of_brief(folder / _BRIEF)


def _call(folder: Path, mark: str, call: Call, identity: str) -> Iterator[Check]:
    """The files that the last call of a command wrote, or those before it where it wrote none."""
    if identity not in {link.id for told in call.told for link in told.runs}:
        return
    there = standing(folder, call)
    if there is None:
        yield Check(part="made of it", place=str(folder / mark), state="changed", why=_TORN)
    elif identity in {link.id for link in there.runs}:
        yield from (_file(folder / name, [digest]) for name, digest in sorted(there.files.items()))


def _file(path: Path, digests: Sequence[str]) -> Check:
    place = str(path)
    if not path.is_file():
        return Check(part="made of it", place=place, state="missing")
    if not digests:
        return Check(part="made of it", place=place, state="not covered", why="no digest was taken of it")
    return Check(part="made of it", place=place, state="equal" if digest_of(path) in digests else "changed")


def _others(folder: Path, written: WrittenFiles) -> Iterator[Path]:
    """What lies beside results and was not written with them, down to folders that tell of their own."""
    named = {WRITTEN, REWRITTEN, *written.names}
    for root, names, files in os.walk(folder):
        if Path(root) != folder and {MARKER, WRITTEN} & {*files}:
            names.clear()
        else:
            yield from (
                path
                for path in (Path(root, name) for name in sorted(files))
                if str(path.relative_to(folder)) not in named
            )


def _names(path: Path, fingerprint_digest: str) -> bool:
    """Whether a file looks like a record of glane that names a run."""
    with contextlib.suppress(OSError):
        if path.is_file():
            with path.open("rb") as stream:
                head = stream.read(_HEAD)
            return b'"kind": "glane ' in head and fingerprint_digest.encode() in head
    return False


def _unnamed(path: Path) -> Check:
    return Check(part="made of it", place=str(path), state="not covered", why=f"no {WRITTEN} names it")


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
            found = tuple(digest_of(Path(one)) for one in sorted(find_files(told).paths))
        except (GlaneError, OSError):
            yield Check(part="made of it", place=told, state="missing")
        else:
            yield Check(part="made of it", place=told, state="equal" if found == digests else "changed")
