"""Draw a sample of a run for people to check, on a page that works offline; later, read what they corrected.

glane review run.dir=runs/notes out.dir=runs/review rows=200 sample=random
glane review run.dir=runs/notes out.dir=runs/review corrections=[a.json,b.json]
glane review run.dir=runs/notes out.dir=runs/review adjudicate=[a.json,b.json]
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def main(values: Mapping[str, Any]) -> None:
    """Draw the sample and write its page, or read the corrections and write right answers."""
    from glane.api.review import review
    from glane.languages import say
    from glane.settings import review_settings

    told = review_settings(values)
    say(
        review(
            told.run.dir, told.out.dir, rows=told.rows, sample=told.sample, by=told.by, allocation=told.allocation,
            seed=told.seed, fields=told.fields, corrections=told.corrections, field=told.field, value=told.value,
            blind=told.blind, gold=told.gold, clusters=told.clusters,
            adjudicate=told.adjudicate, adjudicated=told.adjudicated,
        )
    )  # fmt: skip
