"""The files in a run directory, compared with the digests that were taken when it was published."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from glane.errors import GlaneError, RecordError, RunError
from glane.job.verify.record import Check, State
from glane.rewritten import REWRITTEN
from glane.run.change import changing_told
from glane.run.cleaned import cleaned
from glane.run.description import read_description
from glane.run.digests import RunDigests, digest_of_file, read_digests_of_run
from glane.run.directory import RunDirectory
from glane.run.fingerprint import fingerprint_digest
from glane.run.known import unknown_in
from glane.run.names import CHANGE, CHANGED, UNFINISHED
from glane.run.nested import with_nested

_READERS = 8
_LATER = "it changes after the run is published"
_NONE_TAKEN = (
    "no digests were taken, or they were removed: the run is not complete, of an earlier glane, or was changed"
)
_NOTHING = "there are no digests of it"
_ADDED = "it was added after the run was published"
_PROVED = "each file that it tells of is compared, with a proof by the key"
_ENDED = "its writer was ended, and nobody reads it"
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
        return Check(part="run", place=os.path.normpath(Path(label) / name), state=state, why=why)

    if told := changing_told(directory):
        yield check(CHANGE, "changed", told)
    there = [name for name in _below(directory.root, inner) if name not in (CHANGE, CHANGED)]
    name = directory.digests.name
    try:
        taken = read_digests_of_run(directory)
    except RecordError as error:
        yield check(name, "changed", str(error).partition(": ")[2])
        taken = None
    else:
        yield check(name, *_own(directory, taken))
    if taken is None:
        yield from (check(other, "not covered", _NOTHING) for other in there if other != name)
        return
    unknown = [str(path.relative_to(directory.root)) for path in unknown_in(directory)]
    found = _compared(directory, taken)
    for other in sorted({*there, *found} - {name}):
        yield check(other, *(found.get(other) or _untold(other, unknown)))
    yield check("fingerprint", *_fingerprint(directory, taken))


def _own(directory: RunDirectory, taken: RunDigests | None) -> tuple[State, str]:
    """Whether the digests are there, are those of this run, and are as they were written."""
    if taken is None:
        return "missing", _NONE_TAKEN
    if directory.digests.is_symlink():
        return "changed", _LINK
    try:
        is_own = taken.own == taken.expected() and taken.run == directory.identity()
    except RunError:  # the marker is told as missing or changed
        is_own = False
    return ("equal", "") if is_own else ("changed", "it is not as it was written")


def _compared(directory: RunDirectory, taken: RunDigests) -> dict[str, tuple[State, str]]:
    wanted: dict[str, tuple[str, int | None]] = {name: (digest, None) for name, digest in taken.files.items()}
    wanted |= {name: (one.digest, one.bytes) for name, one in taken.begun.items()}
    removed = {one.path: one.time for one in cleaned(directory) if one.path in taken.begun}

    def state(name: str) -> tuple[State, str]:
        digest, num_bytes = wanted[name]
        path = directory.root / name
        if any(
            one.is_symlink()
            for one in (path, *path.parents)
            if one != directory.root and one.is_relative_to(directory.root)
        ):
            return "changed", _LINK
        try:
            is_equal = digest_of_file(path, num_bytes=num_bytes) == digest
            if not is_equal and name in removed:
                return "cleaned", f"by glane clean, {removed[name]}; what is there was begun since"
            return ("equal" if is_equal else "changed"), ""
        except FileNotFoundError:
            return ("cleaned", f"by glane clean, {removed[name]}") if name in removed else ("missing", "")
        except OSError as error:
            return "changed", f"it cannot be read ({error.strerror})"

    with ThreadPoolExecutor(_READERS) as pool:
        return dict(zip(wanted, pool.map(state, wanted), strict=True))


def _untold(name: str, unknown: list[str]) -> tuple[State, str]:
    """What is said of a file that the digests do not name. What stands where the result is read is part of it."""
    if Path(name).name == REWRITTEN:
        return "not covered", _PROVED
    if UNFINISHED.fullmatch(Path(name).name):
        return "not covered", _ENDED
    if name.startswith(("records/", "input/")):
        return "changed", _ADDED
    if any(name == one or name.startswith(f"{one}/") for one in unknown):
        return "not covered", "glane did not make it"
    return "not covered", _LATER


def _fingerprint(directory: RunDirectory, taken: RunDigests) -> tuple[State, str]:
    """Whether the digest of the fingerprint is that of the fingerprint."""
    try:
        told = read_description(directory)
    except (GlaneError, OSError):
        return "changed", "run.yaml cannot be read"
    if fingerprint_digest(told.fingerprint) == told.fingerprint_digest == taken.fingerprint_digest:
        return "equal", ""
    return "changed", "its digest is another one"


def _below(root: Path, inner: list[Path]) -> list[str]:
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if Path(folder, name) not in inner]
        linked = [name for name in folders if Path(folder, name).is_symlink()]
        found += [str(Path(folder, name).relative_to(root)) for name in (*names, *linked)]
    return sorted(found)
