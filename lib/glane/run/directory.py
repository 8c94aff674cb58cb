"""A run directory: its permissions, the marker that says whose it is, and how what is small is written there."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from glane.errors import RecordError, RunError
from glane.records import Record, read_record
from glane.run.names import MARKER, PART
from glane.run.paths import RunPaths
from glane.settings import RunSettings
from glane.storage import TEMPORARY, bytes_digest, exists, patiently, replace_file, storage_errors, write_once


class Marker(Record):
    """What `.glane-run` says: that glane made this directory. `id` is random, and differs between directories."""

    kind: Literal["glane run directory"] = "glane run directory"
    version: Literal[1] = 1
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDirectory(RunPaths):
    """A run directory: readable by its owner only unless the run gives its group access."""

    group_access: bool = False
    erased_then: str | None = field(default=None, compare=False)  # `erasures` when its rows were going to be read

    @property
    def file_mode(self) -> int:
        """Permissions of the files."""
        return 0o640 if self.group_access else 0o600

    @property
    def folder_mode(self) -> int:
        """Permissions of the directories. A group may read a run; its owner alone works on it.

        If others could write here, they could put their own files in the place of those that the owner's jobs trust.
        """
        return 0o2750 if self.group_access else 0o700

    def identity(self) -> str:
        """The random id in the marker, by which a directory is known again.

        Raises:
            RunError: if there is no marker, or it is none of glane's.
        """
        try:
            return read_record(Marker, self.marker).id
        except (FileNotFoundError, RecordError):
            raise RunError(
                f"{self.root}: {MARKER} is gone or is none of glane's; the directory was replaced or changed. What was "
                "there is not touched. Put it back and run the same command again."
            ) from None

    def erasures(self) -> str:
        """What tells the documents that were erased of the run, as a digest; empty where none were."""
        try:
            return bytes_digest(self.erased.read_bytes())
        except FileNotFoundError:
            return ""

    @property
    def is_complete(self) -> bool:
        """Whether the result is published."""
        return patiently(self.records.is_dir)

    @property
    def is_finished(self) -> bool:
        """Whether the result is published and summarised, so that no start has anything to write."""
        return self.is_complete and exists(self.summary) and not exists(self.parts)

    def refuse_foreign(self) -> None:
        """Check that the directory is absent, empty, or was claimed by glane before; changes nothing.

        Raises:
            RunError: if it is a file, holds other things, or belongs to another user.
        """
        with storage_errors(self.root):
            patiently(self._refuse_foreign)

    def _refuse_foreign(self) -> None:
        if not self.root.is_dir():
            if self.root.exists():
                raise RunError(f"run.dir: {self.root} is a file. Choose another directory.")
            return
        if self.marker.exists():
            self.identity()
        elif (names := _others(self.root)) and self.marker.name not in names:
            shown = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
            raise RunError(
                f"run.dir: {self.root} holds other things ({shown}) and no {self.marker.name}, the mark of a run. "
                "Choose a new or empty directory."
            )
        owner = self.root.stat().st_uid
        if os.geteuid() not in (0, owner):  # on some shared file systems root's files belong to nobody
            raise RunError(
                f"run.dir: {self.root} belongs to user {owner}, and you are user {os.geteuid()}. Only its owner goes "
                "on with a run; you can read it if it is shared with your group, or choose another run.dir."
            )

    def claim(self) -> list[str]:
        """Make the directory glane's own: create it or take an empty one, and put the marker there.

        Return what was changed of a directory that was there before, in words. Several processes may do it at once.

        Raises:
            RunError: if it holds other things, or the file system refuses.
        """
        with storage_errors(self.root):
            patiently(lambda: self.root.parent.mkdir(parents=True, exist_ok=True))
            return patiently(self._claim)

    def _claim(self) -> list[str]:
        try:
            self.root.mkdir()
            self.root.chmod(self.folder_mode)
        except FileExistsError:
            pass
        self._refuse_foreign()
        if self.marker.exists():
            return []
        before = stat.S_IMODE(self.root.stat().st_mode)
        notes = []
        if before != self.folder_mode:
            try:
                self.root.chmod(self.folder_mode)
                notes = [f"{self.root} had mode {before:o}, and has {self.folder_mode:o} now"]
            except PermissionError:
                notes = [f"{self.root} has mode {before:o} and is not yours: others may see the names in it"]
        self.write_once(self.marker, Marker(id=secrets.token_hex(16)).as_json())
        return notes

    def give_up(self) -> None:
        """Remove the marker and the folders of a directory in which nothing was written yet."""
        if exists(self.description):
            return
        with contextlib.suppress(OSError):
            for folder in (self.claims, self.workers, self.windows, self.deaths, self.ledger, self.parts):
                with contextlib.suppress(FileNotFoundError):
                    folder.rmdir()
            if _others(self.root) == [MARKER]:  # what else is there stays glane's own
                self.marker.unlink()
                self.root.rmdir()

    def set_umask(self) -> None:
        """Make all that this process writes from here on as private as the run, also what libraries write."""
        os.umask(0o027 if self.group_access else 0o077)

    def committed_shards(self, num_shards: int | None = None) -> list[int]:
        """The shards that have their part, of the first `num_shards` if that is given.

        There are none once the result is published: it replaces the parts.
        """
        try:
            with patiently(lambda: os.scandir(self.parts)) as entries:  # of 100,000 names; a glob takes longer
                numbers = [int(found[1]) for entry in entries if (found := PART.fullmatch(entry.name))]
            return [number for number in numbers if num_shards is None or number < num_shards]
        except FileNotFoundError:
            return []

    def create(self) -> list[str]:
        """Claim the directory, and make the folders in it that are missing.

        Return what was changed of a directory that was there before, in words.

        Raises:
            RunError: if the directory holds other things, or the file system refuses.
        """
        notes = self.claim()
        with storage_errors(self.root):
            for folder in (self.parts, self.ledger, self.claims, self.workers, self.windows, self.deaths):
                patiently(lambda folder=folder: self._make(folder))  # type: ignore[misc]
        return notes

    def _make(self, folder: Path) -> None:
        if not folder.is_dir():
            folder.mkdir(exist_ok=True)
            folder.chmod(self.folder_mode)

    def write_once(self, path: Path, content: bytes) -> bool:
        """Write a small file that must not exist yet. Return False if it does."""
        return write_once(path, lambda stream: stream.write(content), mode=self.file_mode)

    def append_record(self, path: Path, record: Record) -> None:
        """Append a record as one line to a small file that several processes may write to."""
        line = record.model_dump_json()
        with storage_errors(path):
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
            descriptor = patiently(lambda: os.open(path, flags, self.file_mode))
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                stream.write(line + "\n")

    def write(self, path: Path, content: bytes, *, durable: bool = True) -> None:
        """Write or replace a small file in one step. If `durable`, return only once it is on the disk."""
        replace_file(path, lambda stream: stream.write(content), mode=self.file_mode, durable=durable)

    def write_record(self, path: Path, record: Record, *, durable: bool = True) -> None:
        """Write or replace the small file of a record in one step. If `durable`, return only once it is on the disk."""
        self.write(path, record.as_json(), durable=durable)


def run_directory(run: RunSettings) -> RunDirectory:
    """The run directory of the settings."""
    return RunDirectory(root=Path(run.dir).absolute(), group_access=run.group_access)


@contextlib.contextmanager
def unless(is_over: Callable[[], bool]) -> Iterator[None]:
    """Ignore errors of the run directory once something is over: who publishes removes what others use."""
    try:
        yield
    except (RunError, FileNotFoundError):
        if not is_over():
            raise


def _others(root: Path) -> list[str]:
    """The names in a directory, except those of markers that are being written."""
    names = sorted(path.name for path in root.iterdir())
    return [name for name in names if not re.fullmatch(rf"\.{re.escape(MARKER)}{TEMPORARY}", name)]
