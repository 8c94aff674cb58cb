"""The paths inside a run directory, and their permissions."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from glane.records import Record
from glane.storage import replace_file, storage_errors, write_once


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDirectory:
    """A run directory: readable by its owner only unless the run gives its group access."""

    root: Path
    group_access: bool = False

    @property
    def file_mode(self) -> int:
        """Permissions of the files."""
        return 0o640 if self.group_access else 0o600

    @property
    def folder_mode(self) -> int:
        """Permissions of the directories. A group that shares a run may also work on it."""
        return 0o2770 if self.group_access else 0o700

    @property
    def description(self) -> Path:
        """`run.yaml`: settings, fingerprint, versions. It exists once the run has begun."""
        return self.root / "run.yaml"

    @property
    def plan(self) -> Path:
        """The plan: which rows make which shard."""
        return self.root / "plan.parquet"

    @property
    def parts(self) -> Path:
        """Committed shards, while the run goes on."""
        return self.root / "parts"

    @property
    def records(self) -> Path:
        """The result. It exists once the run is complete."""
        return self.root / "records"

    @property
    def summary(self) -> Path:
        """Counts of a complete run."""
        return self.root / "summary.json"

    @property
    def ledger(self) -> Path:
        """Claims, heartbeats, windows, deaths, starts and submissions."""
        return self.root / "ledger"

    @property
    def claims(self) -> Path:
        """One symbolic link per claimed shard. Its target is the name of the worker."""
        return self.ledger / "claims"

    @property
    def workers(self) -> Path:
        """One heartbeat file per worker."""
        return self.ledger / "workers"

    @property
    def windows(self) -> Path:
        """Per worker, the prompts that are in its engine."""
        return self.ledger / "windows"

    @property
    def deaths(self) -> Path:
        """One file per engine that died, with the prompts that were in it."""
        return self.ledger / "deaths"

    @property
    def log(self) -> Path:
        """Progress, line by line."""
        return self.root / "extract.log"

    @property
    def is_complete(self) -> bool:
        """Whether the result is published."""
        return self.records.is_dir()

    def is_ours(self) -> bool:
        """Whether everything in the directory could come from a run that was killed while it began."""
        ours = {path.name for path in (self.parts, self.ledger, self.plan, self.log)}
        return all(path.name in ours or path.name.endswith(".tmp") for path in self.root.iterdir())

    def set_umask(self) -> None:
        """Make all that this process writes from here on as private as the run, also what libraries write."""
        os.umask(0o007 if self.group_access else 0o077)

    def part(self, shard: int) -> Path:
        """The committed rows of one shard."""
        return self.parts / f"part-{shard:07d}.parquet"

    def committed_shards(self) -> list[int]:
        """The shards that have their part. There are none once the result is published: it replaces the parts."""
        try:
            with os.scandir(self.parts) as entries:  # of 100,000 names; a glob takes four times as long
                return [
                    int(entry.name[5:-8])
                    for entry in entries
                    if entry.name.startswith("part-") and entry.name.endswith(".parquet")
                ]
        except FileNotFoundError:
            return []

    def create(self) -> None:
        """Make the directories that are missing.

        Raises:
            RunError: if the file system refuses.
        """
        with storage_errors(self.root):
            self.root.parent.mkdir(parents=True, exist_ok=True)
            for folder in (self.root, self.parts, self.ledger, self.claims, self.workers, self.windows, self.deaths):
                if not folder.is_dir():
                    folder.mkdir(exist_ok=True)
                    folder.chmod(self.folder_mode)

    def write_once(self, path: Path, content: bytes) -> bool:
        """Write a small file that must not exist yet. Return False if it does."""
        return write_once(path, lambda stream: _put(stream, content), mode=self.file_mode)

    def append_record(self, path: Path, record: Record) -> None:
        """Append a record as one line to a small file that several processes may write to."""
        line = record.model_dump_json()
        with storage_errors(path):
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, self.file_mode)
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                stream.write(line + "\n")

    def write(self, path: Path, content: bytes, *, durable: bool = True) -> None:
        """Write or replace a small file in one step. If `durable`, return only once it is on the disk."""
        replace_file(path, lambda stream: _put(stream, content), mode=self.file_mode, durable=durable)

    def write_record(self, path: Path, record: Record, *, durable: bool = True) -> None:
        """Write or replace the small file of a record in one step. If `durable`, return only once it is on the disk."""
        self.write(path, record.as_json(), durable=durable)


def _put(stream: IO[bytes], content: bytes) -> None:
    stream.write(content)
