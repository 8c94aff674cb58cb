"""Files that were read on a machine whose kernel does not confine their reader: the run keeps it, and tells it once."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Literal

from glane.records import Record, read_record
from glane.run.directory import RunDirectory
from glane.storage import exists


class Unconfined(Record):
    """The first machine of a run on which the kernel refused no calls of the reader."""

    kind: Literal["glane unconfined reader"] = "glane unconfined reader"
    version: Literal[1] = 1
    host: str
    system: str  # for example "Linux 5.15.0 riscv64"


def note_unconfined(directory: RunDirectory) -> None:
    """Keep that files are read on this machine by a reader that is not confined, unless another machine has said so."""
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    directory.write_once(_path(directory), Unconfined(host=platform.node(), system=system).as_json())


def confinement_lines(directory: RunDirectory) -> list[str]:
    """A line, if files of the run were read by a reader that was not confined.

    Raises:
        RecordError: if what the run keeps of it is damaged.
    """
    path = _path(directory)
    if not exists(path):
        return []
    one = read_record(Unconfined, path)
    return [
        f"warning  files were read without a filter of calls (seccomp), as the kernel of {one.host} ({one.system}) "
        "gives none: a file that takes over its reader could use the network and your files there"
    ]


def _path(directory: RunDirectory) -> Path:
    return directory.ledger / "unconfined.json"
