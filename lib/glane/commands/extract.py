"""Ask a task of every document of a Parquet data set, and write typed columns.

  glane extract task=ed_visit model=demo data.path=notes.parquet run.dir=runs/notes
  glane extract task=ed_visit model=mistral_24b data.path=notes.parquet preview=10

The same command on the same run.dir goes on where it stopped. With preview=N it shows N prompts and answers, and writes
nothing. With cluster=slurm it submits a job.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def main(values: Mapping[str, Any]) -> None:
    """Extract, or preview a few documents."""
    from glane.settings import extract_settings

    settings = extract_settings(values)
    if settings.cluster.kind != "local":
        from glane.job.submit import extract_on_cluster

        extract_on_cluster(settings)
    elif settings.preview:
        from glane.job.extract import checked
        from glane.job.preview import preview

        preview(*checked(settings), show=print)
        return
    else:
        from glane.job.here import extract_here

        extract_here(settings)
    if settings.show:
        from glane.extraction.results import open_run

        print(open_run(settings.run.dir).head(settings.show))
