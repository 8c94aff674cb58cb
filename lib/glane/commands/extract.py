"""Ask a task of every document of a table, and write typed columns.

  glane extract task=ed_visit model=demo data.path=notes.parquet run.dir=runs/notes
  glane extract task=ed_visit model=mistral_24b data.path=notes.parquet preview=10

  task=NAME        what is asked: one of glane's own, or a file task/NAME.yaml in the folder of --config-dir
  model=NAME       who answers: likewise; `demo` is for trying glane only
  data.path=PATH   the documents: a Parquet file, a folder, or a glob in quotes; or a table, as CSV, XLSX or SAS7BDAT
  run.dir=PATH     where the run lives; the same command on the same folder goes on where it stopped
  cluster=NAME     where engines run: local, on this machine; slurm submits a job

With preview=N it shows N prompts and answers, and writes nothing. With -m and several values of a key, key=a,b, it runs
once for each. task=[a,b] asks several tasks of each document in turn, each with a run of its own in run.dir.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def main(values: Mapping[str, Any]) -> None:
    """Extract, or preview a few documents."""
    from glane.errors import visible
    from glane.job.leading import led
    from glane.settings import extract_settings

    settings = led(extract_settings(values))
    if settings.cluster.kind != "local":
        from glane.job.submit import run_on_cluster

        run_on_cluster(settings)
    elif settings.preview:
        from glane.job.preview import preview
        from glane.job.resolve import resolve
        from glane.job.tables import passing_tables

        resolved, task = resolve(settings)
        with passing_tables(resolved) as resolved:
            preview(resolved, task, show=lambda text: print(visible(text)))
        return
    else:
        from glane.job.here import extract_here

        extract_here(settings)
    if settings.show:
        import polars as pl

        from glane.extraction.results import open_run

        for one in settings.each():
            with pl.Config(tbl_rows=settings.show):
                print(visible(str(open_run(one.run.dir).head(settings.show))))
    if settings.cluster.kind == "local":
        from glane.extraction.summary import check_all_usable

        check_all_usable(settings)
