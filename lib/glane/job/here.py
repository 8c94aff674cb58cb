"""The extraction on this machine. What engines import begins to load first: it takes the longest of all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from glane.cluster.forkserver import fork_server
from glane.cluster.scratch import scratch_folder
from glane.engine.device import has_gpu
from glane.settings import ExtractSettings, LocalSettings

if TYPE_CHECKING:
    from glane.run.prepare import PreparedRun


def extract_here(settings: ExtractSettings) -> PreparedRun:
    """Run the job on this machine; see `glane.job.extract.extract`."""
    cluster = settings.cluster
    assert isinstance(cluster, LocalSettings)
    with scratch_folder() as folder, fork_server(folder, wanted=_forks(settings)) as variables:
        from glane.cluster.local import local_ray
        from glane.job.extract import extract  # with Polars and Arrow, half a second of its own

        return extract(settings, connect=lambda: local_ray(cluster, folder, variables))


def _forks(settings: ExtractSettings) -> bool:
    """Whether engines will be forked: not under CUDA, where it was not tried, and not for a run that is complete."""
    is_complete = (Path(settings.run.dir) / "records").exists()
    return settings.model.engine == "vllm" and not has_gpu() and not is_complete
