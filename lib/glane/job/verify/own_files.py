"""The files in a run directory, compared with the digests that were taken when it was published."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from glane.errors import GlaneError, RecordError, UnreadableError
from glane.job.verify.look import Seen, checked, is_within, of_a_record, out_of_it, readable_trees, seen
from glane.job.verify.record import Check, State
from glane.records import read_record
from glane.rewritten import REWRITTEN
from glane.run.change import changing_told
from glane.run.cleaned import cleaned
from glane.run.description import read_description
from glane.run.digests import RunDigests, digest_of_file, read_digests_of_run
from glane.run.directory import Marker, RunDirectory
from glane.run.fingerprint import fingerprint_digest
from glane.run.known import unknown_in
from glane.run.names import CHANGE, CHANGED, MARKER, UNFINISHED
from glane.run.nested import with_nested

_READERS = 8
FINGERPRINT = "fingerprint"  # the place of what is no file
_LATER = "it changes after the run is published"
_NONE_TAKEN = (
    "no digests were taken, or they were removed: the run is not complete, of an earlier glane, or was changed"
)
_NOTHING = "there are no digests of it"
_ADDED = "it was added after the run was published"
_PROVED = "each file that it tells of is compared, with a proof by the key"
_ENDED = "its writer was ended, and nobody reads it"
_NOT_AS_WRITTEN: Seen = ("changed", "it is not as it was written")
_CLOSED = "what lies in it cannot be seen"
_LINK = "it is a link, or behind one, and glane makes none"


def own_files(directory: RunDirectory) -> Iterator[Check]:
    """Every file of a run directory, and of the runs nested in it; what stands for those, the outer run tells."""
    nested, told = with_nested(directory), set()
    for one in nested:
        inner = [other.root for other in nested if other is not one and other.root.is_relative_to(one.root)]
        for check in _files(one, label=os.path.relpath(one.root, directory.root), inner=inner):
            if check.place not in told:
                told.add(check.place)
                yield check


def _files(directory: RunDirectory, *, label: str, inner: list[Path]) -> Iterator[Check]:
    def check(name: str, state: State, why: str = "") -> Check:
        return checked("run", os.path.normpath(Path(label) / name), state, why)

    try:
        if told := changing_told(directory):
            yield check(CHANGE, "changed", told)
    except RecordError as error:
        yield check(CHANGE, *of_a_record(error))
    unreadable: list[Path] = []
    there = [name for name in _below(directory.root, inner, unreadable) if name not in (CHANGE, CHANGED)]
    yield from (check(os.path.relpath(path, directory.root), "unreadable", _CLOSED) for path in unreadable)
    name = directory.digests.name
    try:
        taken = read_digests_of_run(directory)
    except RecordError as error:
        yield check(name, *of_a_record(error))
        taken = None
    else:
        yield check(name, *_own(directory, taken))
    if taken is None:
        yield from (check(other, "not covered", _NOTHING) for other in there if other != name)
        return
    unknown = None if unreadable else [str(path.relative_to(directory.root)) for path in unknown_in(directory)]
    found = _compared(directory, taken)
    for other in sorted({*there, *found} - {name}):
        yield check(other, *(found.get(other) or _untold(other, unknown)))
    yield check(FINGERPRINT, *_fingerprint(directory, taken))


def _own(directory: RunDirectory, taken: RunDigests | None) -> Seen:
    """Whether the digests are there, are those of this run, and are as they were written."""
    if taken is None:
        return "missing", _NONE_TAKEN
    if directory.digests.is_symlink():
        return "changed", _LINK
    if taken.own != taken.expected():
        return _NOT_AS_WRITTEN
    try:
        identity = read_record(Marker, directory.marker).id
    except UnreadableError:
        return "unreadable", f"whether it is of this run is not known: {MARKER} cannot be read"
    except (FileNotFoundError, RecordError):  # the marker is told as missing or changed
        return _NOT_AS_WRITTEN
    return ("equal", "") if taken.run == identity else _NOT_AS_WRITTEN


def _compared(directory: RunDirectory, taken: RunDigests) -> dict[str, Seen]:
    wanted: dict[str, tuple[str, int | None]] = {name: (digest, None) for name, digest in taken.files.items()}
    wanted |= {name: (one.digest, one.bytes) for name, one in taken.begun.items()}
    removed = {one.path: one.time for one in cleaned(directory) if one.path in taken.begun}

    def state(name: str) -> Seen:
        digest, num_bytes = wanted[name]
        path = directory.root / name
        if not is_within(name):
            return out_of_it()
        if _is_behind_a_link(path, directory.root):
            return "changed", _LINK
        found = seen(lambda: digest_of_file(path, num_bytes=num_bytes) == digest)
        if name in removed and found == ("changed", ""):
            return "cleaned", f"by glane clean, {removed[name]}; what is there was begun since"
        if name in removed and found[0] == "missing":
            return "cleaned", f"by glane clean, {removed[name]}"
        return found

    with ThreadPoolExecutor(_READERS) as pool:
        return dict(zip(wanted, pool.map(state, wanted), strict=True))


def _is_behind_a_link(path: Path, root: Path) -> bool:
    between = [one for one in (path, *path.parents) if one != root and one.is_relative_to(root)]
    try:
        return any(one.is_symlink() for one in between)
    except OSError:  # it cannot be looked at, and is told as that
        return False


def _untold(name: str, unknown: list[str] | None) -> Seen:
    """What is said of a file that the digests do not name. What stands where the result is read is part of it.

    `unknown` are the paths that glane did not make; None where that could not be looked at.
    """
    if Path(name).name == REWRITTEN:
        return "not covered", _PROVED
    if UNFINISHED.fullmatch(Path(name).name):
        return "not covered", _ENDED
    if name.startswith(("records/", "input/")):
        return "changed", _ADDED
    if unknown is None:
        return "not covered", _NOTHING
    if any(name == one or name.startswith(f"{one}/") for one in unknown):
        return "not covered", "glane did not make it"
    return "not covered", _LATER


def _fingerprint(directory: RunDirectory, taken: RunDigests) -> Seen:
    """Whether the digest of the fingerprint is that of the fingerprint."""
    try:
        told = read_description(directory)
    except UnreadableError:
        return "unreadable", "run.yaml cannot be read"
    except (GlaneError, OSError):
        return "changed", "run.yaml cannot be read"
    if fingerprint_digest(told.fingerprint) == told.fingerprint_digest == taken.fingerprint_digest:
        return "equal", ""
    return "changed", "its digest is another one"


def _below(root: Path, inner: list[Path], unreadable: list[Path]) -> list[str]:
    found = []
    for folder, folders, names in readable_trees(root, unreadable):
        folders[:] = [name for name in folders if folder / name not in inner]
        linked = [name for name in folders if (folder / name).is_symlink()]
        found += [str((folder / name).relative_to(root)) for name in (*names, *linked)]
    return sorted(found)
