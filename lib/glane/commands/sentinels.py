"""Freeze a few documents of a run with their answers, to be asked again beside each later run.

  glane sentinels run.dir=runs/notes out.dir=sentinels rows=200
  glane extract … task.sentinels=sentinels

Each later run asks them first, and tells what drifted.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any


def main(values: Mapping[str, Any]) -> None:
    """Draw the documents, freeze them, and say how to use them."""
    from glane.api.sentinels import freeze_sentinels, known_in
    from glane.languages import say
    from glane.settings import sentinels_settings

    told = sentinels_settings(values)
    frozen = freeze_sentinels(
        told.run.dir, told.out.dir, rows=told.rows, positives=told.positives, by=told.by,
        allocation=told.allocation, seed=told.seed, gold=told.gold, tolerance=told.tolerance, alpha=told.alpha,
        planned_runs=told.planned_runs,
    )  # fmt: skip
    manifest = frozen.manifest
    what = "the model's answers" if manifest.source == "model" else "the model's and right answers"
    say(f"sentinels  {manifest.documents} documents of {told.run.dir} with {what} ({manifest.model})")
    say(f"positives  {known_in(frozen)}")
    say(f"folder     {told.out.dir}: {', '.join(manifest.files)}, sentinels.json")
    say(f"use        glane extract … {shlex.quote(f'task.sentinels={told.out.dir}')}   (or in the task, sentinels: …)")
