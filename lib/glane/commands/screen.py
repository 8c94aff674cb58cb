"""Read documents of a run, batch by batch, until nearly all cases are certain to be among those that were read.

  glane screen run.dir=runs/notes out.dir=runs/screening field=fever
  glane screen run.dir=runs/notes out.dir=runs/screening field=fever corrections=[a.json]

What counts is what people say of the documents. The model's answers give the order, and nothing else: where the model
is wrong, more is read, and the recall is certain all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def main(values: Mapping[str, Any]) -> None:
    """Count what was read, and write the next batch, or say that the recall is reached."""
    from glane.api.cases import named_case
    from glane.api.screen import screen
    from glane.languages import say
    from glane.settings import screen_settings

    told = screen_settings(values)
    case = told.case if told.cases is None or told.case is None else named_case(told.case, told.cases)
    found = screen(
        told.run.dir, told.out.dir, told.field, value=told.value, case=case, recall=told.recall,
        certainty=told.certainty, rows=told.rows, seed=told.seed, corrections=told.corrections,
        adjudicate=told.adjudicate, adjudicated=told.adjudicated,
    )  # fmt: skip
    say(found)
