"""Jobs with engines on this machine. The imports of engines are started first, because they take longest."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from glane.cluster.endings import signals_end_in_order
from glane.cluster.forkserver import fork_server
from glane.cluster.guarding import guarded_run
from glane.cluster.processes import core_dumps, raise_open_files
from glane.cluster.schedulers import current_job_name
from glane.cluster.scratch import scratch_folder
from glane.engine.device import has_gpu
from glane.job.batch_invariant import refuse_invariant_without_gpus
from glane.run.heartbeat import JOB_NAME
from glane.settings import EmbedSettings, ExtractSettings, LocalSettings

if TYPE_CHECKING:
    from glane.job.durable import Connect
    from glane.run.prepare import PreparedRun


@signals_end_in_order()
def extract_here(settings: ExtractSettings) -> PreparedRun:
    """Run the job on this machine; see `glane.job.extract.extract`."""
    refuse_invariant_without_gpus(settings.model)
    with _engines_here(settings) as connect:
        from glane.job.extract import extract  # takes half a second, with Polars and Arrow

        return extract(settings, connect=connect)


@signals_end_in_order()
def embed_here(settings: EmbedSettings) -> PreparedRun:
    """Run the job on this machine; see `glane.job.embed.embed`."""
    with _engines_here(settings) as connect:
        from glane.job.embed import embed

        return embed(settings, connect=connect)


@contextmanager
def _engines_here(settings: ExtractSettings | EmbedSettings) -> Iterator[Connect]:
    """Begin the imports of engines, and give what enters a Ray on this machine. The job is accounted for."""
    cluster = settings.cluster
    assert isinstance(cluster, LocalSettings)
    os.environ[JOB_NAME] = current_job_name() or ""  # for example of an interactive job
    raise_open_files()  # before the fork server, whose children have its limits
    with (
        core_dumps(allowed=settings.run.core_dumps),
        guarded_run(settings.run),
        scratch_folder() as folder,
        fork_server(folder, engine=_forked_engine(settings)) as variables,
    ):
        from glane.cluster.local import local_ray
        from glane.job.accounting import accounted

        with accounted(settings):
            yield lambda: local_ray(cluster, folder, variables)


def _forked_engine(settings: ExtractSettings | EmbedSettings) -> str | None:
    """The engine to fork; None under CUDA, where forking was not tried, and for a run that is complete."""
    is_complete = (Path(settings.run.dir) / "records").exists()
    return None if has_gpu() or is_complete else settings.model.engine
