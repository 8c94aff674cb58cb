"""Compare runs with each other, with right answers or without.

  glane compare runs=[runs/a,runs/b] gold=gold.parquet out.dir=runs/comparison
  glane compare runs='runs/sweep/*' out.dir=runs/comparison

Each run is compared with the first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def main(values: Mapping[str, Any]) -> None:
    """Compare, write the result, and print short tables."""
    from glane.api.compare import compare
    from glane.assess.files import written_line
    from glane.languages import say
    from glane.settings import compare_settings

    told = compare_settings(values)
    found = compare(
        told.runs, gold=told.gold, fields=told.fields, compare=told.compare, weighted=told.weighted,
        clusters=told.clusters, samples=told.bootstrap.samples, method=told.bootstrap.method, seed=told.seed,
    )  # fmt: skip
    files = written_line(told.out.dir, found.write)
    if found.incomplete:
        say(f"left out, not complete: {', '.join(found.incomplete)}")
    say(found)
    say(files)
