"""Try a small stratified sample of the documents, and predict what the whole run will take.

  glane plan task=ed_visit model=demo data.path=notes.parquet out.dir=runs/plan pilot.engines=[1,4]

With cluster=slurm, the sample is run by a job of one node, for an hour at most unless cluster.time says otherwise. The
command waits for it. If it is interrupted, the job goes on, and the same command reads its result.

It leaves nothing but its report, out.dir/pilot.json. Give that to the run as run.pilot: its summary.json then shows
predicted against actual.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any


def main(values: Mapping[str, Any]) -> None:
    """Try a sample, predict, and write the report."""
    from glane.languages import say
    from glane.settings import plan_settings

    settings = plan_settings(values)

    from glane.pilot.job import run_pilot
    from glane.pilot.report import report_lines, write_report

    report = run_pilot(settings, say=lambda line: say(line, to=sys.stderr))
    path = write_report(settings.out.dir, report)
    say("\n".join(report_lines(report)))
    say(f"report     {path}")
