"""The sentinels of a run: a nested run of the frozen documents, in `<run>/sentinels`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from glane.extraction.frozen import FrozenSet
from glane.extraction.places import sentinels_directory
from glane.run.directory import RunDirectory
from glane.settings import DataSettings, ResolvedSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class SentinelSpec:
    """The sentinels, as passed to workers in other processes. Small, and without document text."""

    settings: ResolvedSettings
    key: str  # digest of the sentinels' own fingerprint


def sentinel_settings(settings: ResolvedSettings, frozen: FrozenSet) -> ResolvedSettings:
    """The settings of the sentinels' run: those of the run, except for the documents and the directory."""
    manifest = frozen.manifest
    return settings.model_copy(
        update={
            "task": {**settings.task, "sentinels": None},
            "data": DataSettings(
                path=str(frozen.documents),
                id_column=manifest.id_column,
                text_column=manifest.text_column,
                group_by=manifest.group_by,
                order_by=manifest.order_by,
            ),
            "run": settings.run.model_copy(
                update={
                    "dir": str(sentinels_directory(RunDirectory(root=Path(settings.run.dir).absolute())).root),
                    "shard_rows": "auto",
                }
            ),
        }
    )
