"""Read files of any kind into a Parquet data set: one row per document, also of those that could not be read.

  glane ingest source=notes/ data.path=documents
  glane ingest source='archive/**/*.pdf' data.path=documents cluster=slurm

  source=PATH      the files: a folder with all below it, a file, or a glob in quotes; several as [a,b]
  data.path=PATH   the data set, for `glane extract data.path=…`: a folder that is not there yet, or is empty
  run.dir=PATH     where the run lives, if not beside it; the same command goes on where it stopped
  cluster=NAME     where files are read: local, on all cores of this machine; slurm submits a job
  ocr.model=NAME   reads pages that are pictures, at ocr.endpoint=http://127.0.0.1:8000/v1, a server of your own

What could not be read is listed in _needs_a_look.csv in the data set.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def main(values: Mapping[str, Any]) -> None:
    """Read the files, here or on the nodes of a job."""
    from glane.settings import ingest_settings

    settings = ingest_settings(values)
    if settings.cluster.kind != "local":
        from glane.job.submit import run_on_cluster

        run_on_cluster(settings)
    else:
        from glane.job.ingest import ingest_here

        ingest_here(settings)
