"""Remove what killed processes and old submissions of runs left behind.

  glane clean run.dir=runs/notes                      tells what would be removed, and why the rest is kept
  glane clean runs='scratch/*' keep_days=60 remove=true

Never touched: records, summaries, committed parts of a run that is not complete, heartbeats, deaths, logs of a run, and
runs that a job works on or waits for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def main(values: Mapping[str, Any]) -> None:
    """Look, and remove where that is asked for."""
    from glane.job.clean import clean
    from glane.languages import say
    from glane.settings import clean_settings

    clean(clean_settings(values), say=say)
