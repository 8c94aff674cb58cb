"""Sentinels inside a run: a small run of its own in `<run>/sentinels`, worked on by the run's own workers.

It has its own plan, claims and commits, so that it is as resumable as any run. What it borrows from the run are the
engines and the workers' signs of life.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glane.extraction.frozen import FrozenSet
from glane.run.directory import RunDirectory
from glane.run.heartbeat import Heartbeat
from glane.run.ledger import Ledger
from glane.settings import DataSettings, ExtractSettings

_LIFE = ("in_window", "window_size", "rows_per_s", "tokens_per_s", "step_age_s")
_COUNTS = ("rows", "duplicates", "prompt_tokens", "output_tokens", "shards", "committed")


@dataclass(frozen=True, slots=True, kw_only=True)
class SentinelSpec:
    """What a worker is told of the sentinels. Small and without text: it crosses processes."""

    settings: ExtractSettings
    key: str  # the sentinels' own fingerprint


def sentinel_settings(settings: ExtractSettings, frozen: FrozenSet) -> ExtractSettings:
    """The settings of the sentinels: everything as the run has it, but the documents and the place."""
    manifest = frozen.manifest
    return settings.model_copy(
        update={
            "task": {**settings.task, "sentinels": None},
            "data": DataSettings(
                path=str(frozen.documents), id_column=manifest.id_column, text_column=manifest.text_column
            ),
            "run": settings.run.model_copy(
                update={
                    "dir": str(RunDirectory(root=Path(settings.run.dir).absolute()).sentinels),
                    "shard_rows": "auto",
                }
            ),
        }
    )


def with_sentinels(directory: RunDirectory) -> list[RunDirectory]:
    """A run and, where it has them, its sentinels: the places where its workers may be at work."""
    inner = RunDirectory(root=directory.sentinels, group_access=directory.group_access)
    return [directory, inner] if inner.description.exists() else [directory]


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedDirectory(RunDirectory):
    """The directory of the sentinels as a worker of the run sees it: who lives is told by the run's own heartbeats."""

    run: RunDirectory

    @property
    def workers(self) -> Path:
        """One heartbeat file per worker, of the run."""
        return self.run.workers


class OwnShards(Ledger):
    """A ledger that takes what is free, and waits for nothing that is in other hands."""

    def others_remain(self) -> bool:
        """Nothing that this worker would wait for."""
        return False


class QuietHeartbeat(Heartbeat):
    """A worker's heartbeat while it is with the sentinels: it lives, but what it does is no row of the run's plan."""

    def __init__(self, heartbeat: Heartbeat) -> None:
        self.worker, self.path = heartbeat.worker, heartbeat.path
        self._of = heartbeat

    def report(self, progress: Callable[[], Mapping[str, Any]]) -> None:
        """From now on, write what `progress` says of the engine, beside what was counted for the run before."""
        self._of.write()
        told = json.loads(self.path.read_text())
        counts = {name: told[name] for name in _COUNTS if name in told}

        def sign() -> dict[str, Any]:
            life = progress()
            return {**counts, **{name: life[name] for name in _LIFE}, "open_rows": 0, "state": "working"}

        self._of.report(sign)

    def write(self, **more: Any) -> None:
        """See `Heartbeat.write`."""
        self._of.write(**more)
