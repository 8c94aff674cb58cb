"""What `glane clean` has removed of a run, in its ledger: so that what is gone since is not taken for lost."""

from __future__ import annotations

import datetime
from typing import Literal

from glane.records import Record
from glane.run.directory import RunDirectory
from glane.run.starts import record_lines


class Cleaned(Record):
    """A file, or a folder of files, that is about to be removed."""

    kind: Literal["glane cleaned"] = "glane cleaned"
    version: Literal[1] = 1
    time: str  # ISO 8601 in UTC
    path: str  # in the run's directory
    what: str
    files: int
    bytes: int


def note_cleaned(directory: RunDirectory, path: str, *, what: str, files: int, num_bytes: int) -> None:
    """Write down what is about to be removed.

    Raises:
        RunError: if the file system refuses.
    """
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    told = Cleaned(time=now, path=path, what=what, files=files, bytes=num_bytes)
    directory.append_record(directory.ledger / "cleaned.jsonl", told)


def cleaned(directory: RunDirectory) -> list[Cleaned]:
    """All that was removed, the oldest first."""
    return list(record_lines(Cleaned, directory.ledger / "cleaned.jsonl"))
