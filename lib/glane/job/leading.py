"""Which of several tasks is the first: that whose shards are claimed."""

from __future__ import annotations

from glane.run.directory import RunDirectory, run_directory
from glane.settings import Beside, ExtractSettings, SeveralSettings


def led(settings: ExtractSettings) -> ExtractSettings:
    """The settings with that task first whose run has the fewest shards: shards are committed to the first one last.

    So those that it has are committed everywhere, unless the runs were worked on apart.
    """
    if not isinstance(settings, SeveralSettings):
        return settings
    each = settings.each()
    first = min(each, key=lambda one: _num_committed(run_directory(one.run)))
    others = [Beside(task=one.task, run_dir=one.run.dir) for one in each if one is not first]
    return settings.model_copy(update={"task": first.task, "run": first.run, "beside": tuple(others)})


def _num_committed(directory: RunDirectory) -> float:
    return float("inf") if directory.is_complete else len(directory.committed_shards())
