"""Compare a run with right answers, field by field.

  glane evaluate run.dir=runs/notes gold=gold.parquet out.dir=runs/evaluation by=[hospital]
  glane evaluate run.dir=runs/attacked attacks=runs/planted/documents.parquet out.dir=runs/attacks

A partial date (task: precision: partial) needs <field>__precision beside it in gold (year, month or day). Without, it
is compared as a day, and a month or year that the run found as its first day.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def main(values: Mapping[str, Any]) -> None:
    """Evaluate, write the result, and print a short table."""
    from glane.api.attacks import measure_attacks
    from glane.api.evaluate import evaluate
    from glane.assess.files import written_line
    from glane.languages import say
    from glane.settings import evaluate_settings

    told = evaluate_settings(values)
    if told.attacks is not None:
        fared = measure_attacks(told.run.dir, told.attacks)
        files = written_line(told.out.dir, fared.write)
        say(fared)
        say(files)
    if told.gold is None:
        return
    found = evaluate(
        told.run.dir, told.gold, spans=told.spans, by=told.by, fields=told.fields, clusters=told.clusters,
        compare=told.compare,
        weighted=told.weighted, samples=told.bootstrap.samples, method=told.bootstrap.method, seed=told.seed,
    )  # fmt: skip
    files = written_line(told.out.dir, found.write)
    say(found)
    say(files)
