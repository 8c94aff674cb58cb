"""Tell what would fail at this site, before the first run.

  glane doctor cluster=slurm model=mistral_24b data.path=notes.parquet run.dir=runs/notes
  glane doctor cluster=slurm cluster.nodes=2 run.dir=runs/notes nodes=true

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
