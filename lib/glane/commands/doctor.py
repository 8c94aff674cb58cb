"""Tell what would fail at this site, before the first run.

  glane doctor task=ed_visit model=mistral_24b data.path=notes.parquet cluster=slurm run.dir=runs/notes
  glane doctor cluster=slurm cluster.nodes=2 run.dir=runs/notes nodes=true

It takes every key of `glane extract`, so that the words of the run to come are checked as they are. None must be given.

  task=NAME        what will be asked: whether the model can be asked it, and the documents fit it
  cluster=NAME     where engines will run: local, on this machine; slurm, with its keys as for an extraction
  model=NAME       who will answer: its files are checked
  run.dir=PATH     where runs will live: its file system is tried
  nodes=true       a job checks each of its nodes, too, and their network
  out=FILE.json    the report as JSON

Ends with exit code 0 if nothing failed, and with 1 otherwise.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any


def main(values: Mapping[str, Any]) -> None:
    """Check, and say."""
    from glane.job.doctor.check import check_site
    from glane.settings import doctor_settings

    if not check_site(doctor_settings(values)):
        sys.exit(1)
