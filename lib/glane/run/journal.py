"""Which digests the files of a run are going to have, appended file by file: the last costs no more than the first.

A line is on the disk before its file is replaced. A last line that is cut short is of a file that was not: whoever
goes on takes it off.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from glane.errors import RecordError
from glane.records import Record
from glane.storage import patiently, remove, storage_errors, sync


class _Line(Record):
    kind: Literal["glane changed file"] = "glane changed file"
    version: Literal[1] = 1
    change: str  # the id of the change
    name: str
    held: tuple[str, ...]


class Journal:
    """The files of one change, with what each holds or may hold; nothing of one that goes. One process writes it."""

    def __init__(
        self, path: Path, *, change: str, known: Mapping[str, tuple[str, ...]], mode: int, looks: bool = False
    ) -> None:
        """Read what was written down before, and remove a journal of another change. `known` was told elsewhere.

        Who only `looks` changes nothing: another process may be writing it now.

        Raises:
            RecordError: if it is damaged.
            RunError: if the file system refuses.
        """
        self._path, self._change, self._mode = path, change, mode
        self.files: dict[str, tuple[str, ...]] = dict(known)
        with storage_errors(path):
            lines = self._lines(looks=looks)
            if any(line.change != change for line in lines):
                if not looks:
                    remove(path)
            else:
                self.files |= {line.name: line.held for line in lines}

    def add(self, name: str, held: tuple[str, ...]) -> None:
        """Write down what a file is going to hold; raises `RunError` if the file system refuses."""
        line = _Line(change=self._change, name=name, held=held).model_dump_json() + "\n"
        with storage_errors(self._path):
            is_new = not self._path.exists()
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
            descriptor = patiently(lambda: os.open(self._path, flags, self._mode))
            with os.fdopen(descriptor, "wb") as stream:
                os.fchmod(descriptor, self._mode)
                stream.write(line.encode())
                stream.flush()
                os.fsync(descriptor)
            if is_new:
                sync(self._path.parent)
        self.files[name] = held

    def _lines(self, *, looks: bool) -> list[_Line]:
        try:
            content = patiently(self._path.read_bytes)
        except FileNotFoundError:
            return []
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content) and not looks:
            os.truncate(self._path, len(whole))
        try:
            return [_Line.model_validate_json(line) for line in whole.splitlines()]
        except ValueError:
            raise RecordError(
                f"{self._path}: damaged. Restore the run from a copy, and run the command again."
            ) from None
