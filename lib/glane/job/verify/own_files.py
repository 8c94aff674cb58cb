"""The files in a run directory, compared with the digests that were taken when it was published."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from glane.errors import GlaneError, RecordError
from glane.job.verify.record import Check, State
from glane.run.change import changing_told
from glane.run.description import read_description
from glane.run.digests import RunDigests, digest_of_file, read_digests_of_run
from glane.run.directory import RunDirectory
from glane.run.fingerprint import fingerprint_digest
from glane.run.names import CHANGE
from glane.run.nested import with_nested

_READERS = 8
_LATER = "it changes after the run is published"
_NONE_TAKEN = "no digests were taken: the run is not complete, or of an earlier glane"


def own_files(directory: RunDirectory) -> Iterator[Check]:
    """Every file of a run directory, and of the runs nested in it."""
    nested = with_nested(directory)
    for one in nested:
        inner = [other.root for other in nested if other is not one and other.root.is_relative_to(one.root)]
        yield from _files(one, label=os.path.relpath(one.root, directory.root), inner=inner)


def _files(directory: RunDirectory, *, label: str, inner: list[Path]) -> Iterator[Check]:
    def check(name: str, state: State, why: str = "") -> Check:
        return Check(part="run", place=os.path.normpath(Path(label) / name), state=state, why=why)

    if told := changing_told(directory):
        yield check(CHANGE, "changed", told)
    there = [name for name in _below(directory.root, inner) if name != CHANGE]
    try:
        taken = read_digests_of_run(directory)
    except RecordError as error:
        yield check(directory.digests.name, "changed", str(error).partition(": ")[2])
        taken = None
    if taken is None:
        yield from (check(name, "not covered", _NONE_TAKEN) for name in there if name != directory.digests.name)
        return
    own: State = "equal" if taken.own == taken.expected() and taken.run == directory.identity() else "changed"
    yield check(directory.digests.name, own, "" if own == "equal" else "it is not as it was written")
    found = _compared(directory, taken)
    for name in sorted({*there, *found} - {directory.digests.name}):
        state = found.get(name, "not covered")
        yield check(name, state, _why(name) if state == "not covered" else "")
    yield check("fingerprint", *_fingerprint(directory, taken))


def _compared(directory: RunDirectory, taken: RunDigests) -> dict[str, State]:
    wanted: dict[str, tuple[str, int | None]] = {name: (digest, None) for name, digest in taken.files.items()}
    wanted |= {name: (one.digest, one.bytes) for name, one in taken.begun.items()}

    def state(name: str) -> State:
        digest, num_bytes = wanted[name]
        try:
            return "equal" if digest_of_file(directory.root / name, num_bytes=num_bytes) == digest else "changed"
        except FileNotFoundError:
            return "missing"
        except OSError:
            return "changed"

    with ThreadPoolExecutor(_READERS) as pool:
        return dict(zip(wanted, pool.map(state, wanted), strict=True))


def _why(name: str) -> str:
    """Why nothing is known of a file that the digests do not name."""
    return "it was added after the run was published" if name.startswith("records/") else _LATER


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
        found += [str(Path(folder, name).relative_to(root)) for name in names]
    return sorted(found)
