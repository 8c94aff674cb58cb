"""Part a run's values into those that need no review and those that do.

  glane calibrate run.dir=runs/notes values=runs/evaluation/values.parquet out.dir=runs/calibration

Of the accepted "true" of a field at most alpha is wrong, and so of its accepted "false", and of each category: all with
certainty 1 - delta, for documents like those reviewed. What the model missed is told beside it, with a limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def main(values: Mapping[str, Any]) -> None:
    """Calibrate, part the run's values, and say how many are accepted."""
    from glane.api.calibrate import calibrate
    from glane.assess.files import written_line
    from glane.languages import say
    from glane.settings import calibrate_settings

    told = calibrate_settings(values)
    found = calibrate(
        told.run.dir,
        told.values,
        alpha=told.alpha,
        delta=told.delta,
        missed=told.missed,
        clusters=told.clusters,
        pooled=told.pooled,
        seed=told.seed,
    )
    files = written_line(told.out.dir, found.write)
    say(found)
    say(files)
