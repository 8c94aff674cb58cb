"""Write a brief of a run whose every figure and sentence can be checked: a page, Markdown, Word, a table of claims.

  glane brief brief=co run.dir=runs/notes gold=runs/review/gold.parquet out.dir=runs/brief
  glane brief brief=co run.dir=runs/notes gold=runs/review/gold.parquet out.dir=runs/brief sign="A. Martin"
  glane brief brief=co run.dir=runs/notes out.dir=runs/brief edited=brief-edited.docx

Figures are computed, and sentences made of them. Statements of a model stand beside their passages, or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def main(values: Mapping[str, Any]) -> None:
    """Write the brief, and say its figures and what became of its statements."""
    from glane.api.brief import brief
    from glane.api.brief_labels import brief_labels
    from glane.errors import visible
    from glane.languages import language_of, say
    from glane.settings import brief_settings

    told = brief_settings(values)
    if told.edited is not None:
        say(brief_labels(told.out.dir, told.edited))
        return
    found = brief(
        told.run.dir, told.brief, told.out.dir, gold=told.gold, model=told.ask.model, checker=told.ask.checker,
        allow_toy=told.ask.allow_toy, calibration=told.calibration,
        labels=told.labels, alpha=told.accept.alpha, delta=told.accept.delta, sign=told.sign,
    )  # fmt: skip
    say(found)
    for line in found.figures(language_of()):  # in the language already, numbers included
        print(f"  {visible(line)}")
    if found.untold is not None:
        say(found.untold)
