"""The paths of an extraction's sentinels: their nested run, and their drift report."""

from __future__ import annotations

from pathlib import Path

from glane.run.directory import RunDirectory
from glane.run.names import DRIFT


def sentinels_directory(directory: RunDirectory) -> RunDirectory:
    """The directory of a run's sentinels, which is a nested run."""
    return RunDirectory(root=directory.root / "sentinels", group_access=directory.group_access)


def drift_file(directory: RunDirectory) -> Path:
    """The path of the drift report of a run's sentinels."""
    return sentinels_directory(directory).root / DRIFT
