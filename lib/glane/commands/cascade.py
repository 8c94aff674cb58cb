"""Run two models in turn: a small one answers all, a large one what the small one is not sure enough of.

  glane cascade small.dir=runs/small calibration=runs/calibration out.dir=runs/cascade fields=[fever]
  glane extract … data.only_ids_in=runs/cascade/to_large.parquet run.dir=runs/large
  glane cascade … large.dir=runs/large

Each is a run of its own. The joined result names for each row the model that answered, and tells what is guaranteed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def main(values: Mapping[str, Any]) -> None:
    """Say which documents are for the large model, or join its run with the small one's."""
    from glane.api.cascade import cascade
    from glane.languages import say
    from glane.settings import cascade_settings

    told = cascade_settings(values)
    found = cascade(
        told.small.dir, told.calibration, told.out.dir, fields=told.fields, large=told.large.dir,
        large_calibration=told.large_calibration,
    )  # fmt: skip
    say(found)
