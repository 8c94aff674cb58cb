"""Tell whether a figure would survive another reasonable question.

  glane multiverse runs='runs/wordings/*' chosen=runs/wordings/a field=fever gold=… out.dir=runs/multiverse
  glane multiverse runs='runs/wordings/*' chosen=runs/wordings/a field=fever out.dir=runs/multiverse seal=true

Each run is the same documents asked with another wording, model or reading. The second seals the choice before the
right answers are opened.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def main(values: Mapping[str, Any]) -> None:
    """Make the figures of all specifications, write them, and print short tables; or seal the question."""
    from glane.api.cases import named_case
    from glane.api.multiverse import multiverse
    from glane.api.seal import seal_in, seal_question
    from glane.assess.files import written_line
    from glane.languages import say
    from glane.settings import multiverse_settings

    told = multiverse_settings(values)
    case = told.case if told.cases is None or told.case is None else named_case(told.case, told.cases)
    if told.seal:
        say(
            seal_question(
                told.runs, told.field, chosen=told.chosen, out_dir=told.out.dir, case=case, what=told.what,
                value=told.value, method=told.method, by=told.by, between=told.between, clusters=told.clusters,
                population=told.population, weight=told.weight, inclusion_probability=told.inclusion_probability,
            )
        )  # fmt: skip
        return
    found = multiverse(
        told.runs, told.field, chosen=told.chosen, gold=told.gold, case=case, what=told.what, value=told.value,
        method=told.method, by=told.by, between=told.between, clusters=told.clusters, population=told.population,
        weight=told.weight, inclusion_probability=told.inclusion_probability, samples=told.bootstrap.samples,
        interval=told.bootstrap.method, seed=told.seed, seal=seal_in(told.out.dir),
    )  # fmt: skip
    files = written_line(told.out.dir, found.write)
    say(found)
    say(files)
