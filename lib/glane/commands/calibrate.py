"""Part a run's values into those that need no review and those that do.

  glane calibrate run.dir=runs/notes values=runs/evaluation/values.parquet out.dir=runs/calibration

Of what is accepted, at most alpha is wrong, with certainty 1 - delta, for documents like those reviewed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def main(values: Mapping[str, Any]) -> None:
    """Calibrate, part the run's values, and say how many are accepted."""
    from glane.api.calibrate import calibrate
    from glane.settings import calibrate_settings

    told = calibrate_settings(values)
    found = calibrate(told.run.dir, told.values, alpha=told.alpha, delta=told.delta, seed=told.seed)
    files = found.write(told.out.dir)
    print(found)
    print(f"{told.out.dir}: {', '.join(files)}")
