"""The records of a complete run, compared with the digests that were taken of them, before rows of them are read.

Most readers of Parquet look at no checksum, so that a byte that a disk or a copy changed may be a value that nobody
wrote. The digests of `digests.json` tell it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

from glane.corpus.unchanged import Identity, content_digest, identity
from glane.errors import DataError, GlaneError, RunError
from glane.run.change import refuse_changing
from glane.run.digests import RunDigests, read_digests_of_run
from glane.run.directory import RunDirectory
from glane.run.links import run_at
from glane.run.names import MARKER
from glane.storage import exists, listed

_READERS = 8
_REMEMBERED = 100_000  # digests of files that this process read
_TRIES = 3
_RESTORE = "Restore it from a copy of the run, or extract into a new run.dir; glane verify tells of all files of a run."


def refuse_altered(directory: RunDirectory) -> None:
    """Refuse the records of a complete run if they are not, byte for byte, what was published.

    A process reads each file once for it, as long as its size, times and inode stay. Nothing is said of a run without
    `digests.json`: one of an earlier glane, or one whose summary is not written yet.

    Raises:
        DataError: if a file is changed while it is read, or cannot be read.
        KeysError: if files were encrypted again, and the key that proves it is not told.
        RecordError: if `digests.json` is damaged.
        RunError: naming the file that was changed, is absent or was added, `digests.json` too, and the remedy.
    """
    problem: GlaneError | None = None
    for _ in range(_TRIES):
        taken = _taken(directory)
        problem = None if taken is None else _found(directory, taken)
        if problem is None or (isinstance(problem, RunError) and taken == _taken(directory)):
            break  # else a command replaced files of the run meanwhile, and renewed their digests, or is about to
    if problem is not None:
        refuse_changing(directory)
        raise problem


def refuse_altered_around(paths: Iterable[str | Path]) -> None:
    """Refuse files that are read by their paths if they are records of a complete run of which any was altered.

    Raises:
        GlaneError: as `refuse_altered` does.
    """
    asked = [place for path in map(Path, paths) for place in (path, path.resolve())]
    for folder in dict.fromkeys(place.parent for place in asked if place.is_file()):
        directory = RunDirectory(root=folder.parent)
        if folder == directory.records and exists(folder.parent / MARKER):
            refuse_altered(directory)


def digest_once(path: str, known: Identity) -> str:
    """`content_digest` of a file, which a process reads once for it as long as the file is the one `known`."""
    return _digest_of(path, known)


def _found(directory: RunDirectory, taken: RunDigests) -> GlaneError | None:
    try:
        problem = _problem(directory, taken)
    except DataError as error:  # replaced while it was read, perhaps by a command that renews digests
        return error
    return RunError(problem) if problem else None


def _problem(directory: RunDirectory, taken: RunDigests) -> str:
    """What is not as it was published, with the remedy; empty if all is."""
    if run_at(str(directory.root)) not in (None, taken.run):
        return f"{directory.digests}: it is of another run. {_RESTORE}"
    wanted = _of_records(directory, taken.files)
    there = listed(directory.records, "*.parquet")
    if absent := sorted(wanted.keys() - set(there)):
        return f"{absent[0]}: it is absent, and the run was published with it. {_RESTORE}"
    if added := sorted(set(there) - wanted.keys()):
        return f"{added[0]}: it was added after the run was published. Move it away; glane verify tells of all files."
    with ThreadPoolExecutor(_READERS) as pool:
        found = dict(zip(there, pool.map(_digest, there), strict=True))
    changed = next((path for path in there if found[path] != wanted[path]), None)
    if changed is None:
        return ""
    return f"{changed}: it was changed since the run was published: its digest is another one. {_RESTORE}"


def _of_records(directory: RunDirectory, files: Mapping[str, str]) -> dict[Path, str]:
    paths = {directory.root / name: digest for name, digest in files.items()}
    return {path: digest for path, digest in paths.items() if path.parent == directory.records}


def _digest(path: Path) -> str:
    return _digest_of(str(path), identity(str(path)))


@lru_cache(_REMEMBERED)
def _digest_of(path: str, known: Identity) -> str:
    return content_digest(path, known)


def _taken(directory: RunDirectory) -> RunDigests | None:
    if not exists(directory.digests):
        return None
    return _taken_of(directory, identity(str(directory.digests)))


@lru_cache(16)
def _taken_of(directory: RunDirectory, _: Identity) -> RunDigests | None:
    taken = read_digests_of_run(directory)
    if taken is None or taken.own == taken.expected():
        return taken
    raise RunError(f"{directory.digests}: it is not as it was written, so that no file can be compared. {_RESTORE}")
