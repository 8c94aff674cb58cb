"""Remove old files of runs, and what killed processes and old submissions left behind.

  glane clean run.dir=runs/notes                      tells what would be removed, and why the rest is kept
  glane clean runs='scratch/*' keep.ledger=26w keep.pilots=30d remove=true

Never touched: records, summaries, run.yaml, what glane did not make, and runs that a job works on or waits for.
Committed shards that no result holds are the only copy: keep.unpublished alone removes them.
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
