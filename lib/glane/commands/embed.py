"""Make vectors of every document of a table, so that documents are found by their meaning.

  glane embed model=embedding model.name=NAME model.path=PATH data.path=notes.parquet run.dir=runs/embedded
  glane embed model=embedding model.name=NAME model.path=PATH data.path=notes.parquet run.dir=runs/e cluster=slurm

  model=NAME       which model embeds: `embedding` is any by model.path; one that generates does less well
  data.path=PATH   the documents: a Parquet file, a folder, or a glob in quotes; or a table, as CSV, XLSX or SAS7BDAT
  run.dir=PATH     where the run lives; the same command on the same folder goes on where it stopped
  cluster=NAME     where engines run: local, on this machine; slurm submits a job

Long documents are cut into chunks, each with its vector. Carried columns (data.carry_columns) can be searched by.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def main(values: Mapping[str, Any]) -> None:
    """Embed the documents, here or on the nodes of a job."""
    from glane.settings import embed_settings

    settings = embed_settings(values)
    if settings.cluster.kind != "local":
        from glane.job.submit import run_on_cluster

        run_on_cluster(settings)
    else:
        from glane.job.here import embed_here

        embed_here(settings)
