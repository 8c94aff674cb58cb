"""Digests of the files of a complete run, taken once it is published: by these a change of any of them is found."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

from pydantic import Field as Key

from glane.records import Record, read_record
from glane.rewritten import REWRITTEN, original_digest
from glane.run.directory import RunDirectory
from glane.storage import content_digest, exists, listed, patiently
from glane.validation import Strict

_READERS = 8


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
        return hashlib.blake2b(json.dumps(values, sort_keys=True).encode(), digest_size=16).hexdigest()


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


def expect_digest(directory: RunDirectory, path: Path, content: bytes) -> None:
    """Have the digests tell what a file is about to hold that the run's own command writes again, as its summary.

    Ended before the file holds it, the file passes for changed until the same command has written it.

    Raises:
        RunError: if the file system refuses.
    """
    taken = read_digests_of_run(directory)
    if taken is None or _name(directory, path) not in taken.files:
        return
    digest = hashlib.blake2b(content, digest_size=16).hexdigest()
    new = taken.model_copy(update={"files": {**taken.files, _name(directory, path): digest}})
    directory.write_record(directory.digests, new.model_copy(update={"own": new.expected()}))


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
    """The digest of a file, of what it was before it was encrypted again; or of its first bytes."""

    def read() -> str:
        with path.open("rb") as stream:
            if num_bytes is None:
                return original_digest(path, content_digest(stream))
            return hashlib.blake2b(stream.read(num_bytes), digest_size=16).hexdigest()

    return patiently(read)


def _fixed(directory: RunDirectory) -> Iterator[Path]:
    """The files that nobody changes any more."""
    one = (directory.marker, directory.description, directory.plan, directory.inventory, directory.lineage)
    yield from filter(exists, (*one, directory.summary, directory.erased, directory.ledger / "shards.parquet"))
    yield from listed(directory.records, "*.parquet")
    if directory.input.is_dir():
        yield from sorted(path for path in directory.input.rglob("*") if path.is_file() and path.name != REWRITTEN)


def _growing(directory: RunDirectory) -> list[Path]:
    """The files to which lines are appended: the log, starts, submissions, faults of nodes."""
    return [*filter(exists, [directory.log]), *listed(directory.ledger, "*.jsonl")]


def begun_digest(path: Path) -> Begun:
    """The digest of what a file holds now that lines are appended to."""
    size = patiently(path.stat).st_size
    return Begun(bytes=size, digest=digest_of_file(path, num_bytes=size))


def _name(directory: RunDirectory, path: Path) -> str:
    return str(path.relative_to(directory.root))
