"""Digests of the files of a complete run, taken once it is published: by these a change of any of them is found."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Literal

from pydantic import Field as Key

from glane.errors import RecordError
from glane.records import Record, read_record
from glane.regular import check_written, open_file
from glane.rewritten import REWRITTEN, original_digest
from glane.run.directory import RunDirectory
from glane.run.names import DRIFT, MARKER
from glane.storage import bytes_digest, content_digest, exists, listed, patiently
from glane.validation import Strict

_READERS = 8
_CHUNK = 2**20


class Begun(Strict):
    """The beginning of a file that is only appended to: so many bytes, and their digest."""

    bytes: int
    digest: str


class Renewed(Strict):
    """Digests that were taken anew, as a command replaced files of the run."""

    id: str  # of the change
    command: str
    time: str
    before: str  # `own` of the digests that these follow


class RunDigests(Record):
    """What `digests.json` says. `own` is the digest of all else in it: who keeps it elsewhere can prove the run."""

    kind: Literal["glane run digests"] = "glane run digests"
    version: Literal[1] = 1
    run: str  # the id of the directory
    fingerprint_digest: str
    files: Mapping[str, str]  # BLAKE2b by the path in the directory
    begun: Mapping[str, Begun]
    renewed: tuple[Renewed, ...] = Key(default=(), exclude_if=lambda value: not value)  # the oldest first
    own: str = ""

    def expected(self) -> str:
        """The digest of all but `own`."""
        values = {name: value for name, value in self.as_values().items() if name != "own"}
        return bytes_digest(json.dumps(values, sort_keys=True).encode())


def write_digests(directory: RunDirectory, fingerprint_digest: str) -> None:
    """Take the digests of a run that is published and summarised, unless that is done.

    Raises:
        RunError: if the file system refuses.
    """
    if exists(directory.digests):
        return
    paths = list(_fixed(directory))
    with ThreadPoolExecutor(_READERS) as pool:
        digests = pool.map(digest_of_file, paths)
    taken = RunDigests(
        run=directory.identity(),
        fingerprint_digest=fingerprint_digest,
        files={_name(directory, path): digest for path, digest in zip(paths, digests, strict=True)},
        begun={_name(directory, path): begun_digest(path) for path in _growing(directory)},
    )
    directory.write_once(directory.digests, taken.model_copy(update={"own": taken.expected()}).as_json())


def renew_digests(directory: RunDirectory, files: Mapping[Path, bytes]) -> None:
    """Say what these files of a published run will hold from now on; called before they are written.

    Nothing is said of a run whose digests are not taken yet, or cannot be read: who verifies it is told.

    Raises:
        RunError: if the file system refuses.
    """
    with contextlib.suppress(RecordError):
        taken = read_digests_of_run(directory)
        new = {_name(directory, path): bytes_digest(content) for path, content in files.items()}
        if taken is not None and new.items() - taken.files.items():
            told = taken.model_copy(update={"files": {**taken.files, **new}})
            directory.write_record(directory.digests, told.model_copy(update={"own": told.expected()}))


def read_digests_of_run(directory: RunDirectory) -> RunDigests | None:
    """The digests of a run; None where none were taken.

    Raises:
        RecordError: if the file is damaged.
    """
    try:
        return read_record(RunDigests, directory.digests)
    except FileNotFoundError:
        return None


def digest_of_file(path: Path, *, num_bytes: int | None = None) -> str:
    """The digest of a file, of what it was before it was encrypted again; or of its first bytes.

    Raises:
        OSError: if it cannot be read, or is so large that glane did not write it.
    """

    def read() -> str:
        with open_file(path) as stream:
            if num_bytes is not None:
                return _digest_of_first(stream, num_bytes)
            check_written(path, stream)
            return original_digest(path, content_digest(stream))

    return patiently(read)


def _digest_of_first(stream: IO[bytes], num_bytes: int) -> str:
    digest = hashlib.blake2b(digest_size=16)
    while num_bytes > 0 and (content := stream.read(min(num_bytes, _CHUNK))):
        digest.update(content)
        num_bytes -= len(content)
    return digest.hexdigest()


def _fixed(directory: RunDirectory) -> Iterator[Path]:
    """The files that nobody changes any more."""
    one = (directory.marker, directory.description, directory.plan, directory.inventory, directory.lineage)
    yield from filter(exists, (*one, directory.summary, directory.erased, directory.ledger / "shards.parquet"))
    yield from listed(directory.records, "*.parquet")
    yield from listed(directory.ledger, "*.json")
    yield from beside_a_run(directory)
    if patiently(directory.input.is_dir):
        yield from sorted(path for path in directory.input.rglob("*") if path.is_file() and path.name != REWRITTEN)


def beside_a_run(directory: RunDirectory) -> list[Path]:
    """What stands for the runs that are nested in a run: what they are, their digests, and what sentinels say."""
    names = (MARKER, directory.description.name, directory.digests.name, DRIFT)
    return [path for name in names for path in listed(directory.root, f"*/{name}")]


def _growing(directory: RunDirectory) -> list[Path]:
    """The files to which lines are appended: the log, starts, submissions, faults of nodes."""
    return [*filter(exists, [directory.log]), *listed(directory.ledger, "*.jsonl")]


def begun_digest(path: Path) -> Begun:
    """The digest of what a file holds now that lines are appended to."""
    size = patiently(path.stat).st_size
    return Begun(bytes=size, digest=digest_of_file(path, num_bytes=size))


def _name(directory: RunDirectory, path: Path) -> str:
    return str(path.relative_to(directory.root))
