"""Where an extraction keeps its sentinels: a nested run, and what they say of drift."""

from __future__ import annotations

from pathlib import Path

from glane.run.directory import RunDirectory


def sentinels_directory(directory: RunDirectory) -> RunDirectory:
    """Where the sentinels of a run are: a run of its own inside it."""
    return RunDirectory(root=directory.root / "sentinels", group_access=directory.group_access)


def drift_file(directory: RunDirectory) -> Path:
    """What the sentinels of a run say."""
    return sentinels_directory(directory).root / "drift.json"
